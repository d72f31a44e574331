import type { Job, Stage } from '../../../shared/job.ts'
import type { Language } from '../../../shared/language.ts'
import { type LimitOverrides, type Limits, MIB, SECOND } from '../../../shared/limits.ts'
import type { Runtimes } from '../../../shared/redis/worker-registry.ts'
import type { CodeRequest } from '../../../shared/requests.ts'
import { howToInstall } from '../../runtimes/installed.ts'
import { exactOutput } from '../system/exact-output.ts'
import { heldLimits, heldStatus } from '../system/held-limits.ts'
import { membersOf, shown } from '../system/read-body.ts'
import { sourceName } from '../system/source-name.ts'
import { escapeBytes } from './escape-bytes.ts'

/** What is wrong with a request, in Jobe's words. */
export class JobeFault extends Error {
  override readonly name = 'JobeFault'
}

/** Jobe's names of languages that have another id here. */
const NAMES: Readonly<Record<string, string>> = { python3: 'python', nodejs: 'javascript' }
const nameOf = (language: Language): string =>
  Object.keys(NAMES).find((name) => NAMES[name] === language.id) ?? language.id

const MAX_CPU_SECONDS = 120
/** What is taken where nothing is asked for: `cputime` s, `streamsize` MB, `numprocs`; 0 MB is the service's own, of which sandboxes wait ready. */
const DEFAULTS = { cputime: 5, memorylimit: 0, streamsize: 2, numprocs: 30 }
const COMPILER_ARGS: Readonly<Record<string, readonly string[]>> = {
  c: ['-Wall', '-Werror'],
  cpp: ['-Wall', '-Werror'],
}
const FILE_NAME = /^[\w.-]{1,255}$/

export const OUTCOME = {
  compile: 11,
  runtime: 12,
  time: 13,
  success: 15,
  memory: 17,
  illegal: 19,
  internal: 20,
  overload: 21,
} as const

export interface RunResult {
  run_id: string | null
  outcome: number
  cmpinfo: string
  stdout: string
  stderr: string
}

/** The languages that can be run, as `[name, version]`. */
export const jobeLanguages = (languages: readonly Language[], runtimes: Runtimes | undefined): [string, string][] =>
  languages.flatMap((language): [string, string][] => {
    const version = runtimes?.languages[language.id]
    return version === undefined ? [] : [[nameOf(language), version]]
  })

/** A run that was asked for. */
export interface Run {
  request: CodeRequest
  /** Files that were sent before: id and name. */
  files: { id: string; name: string }[]
  held: LimitOverrides
}

/**
 * Reads `{run_spec}`.
 * @throws JobeFault
 */
export function readRun(
  body: unknown,
  languages: readonly Language[],
  runtimes: Runtimes | undefined,
  { defaults, ceilings }: { defaults: Limits; ceilings: Limits },
): Run {
  const spec = membersOf(membersOf(body)['run_spec'])
  const { language_id: id, sourcecode, sourcefilename, input, file_list: fileList = [] } = spec
  for (const name of ['language_id', 'sourcecode']) {
    if (spec[name] === undefined) throw new JobeFault(`run_spec is missing the required attribute '${name}'`)
  }
  const wanted = typeof id === 'string' ? ((Object.hasOwn(NAMES, id) ? NAMES[id] : undefined) ?? id) : ''
  const language = languages.find((one) => one.id === wanted)
  if (!language || runtimes?.languages[wanted] === undefined)
    throw new JobeFault(`Language '${shown(id)}' is not known${language ? `; ${howToInstall(language)}` : ''}`)
  if (typeof sourcecode !== 'string') throw new JobeFault('The sourcecode for the run_spec must be a string')
  const hasName = sourcefilename !== undefined && sourcefilename !== null && sourcefilename !== ''
  if (
    hasName &&
    (typeof sourcefilename !== 'string' || !FILE_NAME.test(sourcefilename) || /^\.+$/.test(sourcefilename))
  ) {
    throw new JobeFault('The sourcefilename for the run_spec is illegal')
  }
  if (input !== undefined && input !== null && typeof input !== 'string') {
    throw new JobeFault('The input for the run_spec must be a string')
  }
  const path = sourceName(typeof sourcefilename === 'string' ? sourcefilename : undefined, language)
  const parameters = membersOf(spec['parameters'])
  const { held, limits } = heldLimits(readLimits(parameters), language, defaults, ceilings)
  const compilerArgs = language.compile?.argv.includes('{compilerArgs}')
    ? [
        ...(listOf(parameters, 'compileargs') ?? COMPILER_ARGS[language.id] ?? []),
        ...(listOf(parameters, 'linkargs') ?? []),
      ]
    : []
  return {
    held,
    files: readFileList(fileList),
    request: {
      language: language.id,
      files: [{ path, content: sourcecode }],
      entrypoint: path,
      ...(typeof input === 'string' && { stdin: input }),
      args: listOf(parameters, 'runargs') ?? [],
      ...(compilerArgs.length > 0 && { compilerArgs }),
      limits,
    },
  }
}

