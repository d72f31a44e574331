import { type RequestHandler, type Response, Router } from 'express'
import type { Job } from '../../shared/job.ts'
import { SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { jsonBody } from '../http/body.ts'
import { preferredWait } from '../http/prefer.ts'
import { requestIdOf } from '../http/request-log.ts'
import { goneSignal } from '../http/sse.ts'
import type { RouteDeps } from './deps.ts'
import { streamJob } from './stream-job.ts'

/**
 * `/v1/jobs`: submit, poll, stream.
 * @param maySubmit lets through callers that may submit code
 */
export function jobRoutes(deps: RouteDeps, maySubmit: RequestHandler): Router {
  const { config, records, submission, intake, closing } = deps
  const router = Router()

  router
    .route('/')
    .post(maySubmit, jsonBody(config.http.maxBodyBytes), async (req, res) => {
      const spec = await intake.code(req.body, res.locals.caller, requestIdOf(req))
      const { id } = spec.head
      res.locals.jobId = id
      const waitSeconds = preferredWait(req.get('prefer'))
      res.location(`/v1/jobs/${id}`)
      if (waitSeconds !== undefined && waitSeconds > 0) {
        const job = await submission.submitAndWait(spec, waitSeconds * SECOND, goneSignal(res, closing))
        res.set('Preference-Applied', `wait=${waitSeconds}`)
        if (job) return void res.status(200).json(job)
      } else await submission.submit(spec)
      const job = await ownJob(deps, res, id)
      res.status(202).json(job)
    })
    .all(onlyMethods('POST'))

  router
    .route('/:id')
    .get(async (req, res) => {
      res.locals.jobId = req.params.id
      res.json(await ownJob(deps, res, req.params.id))
    })
    .all(onlyMethods('GET'))

  router
    .route('/:id/events')
    .get(async (req, res) => {
      res.locals.jobId = req.params.id
      const job = await ownJob({ records }, res, req.params.id)
      if (req.method === 'HEAD') return void res.type('text/event-stream').end()
      await streamJob(deps, res, job, req.get('last-event-id'))
    })
    .all(onlyMethods('GET'))

  return router
}

/** The caller's job. @throws Problem `not-found` when there is none, or it is somebody else's */
async function ownJob({ records }: Pick<RouteDeps, 'records'>, res: Response, id: string): Promise<Job> {
  const record = await records.read(id)
  if (!record || record.tenant !== res.locals.caller.tenant) {
    throw new Problem('not-found', 'there is no such job, or its result has expired')
  }
  return record.job
}
