import type { RequestHandler } from 'express'
import Type from 'typebox'
import type { JobSummary } from '../../shared/job.ts'
import { SECOND } from '../../shared/limits.ts'
import { knows } from '../http/entity-tag.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { MAX_WAIT_SECONDS } from '../http/prefer.ts'
import { queryOf } from '../http/query.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { ownJob } from './own-job.ts'
import { withOutput } from './with-output.ts'

export const ReadJobQuery = Type.Object(
  {
    wait: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,9}$', description: 'whole seconds to wait for the end; more than 60 is 60' }),
    ),
  },
  { additionalProperties: false },
)
const readQuery = queryOf(ReadJobQuery)

/** The job as it is; with `wait` as soon as it has ended, or when the time is over. 304 when the client has it already. */
export function readJob(deps: RouteDeps): RequestHandler<{ id: string }> {
  const { records, submission, open } = deps
  return async (req, res) => {
    const { wait = '0' } = readQuery(req)
    let job = await ownJob(records, res, req.params.id)
    const waitSeconds = Math.min(Number(wait), MAX_WAIT_SECONDS)
    if (job.status === null && waitSeconds > 0) {
      const signal = open.hold(res)
      const ended = await whileKeyHolds(signal, submission.waitForEnd(job.id, waitSeconds * SECOND, signal))
      job = ended ?? (await ownJob(records, res, job.id))
    }
    const tag = entityTag(job)
    const headers = { ETag: tag, 'Cache-Control': 'private, no-cache' }
    if (knows(req.get('if-none-match'), tag)) return void res.set(headers).status(304).end()
    const whole = await withOutput(deps, res, job)
    res.set(headers).json(whole)
  }
}

/** A job changes with its state and its attempts, and with nothing else. */
const entityTag = (job: JobSummary): string => `"${job.id}.${job.attempt}.${job.status ?? job.state}"`
