import Type, { type Static } from 'typebox'
import { STATUSES, type Job } from '../../../shared/job.ts'
import { MIB, SECOND } from '../../../shared/limits.ts'
import {
  COMMAND_STATUSES,
  EXECUTION_STATUSES,
  type Command,
  type Execution,
  INPUT_REFUSED,
} from '../../../shared/sessions/session.ts'
import { headAndTail, outputBlocks } from './text-budget.ts'
import { image, IMAGE_TYPES, MOST_IMAGE_BYTES, MOST_IMAGES } from './images.ts'
import type { Content, ToolResult } from './tool.ts'

const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** What ran, or still runs: a job, an execution or a command. Its output stands in `content` alone. */
export const RunOutcome = Type.Object({
  run_id: Type.String({ description: 'for get_run' }),
  session_id: Type.Optional(Type.String()),
  status: Type.Enum([...new Set(['queued', 'running', ...STATUSES, ...EXECUTION_STATUSES, ...COMMAND_STATUSES])], {
    description: '`queued` and `running`: it has not ended; ask get_run',
  }),
  exit_code: orNull(Type.Integer()),
  duration_ms: orNull(Type.Number()),
  truncated: Type.Boolean({ description: 'whether the program wrote more than is kept' }),
  files: Type.Array(
    Type.Object({
      path: Type.String(),
      bytes: Type.Integer(),
      url: Type.String({ description: 'path on the service' }),
    }),
    { description: 'files that the program left and that were kept' },
  ),
})
export type RunOutcome = Static<typeof RunOutcome>

type Result = ToolResult<RunOutcome>

const seconds = (ms: number) => `${(ms / SECOND).toFixed(ms < 10 * SECOND ? 2 : 0)} s`

/** What ran has not ended in the time of one answer. */
export function stillRunning(id: string, state: string, session?: string): Result {
  const where = session === undefined ? '' : `, "session_id": "${session}"`
  const text =
    `${state === 'queued' ? 'waiting to run' : 'still running'}; ` +
    `call get_run with {"run_id": "${id}"${where}} for its result`
  return {
    content: [{ type: 'text', text }],
    structured: {
      run_id: id,
      ...(session !== undefined && { session_id: session }),
      status: state === 'queued' ? 'queued' : 'running',
      exit_code: null,
      duration_ms: null,
      truncated: false,
      files: [],
    },
  }
}

/** @param images of the files that the job left */
export function jobResult(job: Job, images: readonly Content[]): Result {
  const stage = job.stages.at(-1)
  const compile = job.stages.find(({ name }) => name === 'compile')
  const files = (job.artifacts ?? []).map(({ path, bytes, url }) => ({ path, bytes, url }))
  const texts = [
    jobOutcome(job),
    ...(compile && compile !== stage ? outputBlocks(compile).map((block) => `compiler ${block}`) : []),
    ...(stage ? outputBlocks(stage) : []),
    ...(files.length > 0 ? [`files:\n${files.map(({ path, bytes }) => `${path} (${bytes} bytes)`).join('\n')}`] : []),
  ]
  return {
    content: [{ type: 'text', text: texts.join('\n') }, ...images],
    structured: {
      run_id: job.id,
      status: job.status ?? 'running',
      exit_code: stage?.exitCode ?? null,
      duration_ms: stage ? stage.wallMs : null,
      truncated: job.stages.some(({ truncated }) => truncated),
      files,
    },
    failed: job.status !== 'succeeded',
  }
}

function jobOutcome({ status, message, limits, stages }: Job): string {
  const stage = stages.at(-1)
  const after = stage ? ` after ${seconds(stage.wallMs)}` : ''
  const of = stage?.name === 'compile' ? ' of the compiler' : ''
  const why = message === null ? '' : ` (${message})`
  switch (status) {
    case 'succeeded':
    case 'failed':
      return `exit ${stage?.exitCode ?? '?'}${after}${why}`
    case 'compile-failed':
      return `compilation failed: exit ${stage?.exitCode ?? '?'}${after}${why}`
    case 'signalled':
      return `killed by ${stage?.signal ?? 'a signal'}${after}${why}`
    case 'wall-time-limit':
      return `killed: time limit ${seconds(stage?.name === 'compile' ? limits.compileWallMs : limits.wallMs)}${of}${why}`
    case 'cpu-time-limit':
      return `killed: CPU time limit ${seconds(limits.cpuMs)}${of}${why}`
    case 'memory-limit':
      return `killed: memory limit ${Math.floor(limits.memoryBytes / MIB)} MiB${after}${why}`
    case 'output-limit':
      return `killed: more than ${limits.outputBytes} bytes of output${after}${why}`
    default:
      return `${status ?? 'not ended'}${why}`
  }
}

