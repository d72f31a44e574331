import Type, { type Static } from 'typebox'
import { constants } from 'node:os'
import type { Job, Stage } from '../../../shared/job.ts'
import type { Language } from '../../../shared/language.ts'
import { type LimitOverrides, type Limits, MIB, SECOND } from '../../../shared/limits.ts'
import type { CodeRequest } from '../../../shared/requests.ts'
import { heldLimits, heldStatus } from '../system/held-limits.ts'

const seconds = Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1e6, description: 'seconds' }))

/** The body of `POST /run_code`. What else it has is left alone. */
export const RunCodeRequest = Type.Object({
  code: Type.String(),
  language: Type.String({ minLength: 1, maxLength: 32 }),
  compile_timeout: seconds,
  run_timeout: seconds,
  memory_limit_MB: Type.Optional(Type.Integer({ minimum: -1, maximum: 1e9 })),
  stdin: Type.Optional(Type.String()),
  files: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]))),
  fetch_files: Type.Optional(Type.Array(Type.String())),
})
export type RunCodeRequest = Static<typeof RunCodeRequest>

/** Names of SandboxFusion's that are no id or alias here. */
const NAMES: Readonly<Record<string, string>> = { R: 'r' }
const DEFAULT_TIMEOUT = 10

export const languageName = (name: string): string => (Object.hasOwn(NAMES, name) ? NAMES[name] : undefined) ?? name

/** @returns the job, and what its program has to keep to */
export function jobOfRunCode(
  { code, compile_timeout, run_timeout, memory_limit_MB = -1, stdin, files = {}, fetch_files = [] }: RunCodeRequest,
  language: Language,
  limits: { defaults: Limits; ceilings: Limits },
): { request: CodeRequest; held: LimitOverrides } {
  const wallMs = (run_timeout ?? DEFAULT_TIMEOUT) * SECOND
  const asked: LimitOverrides = {
    wallMs,
    // Timeouts are of the clock alone there; more than one processor may be used.
    cpuMs: Math.max(wallMs, limits.defaults.cpuMs),
    compileWallMs: (compile_timeout ?? DEFAULT_TIMEOUT) * SECOND,
    ...(memory_limit_MB > 0 && { memoryBytes: memory_limit_MB * MIB }),
  }
  const { held, limits: ofJob } = heldLimits(asked, language, limits.defaults, limits.ceilings)
  const others = Object.entries(files).flatMap(([path, content]) =>
    content === null ? [] : [{ path: relative(path), content, encoding: 'base64' as const }],
  )
  return {
    held,
    request: {
      language: language.id,
      files: [{ path: language.fileName, content: code }, ...others],
      entrypoint: language.fileName,
      ...(stdin !== undefined && { stdin }),
      ...(fetch_files.length > 0 && { artifacts: fetch_files.map(relative) }),
      limits: ofJob,
    },
  }
}

/** As jobs and sessions have paths of files. */
export const relative = (path: string): string => path.replace(/^(?:\.\/)+/, '')

interface CommandResult {
  status: 'Finished' | 'Error' | 'TimeLimitExceeded'
  execution_time: number | null
  return_code: number | null
  stdout: string
  stderr: string
}

export interface RunCodeResult {
  status: 'Success' | 'Failed' | 'SandboxError'
  message: string
  compile_result: CommandResult | null
  run_result: CommandResult | null
  executor_pod_name: null
  /** Base64 by path. */
  files: Record<string, string>
}

/** @param files that were asked for and are there */
export function runCodeResult(job: Job, held: LimitOverrides, files: Record<string, string>): RunCodeResult {
  const named = (wanted: string) => job.stages.find(({ name }) => name === wanted)
  const [compile, run] = [named('compile'), named('run')]
  const ofStage = (stage: Stage | undefined) => (stage ? commandResult(stage, held) : null)
  const results = { compile_result: ofStage(compile), run_result: ofStage(run) }
  const rest = { ...results, executor_pod_name: null, files }
  if (job.status === 'internal-error' || job.status === 'cancelled' || job.stages.length === 0) {
    return { status: 'SandboxError', message: job.message ?? `the job ended as ${job.status}`, ...rest }
  }
  const isSuccess = [results.compile_result, results.run_result].every(
    (result) => result === null || (result.status === 'Finished' && result.return_code === 0),
  )
  return { status: isSuccess && run ? 'Success' : 'Failed', message: job.message ?? '', ...rest }
}

function commandResult(stage: Stage, held: LimitOverrides): CommandResult {
  const { exitCode, signal, wallMs, stdout, stderr } = stage
  const status = heldStatus(stage, held)
  const output = { execution_time: wallMs / SECOND, stdout, stderr }
  if (status === 'wall-time-limit' || status === 'cpu-time-limit') {
    return { status: 'TimeLimitExceeded', return_code: null, ...output }
  }
  return { status: 'Finished', return_code: returnCode(exitCode, signal, status), ...output }
}

/** Of a program that was killed: less than 0, as Python tells signals. */
function returnCode(exitCode: number | null, signal: string | null, status: string): number {
  if (signal !== null) return -((constants.signals as Record<string, number>)[signal] ?? constants.signals.SIGKILL)
  if (exitCode === null || (exitCode === 0 && status.endsWith('-limit'))) return -constants.signals.SIGKILL
  return exitCode
}
