import { type RequestHandler, Router } from 'express'
import { onlyMethods } from '../http/answer-problem.ts'
import { noQuery } from '../http/query.ts'
import { submissionBody } from '../rate-limit/end-users.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { cancelJob } from './cancel-job.ts'
import { jobEvents } from './job-events.ts'
import { jobIo } from './job-io.ts'
import { listJobs } from './list-jobs.ts'
import { readArtifact } from './read-artifact.ts'
import { readJob } from './read-job.ts'
import { readRequest } from './read-request.ts'
import { submitJob } from './submit-job.ts'

/**
 * `/v1/jobs`: submit, list, poll, stream, talk to, cancel, read what they left.
 * @param maySubmit lets through callers that may submit code
 */
export function jobRoutes(deps: RouteDeps, maySubmit: RequestHandler): Router {
  const router = Router()

  router
    .route('/')
    .get(listJobs(deps))
    .post(maySubmit, noQuery, submissionBody(deps), submitJob(deps))
    .all(onlyMethods('GET', 'POST'))

  router.route('/:id').get(readJob(deps)).delete(noQuery, cancelJob(deps)).all(onlyMethods('GET', 'DELETE'))

  router.route('/:id/events').get(noQuery, jobEvents(deps)).all(onlyMethods('GET'))
  router.route('/:id/artifacts/*path').get(noQuery, readArtifact(deps)).all(onlyMethods('GET'))
  router.route('/:id/request').get(noQuery, readRequest(deps)).all(onlyMethods('GET'))
  router.route('/:id/io').get(jobIo(deps)).all(onlyMethods('GET'))

  return router
}
