import type { Response } from 'express'
import Type from 'typebox'
import type { Config } from '../../shared/config/config.ts'
import { GapEvent, JobEvent } from '../../shared/job-event.ts'
import type { Job, JobSpec, JobSummary, Stage } from '../../shared/job.ts'
import { MINUTE } from '../../shared/limits.ts'
import { longestStagesMs } from '../../shared/judging/longest-stages.ts'
import { Problem, ProblemBody } from '../../shared/problems.ts'
import { queuedJob } from '../../shared/redis/record-fields.ts'
import { CodeRequest, ContainerRequest } from '../../shared/requests.ts'
import { RunResult } from '../../shared/run-result.ts'
import type { EventFeed } from '../events/event-feed.ts'
import type { Caller } from '../http/caller.ts'
import { idempotencyOf } from '../http/idempotency.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { CONTAINER_EXAMPLES, RUN_EXAMPLES } from '../http/openapi/examples/requests.ts'
import { eventStream, helloResult } from '../http/openapi/examples/results.ts'
import { CODE_PROBLEMS, SUBMISSION_PROBLEMS } from '../http/openapi/problems.ts'
import { invalidRequest } from '../http/problems.ts'
import { type Answer, defineRoute, type RouteRequest } from '../http/route.ts'
import { sendError } from '../http/sse.ts'
import { streamJob } from './stream-job.ts'
import type { SubmitNeeds } from './submit-job.ts'
import { withOutput } from './with-output.ts'

/** How long a request waits for a job beyond the job's own limits: its time in the queue. */
const QUEUE_WAIT_MS = MINUTE

export interface RunNowNeeds extends SubmitNeeds {
  feed: EventFeed
  config: Pick<Config, 'sandbox' | 'screening'>
}

const RESULT =
  'Returns 200 with the `status` when the program fails, and 408 `time-limit` with the same object as `result` at a wall ' +
  'or CPU time limit. `/v1/jobs` has the job as any other. `delayMs` is refused.'
const STREAM =
  'Sends the server-sent events of `GET /v1/jobs/{id}/events`. For a submission that screening refuses, returns 200 with ' +
  'one event `error`, whose data is the problem. After a lost connection, resume at `/v1/jobs/{id}/events`; `Location` has ' +
  'the id.'

const common = { method: 'post', tag: 'Run and wait', headers: ['Idempotency-Key'] } as const
const ofCode = {
  scopes: ['jobs'],
  body: { schema: CodeRequest, examples: RUN_EXAMPLES, checkedBy: 'handler' },
} as const
const ofContainer = {
  scopes: ['containers'],
  body: { schema: ContainerRequest, examples: CONTAINER_EXAMPLES, checkedBy: 'handler' },
} as const

const result = {
  200: {
    description: 'The result.',
    schema: RunResult,
    headers: ['Location', 'Idempotent-Replayed'],
    examples: { hello: { summary: 'A program that says hello', value: helloResult } },
  },
} as const satisfies Record<number, Answer>
const stream = {
  200: {
    description: 'The events of the job, as they come; or one event `error`.',
    type: 'text/event-stream',
    schema: Type.String({ description: 'server-sent events' }),
    events: Type.Union([JobEvent, GapEvent, Type.Object({ type: Type.Literal('error'), data: ProblemBody })]),
    headers: ['Location', 'Idempotent-Replayed'],
    examples: { hello: { summary: 'A program that says hello', value: eventStream } },
  },
} as const satisfies Record<number, Answer>
const forResult = [...SUBMISSION_PROBLEMS, 'time-limit', 'wait-timeout', 'too-many-open', 'not-found'] as const
const forStream = [...SUBMISSION_PROBLEMS, 'too-many-open'] as const

/** One idempotency key means the same to both routes of a kind. */
const EXECUTE = '/api/repl/execute'
const CREATE = '/api/containers/create'

/**
 * Routes that run a job while the client waits, and answer with the result or with events. The job is one like any other, in the same
 * queue, and can be read under `/v1/jobs` afterwards.
 */
export const runNowRoutes = [
  defineRoute({
    ...common,
    ...ofCode,
    path: '/api/repl/execute',
    id: 'execute',
    summary: 'Run a program and return the result',
    description: RESULT,
    answers: result,
    problems: [...forResult, ...CODE_PROBLEMS],
    handle: (needs: RunNowNeeds, request) => answerResult(needs, needs.requests.code, EXECUTE, request),
  }),
  defineRoute({
    ...common,
    ...ofCode,
    path: '/api/repl/execute/stream',
    id: 'executeStream',
    summary: 'Run a program and stream its events',
    description: STREAM,
    answers: stream,
    problems: [...forStream, ...CODE_PROBLEMS],
    handle: (needs: RunNowNeeds, request) => answerStream(needs, needs.requests.code, EXECUTE, request),
  }),
  defineRoute({
    ...common,
    ...ofContainer,
    path: '/api/containers/create',
    id: 'createContainer',
    summary: 'Run a command in an allowed image',
    description: `Runs in \`/job\`, which has its \`files\`. ${RESULT}`,
    answers: result,
    problems: [...forResult, 'image-not-allowed'],
    handle: (needs: RunNowNeeds, request) => answerResult(needs, needs.requests.container, CREATE, request),
  }),
  defineRoute({
    ...common,
    ...ofContainer,
    path: '/api/containers/create/stream',
    id: 'createContainerStream',
    summary: 'Run a command in an allowed image and stream its events',
    description: STREAM,
    answers: stream,
    problems: [...forStream, 'image-not-allowed'],
    handle: (needs: RunNowNeeds, request) => answerStream(needs, needs.requests.container, CREATE, request),
  }),
]

