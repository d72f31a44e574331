import Type from 'typebox'
import { Job } from '../../../shared/job.ts'
import { GapEvent, JobEvent } from '../../../shared/job-event.ts'
import { CodeRequest, ContainerRequest } from '../../../shared/requests.ts'
import { EofMessage, ResizeMessage, SignalMessage, StdinMessage } from '../../jobs/socket/read-message.ts'
import { AckMessage, ErrorMessage } from '../../jobs/socket/reply.ts'
import { JobIoQuery } from '../../jobs/job-io.ts'
import { JobPage, ListJobsQuery } from '../../jobs/list-jobs.ts'
import { ReadJobQuery } from '../../jobs/read-job.ts'
import { JOB_EXAMPLES } from '../../http/openapi/examples/requests.ts'
import {
  cancelledJob,
  eventStream,
  finishedJob,
  queuedJob,
  summaryOf,
  uncompiledJob,
} from '../../http/openapi/examples/results.ts'
import type { Operation } from '../../http/route.ts'
import { PATH } from '../../http/openapi/parameters.ts'
import { CODE_PROBLEMS, SUBMISSION_PROBLEMS } from '../../http/openapi/problems.ts'

const tag = 'Jobs'
const EITHER = ['jobs', 'containers'] as const

const queued = { summary: 'A job that waits', value: queuedJob }
const finished = { summary: 'A job that has ended', value: finishedJob }
const uncompiled = { summary: 'A program that does not compile', value: uncompiledJob }