function readLimits(parameters: Readonly<Record<string, unknown>>): LimitOverrides {
  const number = (name: keyof typeof DEFAULTS): number => {
    const value = parameters[name]
    if (value === undefined || value === null) return DEFAULTS[name]
    const given = typeof value === 'string' ? Number(value) : value
    if (typeof given !== 'number' || !Number.isFinite(given) || given < 0)
      throw new JobeFault(`${name} is not a number`)
    return given
  }
  const seconds = number('cputime')
  if (seconds > MAX_CPU_SECONDS) {
    throw new JobeFault(`cputime exceeds maximum allowed on this Jobe server (${MAX_CPU_SECONDS} secs)`)
  }
  const memory = number('memorylimit')
  return {
    cpuMs: Math.max(1, seconds * SECOND),
    wallMs: Math.max(1, 2 * seconds * SECOND),
    // 0: no limit, so the service's own.
    ...(memory > 0 && { memoryBytes: memory * MIB }),
    outputBytes: Math.max(1, number('streamsize') * MIB),
    processes: Math.max(1, number('numprocs')),
  }
}

function listOf(parameters: Readonly<Record<string, unknown>>, name: string): string[] | undefined {
  const value = parameters[name]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw new JobeFault(`${name} must be a list of strings`)
  }
  return value
}

function readFileList(value: unknown): Run['files'] {
  if (value === null) return []
  if (!Array.isArray(value)) throw new JobeFault('Invalid file specifier: file_list is not a list')
  return value.map((one: unknown) => {
    const [id, name] = Array.isArray(one) ? (one as unknown[]) : []
    if (typeof id !== 'string' || typeof name !== 'string' || !FILE_ID.test(id) || !FILE_NAME.test(name)) {
      throw new JobeFault(`Invalid file specifier: ${JSON.stringify(one)}`)
    }
    return { id, name }
  })
}

export const FILE_ID = /^[A-Za-z0-9]{1,64}$/

/** What Jobe tells of a run. Anything on standard error makes it a runtime error. */
export function jobeResult(job: Job, held: LimitOverrides): RunResult {
  const compile = job.stages.find(({ name }) => name === 'compile')
  const run = job.stages.find(({ name }) => name === 'run')
  const of = (outcome: number, rest: Partial<RunResult>) => ({
    run_id: job.id,
    outcome,
    cmpinfo: '',
    stdout: '',
    stderr: '',
    ...rest,
  })
  if (!run) {
    if (!compile || job.status === 'internal-error' || job.status === 'cancelled') {
      return of(OUTCOME.internal, { stderr: job.message ?? '' })
    }
    const cmpinfo = escapeBytes(exactOutput(compile, 'output')) || (job.message ?? 'the compiler failed')
    return of(OUTCOME.compile, { cmpinfo })
  }
  const stdout = escapeBytes(exactOutput(run, 'stdout'))
  const stderr = escapeBytes(exactOutput(run, 'stderr'))
  const outcome = outcomeOf(run, held, stderr)
  const says = outcome === OUTCOME.runtime && stderr === ''
  return of(outcome, { stdout, stderr: says ? endOf(run, job.message) : stderr })
}

function outcomeOf(run: Stage, held: LimitOverrides, stderr: string): number {
  switch (heldStatus(run, held)) {
    case 'wall-time-limit':
    case 'cpu-time-limit':
      return OUTCOME.time
    case 'memory-limit':
      return OUTCOME.memory
    case 'internal-error':
    case 'cancelled':
      return OUTCOME.internal
    case 'succeeded':
      return stderr === '' ? OUTCOME.success : OUTCOME.runtime
    default:
      return OUTCOME.runtime
  }
}

/** How a program ended that did not tell. */
function endOf({ signal, exitCode }: Stage, message: string | null): string {
  if (signal !== null) return `Terminated by signal ${signal}`
  return message ?? `Exited with status ${exitCode}`
}
