import type { RequestHandler } from 'express'
import { SECOND } from '../../../shared/limits.ts'
import { queuedJob } from '../../../shared/redis/record-fields.ts'
import { idempotencyOf } from '../../http/idempotency.ts'
import { whileKeyHolds } from '../../http/open-responses.ts'
import { preferredWait } from '../../http/prefer.ts'
import { requestIdOf } from '../../http/request-log.ts'
import type { RouteDeps } from '../deps.ts'
import { ownJob } from './own-job.ts'
import { withOutput } from './with-output.ts'

/** 202 with the job; 200 with the finished one when the client prefers to wait and it ends in time. */
export function submitJob(deps: RouteDeps): RequestHandler {
  const { records, submission, intake, open } = deps
  return async (req, res) => {
    const idempotency = idempotencyOf(req)
    const spec = await intake.code(req.body, res.locals.caller, requestIdOf(req))
    const waitSeconds = preferredWait(req.get('prefer')) ?? 0
    const waits = waitSeconds > 0
    const wait = () => {
      const signal = open.hold(res)
      return whileKeyHolds(signal, submission.submitAndWait(spec, idempotency, waitSeconds * SECOND, signal))
    }
    const accepted = waits ? await wait() : { ...(await submission.submit(spec, idempotency)), job: undefined }
    res.locals.jobId = accepted.id
    res.location(`/v1/jobs/${accepted.id}`)
    if (accepted.replayed) res.set('Idempotent-Replayed', 'true')
    if (waits) res.set('Preference-Applied', `wait=${waitSeconds}`)
    if (accepted.job) return void res.status(200).json(await withOutput(deps, res, accepted.job))
    // One that was just accepted is as it was written.
    const job = waits || accepted.replayed ? await ownJob(records, res, accepted.id) : queuedJob(spec.head)
    res.status(202).json(await withOutput(deps, res, job))
  }
}
