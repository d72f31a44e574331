import type { Response } from 'express'
import type { Job } from '../../shared/job.ts'
import { MINUTE } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import type { EndedJob } from '../events/end-watch.ts'
import type { ByteSemaphore } from './byte-semaphore.ts'

export interface OutputNeeds {
  records: JobReader
  /** Room for output on its way to clients. */
  sending: ByteSemaphore
}

/** What is sent to one client at a time takes room; one that reads so slowly gives it up. */
const SEND_MS = MINUTE

/**
 * The job with its output, to be sent with this response. When a lot of output is on its way to clients already, this waits until
 * some of it has gone.
 * @throws Problem `not-found` when it has expired in the meantime
 */
export async function withOutput({ records, sending }: OutputNeeds, res: Response, job: EndedJob): Promise<Job> {
  if (isWhole(job)) return job
  const bytes = job.stages.reduce((sum, { stdoutBytes, stderrBytes }) => sum + stdoutBytes + stderrBytes, 0)
  // Nothing to send takes no room, and nobody has to watch over it.
  if (bytes > 0) await enterUntilSent(sending, res, bytes)
  const whole = await records.withOutput(job)
  if (!whole) throw new Problem('not-found', 'the job does not exist, or its result has expired')
  return whole
}

/** Whether its output came with it, which is short then. */
const isWhole = (job: EndedJob): job is Job => job.stages.length > 0 && job.stages.every((stage) => 'output' in stage)

/**
 * Waits until there is room for so many bytes, and keeps it until the response has closed.
 * @throws when the client goes away first
 */
export async function enterUntilSent(sending: ByteSemaphore, res: Response, bytes: number): Promise<void> {
  const gone = new AbortController()
  const onClose = () => gone.abort(new Problem('unavailable', 'the request ended before it was answered'))
  res.once('close', onClose)
  if (res.destroyed) onClose()
  const leave = await sending.enter(bytes, gone.signal)
  const slow = setTimeout(() => res.destroy(), SEND_MS)
  const end = () => {
    clearTimeout(slow)
    leave()
  }
  if (res.destroyed) end()
  else res.once('close', end)
}
