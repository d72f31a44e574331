import type { Response } from 'express'
import type { Job, JobSpec } from '../../../shared/job.ts'
import { longestStagesMs } from '../../../shared/judging/longest-stages.ts'
import { MINUTE } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { CodeRequest } from '../../../shared/requests.ts'
import { whileKeyHolds } from '../../http/open-responses.ts'
import { requestIdOf } from '../../http/request-log.ts'
import { withOutput } from '../../jobs/with-output.ts'
import type { SystemNeeds } from './system.ts'

/** How long a request waits for a job beyond the job's own limits: its time in the queue. */
const QUEUE_WAIT_MS = MINUTE

/** A job of this request, as `POST /v1/jobs` makes it. @throws Problem */
export const makeJob = (needs: SystemNeeds, res: Response, request: CodeRequest): Promise<JobSpec> =>
  needs.jobs.requests.code(request, res.locals.caller, requestIdOf(res.req))

/** Puts a job on the queue. @returns its id. @throws Problem */
export async function submitJob(needs: SystemNeeds, res: Response, spec: JobSpec): Promise<string> {
  const { id } = await needs.jobs.submission.submit(spec, undefined)
  res.locals.jobId = id
  return id
}

/**
 * Puts a job on the queue and waits for its end.
 * @param queueMs how long it may wait in the queue
 * @returns the job with its output; undefined when it did not end in time
 * @throws Problem
 */
export async function runJob(
  needs: SystemNeeds,
  res: Response,
  spec: JobSpec,
  queueMs = QUEUE_WAIT_MS,
): Promise<Job | undefined> {
  const { config, jobs, open } = needs
  const longest = longestStagesMs(spec, config.sandbox.graceMs) + queueMs
  const signal = open.admit(res)
  res.locals.jobId = spec.head.id
  const { job } = await whileKeyHolds(signal, jobs.submission.submitAndWait(spec, undefined, longest, signal))
  return job && withOutput(jobs.output, res, job)
}

/** The same for systems that know nothing of a job that still waits. @throws Problem `wait-timeout` */
export async function runToEnd(needs: SystemNeeds, res: Response, spec: JobSpec, queueMs?: number): Promise<Job> {
  const job = await runJob(needs, res, spec, queueMs)
  if (job) return job
  const { id } = spec.head
  throw new Problem('wait-timeout', `the job is still in the queue; read it at /v1/jobs/${id}`, { extra: { id } })
}