/** A piece of code that ran in a session: its output, the value of its last expression, its images. */
export function executionResult(session: string, execution: Execution): Result {
  const { id, status, message, stdout, stderr, error, results, truncated } = execution
  const images: Content[] = []
  const values: string[] = []
  for (const { data, isMainResult } of results) {
    const type = IMAGE_TYPES.find((one) => typeof data[one] === 'string')
    const base64 = type === undefined ? '' : String(data[type])
    if (type !== undefined && base64.length * 0.75 <= MOST_IMAGE_BYTES && images.length < MOST_IMAGES) {
      images.push(image(base64, type))
      continue
    }
    const text = textOf(data)
    const left = type === undefined ? '' : ' (an image that is too large, or one of too many, was left out)'
    values.push(`${isMainResult ? 'result' : 'display'}:\n${headAndTail(text, MOST_OF_A_VALUE)}${left}`)
  }
  const why = error?.name === INPUT_REFUSED ? NO_INPUT : message
  const trace = error ? (error.traceback.length > 0 ? error.traceback.join('\n') : `${error.name}: ${error.value}`) : ''
  const texts = [
    `${executionOutcome(execution)}${why === null ? '' : ` (${why})`}`,
    ...outputBlocks({ stdout, stderr }),
    ...values,
    ...(trace === '' ? [] : [`error:\n${headAndTail(withoutColours(trace), MOST_OF_A_VALUE)}`]),
    ...(images.length > 0 ? [`${images.length === 1 ? 'an image follows' : `${images.length} images follow`}`] : []),
  ]
  return {
    content: [{ type: 'text', text: texts.join('\n') }, ...images],
    structured: {
      run_id: id,
      session_id: session,
      status: status ?? 'running',
      exit_code: null,
      duration_ms: durationOf(execution),
      truncated,
      files: [],
    },
    failed: status !== 'succeeded',
  }
}

const MOST_OF_A_VALUE = 10_000
const NO_INPUT = 'code in a session gets no input here: put the value into the code, or use run_code with `stdin`'

function executionOutcome({ status, error, startedAt, finishedAt }: Execution): string {
  const ms = durationOf({ startedAt, finishedAt })
  const after = ms === null ? '' : ` after ${seconds(ms)}`
  if (status === 'succeeded') return `ok${after}`
  if (status === 'failed' && error) return `${error.name}${after}`
  return `${status ?? 'not ended'}${after}`
}

function durationOf({ startedAt, finishedAt }: { startedAt: string | null; finishedAt: string | null }): number | null {
  return startedAt === null || finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(startedAt)
}

/** A value as text: models read that best. */
function textOf(data: Record<string, unknown>): string {
  const text = data['text/plain'] ?? data['text/markdown'] ?? data['text/latex'] ?? data['text/html']
  if (typeof text === 'string') return text
  return text === undefined ? `a value of the type ${Object.keys(data).join(', ')}` : JSON.stringify(text)
}

/** Escape sequences of terminals, which say nothing to a model. */
export const withoutColours = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- ESC is what is looked for
  text.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '')

/** A command that ran in a session. */
export function commandResult(session: string, command: Command): Result {
  const { id, status, message, exitCode, signal, stdout, stderr, truncated } = command
  const ms = durationOf(command)
  const after = ms === null ? '' : ` after ${seconds(ms)}`
  const end = exitCode !== null ? `exit ${exitCode}` : signal !== null ? `killed by ${signal}` : (status ?? 'not ended')
  const outcome = status?.endsWith('-limit') ? `killed: ${status.replaceAll('-', ' ')}` : end
  const text = [`${outcome}${after}${message === null ? '' : ` (${message})`}`, ...outputBlocks({ stdout, stderr })]
  return {
    content: [{ type: 'text', text: text.join('\n') }],
    structured: {
      run_id: id,
      session_id: session,
      status: status ?? 'running',
      exit_code: exitCode,
      duration_ms: ms,
      truncated,
      files: [],
    },
    failed: status !== 'succeeded',
  }
}
