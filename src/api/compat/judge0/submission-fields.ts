import { isUtf8 } from 'node:buffer'
import { constants } from 'node:os'
import type { Job, JobSpec, JobSummary, Stage, StageSummary } from '../../../shared/job.ts'
import { KIB, SECOND } from '../../../shared/limits.ts'
import { exactOutput } from '../system/exact-output.ts'
import { heldStatus } from '../system/held-limits.ts'
import type { KeptSubmission } from './job-of-submission.ts'
import { mimeBase64 } from './mime-base64.ts'
import { ACCEPTED, COMPILATION_ERROR, JUDGE0_STATUSES, stageStatusId, statusId } from './statuses.ts'

export const DEFAULT_FIELDS = ['token', 'time', 'memory', 'stdout', 'stderr', 'compile_output', 'message', 'status']

/** Fields that are base64 where a request says so. */
const ENCODED = ['source_code', 'stdin', 'expected_output', 'stdout', 'stderr', 'compile_output', 'message']

/** A submission's output is no text that JSON could hold. */
export class NotUtf8 extends Error {
  override readonly name = 'NotUtf8'
}

/** What Judge0 tells of a submission. */
export interface SubmissionView {
  /** With its output, unless `needsOutput` says that the fields need none. */
  job: JobSummary | Job
  kept: KeptSubmission
  /** What it was made of, where that is kept. */
  spec: JobSpec | undefined
  languageName: string
}

type Value = string | number | boolean | Buffer | null | object

/** Every field there is, with how its value is found. */
const FIELDS: Readonly<Record<string, (view: SubmissionView) => Value>> = {
  token: ({ job }) => tokenOf(job.id),
  source_code: ({ spec, kept }) => (kept.has_files && !spec?.entrypoint ? null : sourceOf(spec)),
  language_id: ({ kept }) => kept.language_id,
  stdin: ({ spec }) =>
    spec && spec.stdin !== '' ? Buffer.from(spec.stdin, spec.stdinEncoding === 'base64' ? 'base64' : 'utf8') : null,
  expected_output: ({ spec }) => textBytes(spec?.expectedOutput ?? spec?.tests[0]?.expectedOutput),
  stdout: (view) => outputOf(view, view.kept.redirect_stderr_to_stdout ? 'output' : 'stdout'),
  status_id: statusOf,
  created_at: ({ job }) => job.createdAt,
  finished_at: ({ job }) => job.finishedAt,
  time: (view) => seconds(average(view, ({ cpuMs }) => cpuMs)),
  memory: (view) => {
    const bytes = average(view, ({ memoryPeakBytes }) => memoryPeakBytes)
    return bytes === null ? null : Math.round(bytes / KIB)
  },
  stderr: (view) => (view.kept.redirect_stderr_to_stdout ? null : outputOf(view, 'stderr')),
  number_of_runs: ({ kept }) => kept.number_of_runs,
  cpu_time_limit: ({ kept }) => decimal(kept.cpu_time_limit),
  cpu_extra_time: ({ kept }) => decimal(kept.cpu_extra_time),
  wall_time_limit: ({ kept }) => decimal(kept.wall_time_limit),
  memory_limit: ({ kept }) => kept.memory_limit,
  stack_limit: ({ kept }) => kept.stack_limit,
  max_processes_and_or_threads: ({ kept }) => kept.max_processes_and_or_threads,
  enable_per_process_and_thread_time_limit: ({ kept }) => kept.per_process_time,
  enable_per_process_and_thread_memory_limit: ({ kept }) => kept.per_process_memory,
  max_file_size: ({ kept }) => kept.max_file_size,
  compile_output: ({ job }) => {
    const compile = job.stages.find(({ name }) => name === 'compile')
    return compile && isWhole(compile) ? bytesOrNull(exactOutput(compile, 'output')) : null
  },
  exit_code: (view) => endOf(view)?.exitCode ?? null,
  exit_signal: (view) => signalNumber(endOf(view)?.signal ?? null),
  message: (view) => textBytes(messageOf(view)),
  wall_time: (view) => seconds(average(view, ({ wallMs }) => wallMs)),
  compiler_options: ({ kept }) => kept.compiler_options,
  command_line_arguments: ({ kept }) => kept.command_line_arguments,
  redirect_stderr_to_stdout: ({ kept }) => kept.redirect_stderr_to_stdout,
  callback_url: ({ kept }) => kept.callback_url,
  additional_files: () => null,
  enable_network: () => false,
  status: (view) => JUDGE0_STATUSES[statusOf(view) - 1] ?? null,
  language: ({ kept, languageName }) => ({ id: kept.language_id, name: languageName }),
}

export const FIELD_NAMES = Object.keys(FIELDS)