export const jobOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/jobs',
    id: 'submitJob',
    tag,
    summary: 'Submit a program',
    description:
      'Answers 202 at once. With `Prefer: wait=N` it waits for the end: 200 with the finished job, or 202 when it did not ' +
      'in time. A client that goes away does not end its job.\n\n' +
      'Give the program as `code`, or as `files` with an `entrypoint`.',
    scopes: ['jobs'],
    headers: ['Prefer', 'Idempotency-Key'],
    body: { schema: CodeRequest, examples: JOB_EXAMPLES },
    answers: {
      200: {
        description: 'The job, which has ended.',
        schema: Job,
        headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
        examples: { finished, uncompiled },
      },
      202: {
        description: 'The job as it is: accepted, and not through.',
        schema: Job,
        headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
        examples: { queued },
      },
    },
    problems: [...SUBMISSION_PROBLEMS, ...CODE_PROBLEMS, 'too-many-open', 'not-found'],
  },
  {
    method: 'get',
    path: '/v1/jobs',
    id: 'listJobs',
    tag,
    summary: 'List your jobs',
    description: 'Newest first, without their output. A page is not disturbed by jobs that are added meanwhile.',
    scopes: EITHER,
    query: ListJobsQuery,
    answers: {
      200: {
        description: 'One page.',
        schema: JobPage,
        examples: { page: { summary: 'The last page', value: { jobs: [summaryOf(finishedJob)], next: null } } },
      },
    },
    problems: ['unknown-language'],
  },
  {
    method: 'get',
    path: '/v1/jobs/{id}',
    id: 'readJob',
    tag,
    summary: 'Read a job',
    description:
      'The job as it is, or with `wait` as it is when it has ended or the time is over. A job that has ended can be read ' +
      'for 24 hours, unless the operator says otherwise; then it is 404, as is the job of somebody else.',
    scopes: EITHER,
    pathParameters: { id: PATH.job },
    query: ReadJobQuery,
    headers: ['If-None-Match'],
    answers: {
      200: { description: 'The job.', schema: Job, headers: ['ETag'], examples: { finished, uncompiled, queued } },
      304: { description: 'Nothing has changed since you had it.', headers: ['ETag'] },
    },
    problems: ['too-many-open'],
  },
  {
    method: 'delete',
    path: '/v1/jobs/{id}',
    id: 'cancelJob',
    tag,
    summary: 'Cancel a job',
    description:
      'A job that waits never runs; one that runs gets SIGTERM, and 0.4 s later SIGKILL. A job that has ended stays as it ' +
      'is, and that is 200 too.',
    scopes: EITHER,
    pathParameters: { id: PATH.job },
    answers: {
      200: {
        description: 'The job, which has ended, with what it wrote until then.',
        schema: Job,
        examples: { cancelled: { summary: 'A cancelled job', value: cancelledJob } },
      },
      202: { description: 'It is ending; its worker was not through with it within 5 s.', schema: Job },
    },
  },
  {
    method: 'get',
    path: '/v1/jobs/{id}/events',
    id: 'streamJobEvents',
    tag,
    summary: 'Follow a job',
    description:
      'Server-sent events, each with `event`, `id` and one line of JSON as `data`: `state`, `stage`, `stdout`, `stderr`, ' +
      '`warning`, `gap`, and `result`, which is the last. The stream begins with the first event of the job whenever it is ' +
      'opened. After a lost connection `Last-Event-ID` resumes it: nothing is lost, nothing comes twice. A comment line ' +
      'comes every 15 s.\n\n' +
      'In the schema of an event, `type` is what stands in `event`.',
    scopes: EITHER,
    pathParameters: { id: PATH.job },
    headers: ['Last-Event-ID'],
    answers: {
      200: {
        description: 'The events, as they come.',
        type: 'text/event-stream',
        schema: Type.String({ description: 'server-sent events' }),
        events: Type.Union([JobEvent, GapEvent]),
        examples: { hello: { summary: 'A program that says hello', value: eventStream } },
      },
      204: { description: 'You have had `result`: there is nothing more to come.' },
    },
    problems: ['invalid-header', 'too-many-open'],
  },
  {
    method: 'get',
    path: '/v1/jobs/{id}/request',
    id: 'readJobRequest',
    tag,
    summary: 'Read the request a job came of',
    description:
      'A body that runs the same program again, of a job that was submitted with `"keepRequest": true`: what it was sent ' +
      'with, but for `webhook`, `delayMs`, `priority` and `metadata`. 404 when it was not kept.',
    scopes: EITHER,
    pathParameters: { id: PATH.job },
    answers: {
      200: {
        description: 'The request.',
        schema: Type.Union([CodeRequest, ContainerRequest]),
        examples: {
          program: {
            summary: 'A program with its input',
            value: { language: 'python', code: 'print(input())', stdin: 'hello', keepRequest: true },
          },
        },
      },
    },
  },
  {
    method: 'get',
    path: '/v1/jobs/{id}/io',
    id: 'talkToJob',
    tag,
    summary: 'Talk to an interactive job',
    description:
      'A WebSocket to a job that was submitted with `"interactive": true`: what you send reaches its program, what it ' +
      'writes comes back at once. All messages are JSON text, yours at most 64 KiB each.\n\n' +
      'You send `{"type": "stdin", "data": "42\\n"}`, `{"type": "eof"}`, `{"type": "signal", "signal": "SIGINT"}`. You get ' +
      'the events of the job, each with its `id`; `ack` for a message that was taken, `error` for one that was not. After ' +
      '`result` the connection closes with 1000.\n\n' +
      'To connect again, give the `id` of the last event as `after`. Number your messages with `seq`, rising from 1, and ' +
      'send again what was not acknowledged: none is taken twice.\n\n' +
      'Pages cannot set headers of a WebSocket; they show the key as a subprotocol: ' +
      "`new WebSocket(url, ['runyard', 'key.ry_...'])`. This page cannot open one: a plain request gets 426.",
    scopes: EITHER,
    pathParameters: { id: PATH.job },
    query: JobIoQuery,
    answers: {
      101: {
        description: 'The WebSocket stands.',
        messages: {
          sent: Type.Union([StdinMessage, EofMessage, SignalMessage, ResizeMessage]),
          received: Type.Union([AckMessage, ErrorMessage, JobEvent, GapEvent]),
        },
      },
    },
    problems: ['invalid-header', 'upgrade-required', 'too-many-open'],
    problemHeaders: { 'invalid-header': ['Sec-WebSocket-Version'] },
  },
  {
    method: 'get',
    path: '/v1/jobs/{id}/artifacts/{path}',
    id: 'readArtifact',
    tag,
    summary: 'Read a file that a job made',
    description:
      'The bytes of a file that the job has in `artifacts`; `url` there is its address. It always comes to be saved, never ' +
      'as what its name says: a stranger’s program wrote it.',
    scopes: EITHER,
    pathParameters: { id: PATH.job, path: PATH.artifact },
    headers: ['If-None-Match'],
    answers: {
      200: {
        description: 'The file.',
        type: 'application/octet-stream',
        schema: Type.Unsafe<Uint8Array>({ description: 'the bytes as the program wrote them' }),
        headers: ['ETag', 'Content-Disposition'],
      },
      304: { description: 'You have it already.', headers: ['ETag'] },
    },
  },
]
