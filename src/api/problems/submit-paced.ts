import { v7 as uuid } from 'uuid'
import type { JobSpec } from '../../shared/job.ts'
import { SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import type { Batch } from '../../shared/redis/batch-record.ts'
import type { Caller } from '../http/caller.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import type { RateLimiter } from '../rate-limit/rate-limiter.ts'

export interface PacedNeeds {
  submission: JobSubmission
  /** When the jobs of a batch that Runyard makes itself may start. */
  pace: RateLimiter['pace']
}

/**
 * Submits jobs that a request of its caller's asks for without sending them: they cost its rate nothing more than that request, and start as fast as it
 * has it, so that people who submit meanwhile are neither refused nor kept waiting.
 * @param specs of low priority
 * @throws Problem `rate-limited` when the last could not start within a day; as `submitBatch`
 */
export async function submitPaced({ submission, pace }: PacedNeeds, caller: Caller, specs: JobSpec[]): Promise<Batch> {
  const found = await pace(caller, specs.length)
  if (found.outcome === 'too many') {
    const { perMinute } = found.rate
    const detail = `${perMinute} of these jobs a minute are started, which takes longer than a day for ${specs.length} after those that wait already`
    const retryAfter = String(Math.max(1, Math.ceil(found.waitingMs / SECOND)))
    throw new Problem('rate-limited', detail, { headers: { 'Retry-After': retryAfter } })
  }
  const jobIds = specs.map(({ head }) => head.id)
  const made = { id: uuid(), tenant: caller.tenant, createdAt: new Date().toISOString(), jobIds }
  const delayed = specs.map((spec, index) => ({ ...spec, delayMs: found.delaysMs[index] ?? 0 }))
  try {
    return (await submission.submitBatch(delayed, made, undefined)).batch
  } catch (error) {
    await pace(caller, -specs.length).catch(() => undefined)
    throw error
  }
}

/** What the description of a route says of it. */
export const PACED =
  'The request counts as one submission of your budget. The jobs start as fast as your rate allows, the first burst at once, and after jobs of normal priority.'
