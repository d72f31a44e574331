import Type from 'typebox'
import { GapEvent, JobEvent } from '../../../shared/job-event.ts'
import { ProblemBody } from '../../../shared/problems.ts'
import { CodeRequest, ContainerRequest } from '../../../shared/requests.ts'
import { RunResult } from '../../../shared/run-result.ts'
import { CONTAINER_EXAMPLES, RUN_EXAMPLES } from '../../http/openapi/examples/requests.ts'
import { eventStream, helloResult } from '../../http/openapi/examples/results.ts'
import type { Operation } from '../../http/route.ts'
import { CODE_PROBLEMS, SUBMISSION_PROBLEMS } from '../../http/openapi/problems.ts'

const RESULT =
  'A program that fails is 200 with its `status`. A wall or CPU time limit is 408 `time-limit` with the same object as ' +
  '`result`. The job is one like any other, and can be read under `/v1/jobs`. `delayMs` is refused.'
const STREAM =
  'Server-sent events, as those of `GET /v1/jobs/{id}/events`. A submission that screening refuses is 200 with one event ' +
  '`error`, whose data is the problem. A client that loses the connection resumes at `/v1/jobs/{id}/events`; `Location` ' +
  'has the id.'

const common = { method: 'post', tag: 'Run and wait', headers: ['Idempotency-Key'] } as const

const result: Operation['answers'] = {
  200: {
    description: 'What came of it.',
    schema: RunResult,
    headers: ['Location', 'Idempotent-Replayed'],
    examples: { hello: { summary: 'A program that says hello', value: helloResult } },
  },
}
const stream: Operation['answers'] = {
  200: {
    description: 'The events of the job, as they come; or one event `error`.',
    type: 'text/event-stream',
    schema: Type.String({ description: 'server-sent events' }),
    events: Type.Union([JobEvent, GapEvent, Type.Object({ type: Type.Literal('error'), data: ProblemBody })]),
    headers: ['Location', 'Idempotent-Replayed'],
    examples: { hello: { summary: 'A program that says hello', value: eventStream } },
  },
}
const forResult = [...SUBMISSION_PROBLEMS, 'time-limit', 'wait-timeout', 'too-many-open', 'not-found'] as const
const forStream = [...SUBMISSION_PROBLEMS, 'too-many-open'] as const

export const runNowOperations: readonly Operation[] = [
  {
    ...common,
    path: '/api/repl/execute',
    id: 'execute',
    summary: 'Run a program and answer with the result',
    description: RESULT,
    scopes: ['jobs'],
    body: { schema: CodeRequest, examples: RUN_EXAMPLES },
    answers: result,
    problems: [...forResult, ...CODE_PROBLEMS],
  },
  {
    ...common,
    path: '/api/repl/execute/stream',
    id: 'executeStream',
    summary: 'Run a program and stream what it does',
    description: STREAM,
    scopes: ['jobs'],
    body: { schema: CodeRequest, examples: RUN_EXAMPLES },
    answers: stream,
    problems: [...forStream, ...CODE_PROBLEMS],
  },
  {
    ...common,
    path: '/api/containers/create',
    id: 'createContainer',
    summary: 'Run a command in an allowed image',
    description: `It runs in \`/job\`, where its \`files\` are. ${RESULT}`,
    scopes: ['containers'],
    body: { schema: ContainerRequest, examples: CONTAINER_EXAMPLES },
    answers: result,
    problems: [...forResult, 'image-not-allowed'],
  },
  {
    ...common,
    path: '/api/containers/create/stream',
    id: 'createContainerStream',
    summary: 'Run a command in an allowed image and stream what it does',
    description: STREAM,
    scopes: ['containers'],
    body: { schema: ContainerRequest, examples: CONTAINER_EXAMPLES },
    answers: stream,
    problems: [...forStream, 'image-not-allowed'],
  },
]
