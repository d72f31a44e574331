import { Job } from '../../shared/job.ts'
import { SECOND } from '../../shared/limits.ts'
import { whileKeyHolds, type OpenResponses } from '../http/open-responses.ts'
import { cancelledJob } from '../http/openapi/examples/results.ts'
import { PATH } from '../http/parameters.ts'
import { type Answer, defineRoute, type RouteRequest } from '../http/route.ts'
import type { Cancel } from './cancellation.ts'
import type { JobSubmission } from './job-submission.ts'
import { type FindJob, type FoundJob, ownJobs } from './own-job.ts'
import { type OutputNeeds, withOutput } from './with-output.ts'

/** A program gets half a second to end by itself; the rest is for its worker. */
export const END_MS = 5 * SECOND

export interface CancelNeeds extends OutputNeeds {
  submission: JobSubmission
  cancel: Cancel
  open: OpenResponses
}

/** @param description of the answer with a job that has ended */
export const cancelAnswers = (description: string) =>
  ({
    200: {
      description,
      schema: Job,
      examples: { cancelled: { summary: 'A cancelled job', value: cancelledJob } },
    },
    202: { description: 'The job is still ending: its worker took longer than 5 s.', schema: Job },
  }) as const satisfies Record<number, Answer>

export const cancelJob = defineRoute({
  method: 'delete',
  path: '/v1/jobs/:id',
  id: 'cancelJob',
  tag: 'Jobs',
  summary: 'Cancel a job',
  description:
    'A waiting job never starts. A running job gets SIGTERM, and SIGKILL 0.4 s later. An ended job does not change; the ' +
    'answer is 200 too.',
  scopes: ['jobs', 'containers'],
  params: { id: PATH.job },
  answers: cancelAnswers('The ended job, with its output so far.'),
  handle: (needs: CancelNeeds, request) => endJob(needs, ownJobs(needs.records), request),
})

type CancelRequest = RouteRequest<'/:id', unknown, unknown, ReturnType<typeof cancelAnswers>>

/**
 * 200 with the job that has ended, whoever ended it; 202 when its worker does not do so in time.
 * @param cancelled is told of a job that had not ended
 */
export async function endJob(
  needs: CancelNeeds,
  find: FindJob,
  { res, params, send }: Pick<CancelRequest, 'res' | 'params' | 'send'>,
  cancelled: (found: FoundJob) => void = () => undefined,
): Promise<void> {
  const { submission, cancel, open } = needs
  const found = await find(res, params.id)
  const { job, tenant } = found
  if (job.status !== null) return send(200, await withOutput(needs, res, job))
  await cancel(job, tenant)
  cancelled(found)
  // Whoever has too much open must still be able to end jobs.
  const signal = open.watch(res)
  const ended = await whileKeyHolds(signal, submission.waitForEnd(job.id, END_MS, signal))
  if (ended) return send(200, await withOutput(needs, res, ended))
  send(202, await withOutput(needs, res, (await find(res, job.id)).job))
}