/** Whether what a job wrote has to be read for these fields. */
export const needsOutput = (fields: readonly string[]): boolean =>
  ['stdout', 'stderr', 'compile_output'].some((name) => fields.includes(name))

/** Whether what a job was made of has to be read for these fields. */
export const needsRequest = (fields: readonly string[]): boolean =>
  ['source_code', 'stdin', 'expected_output'].some((name) => fields.includes(name))

/**
 * A submission as Judge0 tells of it.
 * @param isEncoded whether texts are base64
 * @throws NotUtf8 when they are not, and one of them is no text
 */
export function submissionFields(
  view: SubmissionView,
  fields: readonly string[],
  isEncoded: boolean,
): Record<string, unknown> {
  const entries = fields.map((name) => {
    const value = FIELDS[name]?.(view) ?? null
    if (!Buffer.isBuffer(value)) return [name, value]
    if (isEncoded && ENCODED.includes(name)) return [name, mimeBase64(value)]
    if (!isUtf8(value)) throw new NotUtf8(`${name} is not UTF-8`)
    return [name, value.toString()]
  })
  return Object.fromEntries(entries) as Record<string, unknown>
}

/** A job's id in the form of a random UUID, as tokens have it: some clients look at the version. */
export const tokenOf = (id: string): string => `${id.slice(0, 14)}4${id.slice(15)}`
/** The other way. */
export const idOfToken = (token: string): string => `${token.slice(0, 14)}7${token.slice(15)}`.toLowerCase()

function statusOf(view: SubmissionView): number {
  return statusId(view.job, endOf(view), view.kept.held)
}

/** Stages that ran the program, up to the first that was not accepted. */
function runsOf({ job, kept }: SubmissionView): (Stage | StageSummary)[] {
  const runs = job.stages.filter(({ name }) => name !== 'compile')
  const first = runs.findIndex((run) => stageStatusId(run, kept.held) !== ACCEPTED)
  return first < 0 ? runs : runs.slice(0, first + 1)
}

/** The stage that tells how a submission ended. */
const endOf = (view: SubmissionView): Stage | StageSummary | undefined => runsOf(view).at(-1) ?? view.job.stages.at(-1)

function average(view: SubmissionView, measure: (stage: StageSummary) => number): number | null {
  const runs = runsOf(view)
  if (runs.length === 0) return null
  return runs.reduce((sum, run) => sum + measure(run), 0) / runs.length
}

function outputOf(view: SubmissionView, stream: 'stdout' | 'stderr' | 'output'): Buffer | null {
  const end = endOf(view)
  if (!end || end.name === 'compile' || !isWhole(end)) return null
  return bytesOrNull(exactOutput(end, stream))
}

function messageOf(view: SubmissionView): string | null {
  const end = endOf(view)
  const { job, kept } = view
  if (!end || job.status === 'internal-error' || job.status === 'cancelled') {
    return job.message ?? (job.status === 'cancelled' ? 'Cancelled' : null)
  }
  if (statusOf(view) === COMPILATION_ERROR) return job.message ?? exitMessage(end)
  const status = heldStatus(end, kept.held)
  switch (status) {
    case 'cpu-time-limit':
      return 'Time limit exceeded'
    case 'wall-time-limit':
      return 'Time limit exceeded (wall clock)'
    case 'memory-limit':
      return 'Memory limit exceeded'
    case 'output-limit':
      return job.message
    default:
      return exitMessage(end)
  }
}

function exitMessage({ exitCode, signal }: Pick<Stage, 'exitCode' | 'signal'>): string | null {
  if (signal !== null) return `Caught fatal signal ${signalNumber(signal) ?? signal}`
  return exitCode === null || exitCode === 0 ? null : `Exited with error status ${exitCode}`
}

/** Whether its output came with it. */
const isWhole = (stage: Stage | StageSummary): stage is Stage => 'output' in stage

function sourceOf(spec: JobSpec | undefined): Buffer | null {
  const file = spec?.files.find(({ path }) => path === spec.entrypoint)
  return file ? Buffer.from(file.content, file.encoding === 'base64' ? 'base64' : 'utf8') : null
}

const signalNumber = (name: string | null): number | null =>
  name === null ? null : ((constants.signals as Record<string, number>)[name] ?? null)
const bytesOrNull = (bytes: Buffer): Buffer | null => (bytes.length === 0 ? null : bytes)
const textBytes = (text: string | null | undefined): Buffer | null =>
  text === null || text === undefined ? null : Buffer.from(text)
const seconds = (ms: number | null): string | null => (ms === null ? null : String(Math.round(ms) / SECOND))
/** As Ruby writes a decimal: `5.0`. */
const decimal = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value))