/** Makes a job of a request body, or throws a Problem. */
type Accept = (body: unknown, caller: Caller, requestId: string) => Promise<JobSpec>

async function answerResult(
  needs: RunNowNeeds,
  accept: Accept,
  place: string,
  request: RouteRequest<string, unknown, unknown, typeof result>,
): Promise<void> {
  const { submission, config, open, limitEndUsers } = needs
  const { req, res } = request
  await limitEndUsers(request, 'job')
  const idempotency = idempotencyOf(req, place)
  const spec = await jobOf(needs, accept, request)
  const longest = longestStagesMs(spec, config.sandbox.graceMs) + QUEUE_WAIT_MS
  const signal = open.admit(res)
  const work = submission.submitAndWait(spec, idempotency, longest, signal)
  const { id, job, replayed } = await whileKeyHolds(signal, work)
  tellPlace(res, id, replayed)
  if (!job) {
    throw new Problem('wait-timeout', `the job is still in the queue; read it at /v1/jobs/${id}`, { extra: { id } })
  }
  const flat = flatten(await withOutput(needs, res, job))
  if (job.status === 'wall-time-limit' || job.status === 'cpu-time-limit') {
    throw new Problem('time-limit', job.message ?? 'the time limit was reached', { extra: { result: flat } })
  }
  if (job.status === 'internal-error') {
    throw new Problem('internal-error', job.message ?? 'the job could not be run', { extra: { result: flat } })
  }
  request.send(200, flat)
}

async function answerStream(needs: RunNowNeeds, accept: Accept, place: string, request: RouteRequest): Promise<void> {
  const { submission, open, feed, limitEndUsers } = needs
  const { req, res } = request
  await limitEndUsers(request, 'job')
  const idempotency = idempotencyOf(req, place)
  let spec: JobSpec
  try {
    spec = await jobOf(needs, accept, request)
  } catch (error) {
    // A stream tells of a blocked submission as an event.
    if (error instanceof Problem && error.code === 'submission-blocked') return sendError(res, error)
    throw error
  }
  const signal = open.admit(res)
  const { id, replayed } = await submission.submit(spec, idempotency)
  tellPlace(res, id, replayed)
  await streamJob(feed, res, replayed ? await acceptedJob(needs, id) : queuedJob(spec.head), undefined, signal)
}

/**
 * The job of a request. These routes have a screening policy of their own, for callers that have none.
 * @throws Problem; `invalid-request` for a job that is to begin later: its client would hold a connection open until then
 */
async function jobOf(
  { config }: RunNowNeeds,
  accept: Accept,
  { body, caller, requestId }: Pick<RouteRequest, 'body' | 'caller' | 'requestId'>,
): Promise<JobSpec> {
  const screening = caller.screening ?? config.screening.apiPolicy
  const spec = await accept(body, { ...caller, screening }, requestId)
  if (spec.delayMs === 0) return spec
  throw invalidRequest([{ pointer: '/delayMs', detail: 'cannot be used here: this request waits for the job' }])
}

async function acceptedJob({ records }: Pick<RunNowNeeds, 'records'>, id: string): Promise<JobSummary> {
  const record = await records.read(id)
  if (!record) throw new Problem('internal-error', 'the job was accepted and has vanished')
  return record.job
}

function tellPlace(res: Response, id: string, replayed: boolean): void {
  res.locals.jobId = id
  res.location(`/v1/jobs/${id}`)
  if (replayed) res.set('Idempotent-Replayed', 'true')
}

/** The last stage's measurements beside the job's own, for clients that run one program and want one answer. */
function flatten(job: Job): RunResult {
  const compile = job.stages.find((stage) => stage.name === 'compile')
  const last: Stage | undefined = job.stages.at(-1)
  const {
    name: _name,
    test: _test,
    status: _status,
    judging: _judging,
    ...measurements
  } = last ?? ({} as Partial<Stage>)
  if (job.status === null) throw new Error(`job ${job.id} has not ended`)
  return {
    id: job.id,
    status: job.status,
    message: job.message,
    language: job.language,
    version: job.version,
    image: job.image,
    ...measurements,
    ...(job.artifacts && { artifacts: job.artifacts, artifactsTruncated: job.artifactsTruncated ?? false }),
    ...(job.judging && { judging: job.judging }),
    compile: compile ?? null,
    tests: job.stages.filter((stage) => stage.name.startsWith('test ')),
  }
}
