import { type RequestHandler, type Response, Router } from 'express'
import type { Job, JobSpec, JobSummary, Stage } from '../../shared/job.ts'
import { MINUTE } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { queuedJob } from '../../shared/redis/record-fields.ts'
import type { RunResult } from '../../shared/run-result.ts'
import type { Caller } from '../http/caller.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { idempotencyOf } from '../http/idempotency.ts'
import { invalidRequest } from '../http/invalid-request.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { noQuery } from '../http/query.ts'
import { requestIdOf } from '../http/request-log.ts'
import { sendError } from '../http/sse.ts'
import { submissionBody } from '../rate-limit/end-users.ts'
import type { RouteDeps } from './deps.ts'
import { withOutput } from './jobs/with-output.ts'
import { streamJob } from './stream-job.ts'

/** How long a request waits for a job beyond the job's own limits: its time in the queue. */
const QUEUE_WAIT_MS = MINUTE

/**
 * Endpoints that run a job while the client waits: `/` answers with the result, `/stream` with events. The job is one like any other,
 * in the same queue, and can be read under `/v1/jobs` afterwards.
 * @param accept makes a job of a request body, or throws a Problem
 */
export function runNowRoutes(deps: RouteDeps, accept: Accept): Router {
  const router = Router()
  const body = submissionBody(deps)
  router.route('/').post(noQuery, body, answerResult(deps, accept)).all(onlyMethods('POST'))
  router.route('/stream').post(noQuery, body, answerStream(deps, accept)).all(onlyMethods('POST'))
  return router
}

export type Accept = (body: unknown, caller: Caller, requestId: string) => Promise<JobSpec>

const answerResult = (deps: RouteDeps, accept: Accept): RequestHandler => {
  const { submission, config, open } = deps
  return async (req, res) => {
    const idempotency = idempotencyOf(req)
    const spec = withoutDelay(await accept(req.body, res.locals.caller, requestIdOf(req)))
    const { limits } = spec.head
    const runs = Math.max(1, spec.tests.length)
    const longest = limits.compileWallMs + runs * (limits.wallMs + config.sandbox.graceMs) + QUEUE_WAIT_MS
    const signal = open.hold(res)
    const work = submission.submitAndWait(spec, idempotency, longest, signal)
    const { id, job, replayed } = await whileKeyHolds(signal, work)
    tellPlace(res, id, replayed)
    if (!job) {
      throw new Problem('wait-timeout', `the job is still in the queue; read it at /v1/jobs/${id}`, { extra: { id } })
    }
    const result = flatten(await withOutput(deps, res, job))
    if (job.status === 'wall-time-limit' || job.status === 'cpu-time-limit') {
      throw new Problem('time-limit', job.message ?? 'the time limit was met', { extra: { result } })
    }
    if (job.status === 'internal-error') {
      throw new Problem('internal-error', job.message ?? 'the job could not be run', { extra: { result } })
    }
    res.json(result)
  }
}

const answerStream = (deps: RouteDeps, accept: Accept): RequestHandler => {
  return async (req, res) => {
    const idempotency = idempotencyOf(req)
    let spec: JobSpec
    try {
      spec = withoutDelay(await accept(req.body, res.locals.caller, requestIdOf(req)))
    } catch (error) {
      // A stream tells of a blocked submission as an event.
      if (error instanceof Problem && error.code === 'submission-blocked') return sendError(res, error)
      throw error
    }
    const signal = deps.open.hold(res)
    const { id, replayed } = await deps.submission.submit(spec, idempotency)
    tellPlace(res, id, replayed)
    await streamJob(deps.feed, res, replayed ? await acceptedJob(deps, id) : queuedJob(spec.head), undefined, signal)
  }
}

async function acceptedJob({ records }: Pick<RouteDeps, 'records'>, id: string): Promise<JobSummary> {
  const record = await records.read(id)
  if (!record) throw new Problem('internal-error', 'the job was accepted and has vanished')
  return record.job
}

/** @throws Problem `invalid-request` for a job that is to begin later: its client would hold a connection open until then */
function withoutDelay(spec: JobSpec): JobSpec {
  if (spec.delayMs === 0) return spec
  throw invalidRequest([{ pointer: '/delayMs', detail: 'cannot be used here, where the job is waited for' }])
}

function tellPlace(res: Response, id: string, replayed: boolean): void {
  res.locals.jobId = id
  res.location(`/v1/jobs/${id}`)
  if (replayed) res.set('Idempotent-Replayed', 'true')
}

/** The last stage's figures beside the job's own, for clients that run one program and want one answer. */
function flatten(job: Job): RunResult {
  const compile = job.stages.find((stage) => stage.name === 'compile')
  const last: Stage | undefined = job.stages.at(-1)
  const { name: _name, test: _test, status: _status, ...figures } = last ?? ({} as Partial<Stage>)
  if (job.status === null) throw new Error(`job ${job.id} has not ended`)
  return {
    id: job.id,
    status: job.status,
    message: job.message,
    language: job.language,
    version: job.version,
    image: job.image,
    ...figures,
    ...(job.artifacts && { artifacts: job.artifacts, artifactsTruncated: job.artifactsTruncated ?? false }),
    compile: compile ?? null,
    tests: job.stages.filter((stage) => stage.name.startsWith('test ')),
  }
}
