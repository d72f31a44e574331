import Type, { type Static } from 'typebox'
import { LIMIT_MINIMA, LIMIT_NAMES } from './limit-names.ts'
import { GIB, KIB, MIB, MINUTE, SECOND } from './units.ts'

export { GIB, KIB, LIMIT_MINIMA, LIMIT_NAMES, MIB, MINUTE, SECOND }

/** Node fires a timer of more than this at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

const limit = (name: keyof typeof LIMIT_MINIMA, description: string) =>
  Type.Integer({ minimum: LIMIT_MINIMA[name], maximum: Number.MAX_SAFE_INTEGER, description })

/** The hard limits of one job. Each stage (compile, run) has them to itself. */
export const Limits = Type.Object(
  {
    wallMs: limit('wallMs', 'Wall time of the run stage, in milliseconds; then SIGTERM, a grace, SIGKILL.'),
    cpuMs: limit('cpuMs', 'CPU time of a stage over all its processes, in milliseconds; then SIGKILL.'),
    compileWallMs: limit('compileWallMs', 'Wall time of the compile stage, in milliseconds.'),
    memoryBytes: limit('memoryBytes', 'Memory of all processes and files of the job together, in bytes.'),
    processes: limit('processes', 'Processes and threads at one time.'),
    outputBytes: limit('outputBytes', 'Standard output and standard error of a stage together, in bytes.'),
    fileBytes: limit('fileBytes', "Size of the job's file system, in bytes; at most half of its memory."),
    openFiles: limit('openFiles', 'Open files of one process.'),
    stackBytes: limit('stackBytes', 'Stack of a process, in bytes.'),
  },
  { additionalProperties: false },
)
export type Limits = Static<typeof Limits>

/** Some of the limits: what a job asks for, or what a language needs. */
export const LimitOverrides = Type.Partial(Limits, { additionalProperties: false })
export type LimitOverrides = Static<typeof LimitOverrides>

/** What a job gets when neither it nor its language says otherwise. */
export const DEFAULT_LIMITS: Limits = {
  wallMs: 30 * SECOND,
  cpuMs: 30 * SECOND,
  compileWallMs: 30 * SECOND,
  memoryBytes: 512 * MIB,
  processes: 64,
  outputBytes: MIB,
  fileBytes: 64 * MIB,
  openFiles: 256,
  stackBytes: 8 * MIB,
}

/** The most a job may ask for, unless the operator sets other ceilings. */
export const DEFAULT_CEILINGS: Limits = {
  wallMs: 2 * MINUTE,
  cpuMs: 2 * MINUTE,
  compileWallMs: 2 * MINUTE,
  memoryBytes: 2 * GIB,
  processes: 256,
  outputBytes: 8 * MIB,
  fileBytes: 512 * MIB,
  openFiles: 1024,
  stackBytes: 64 * MIB,
}

/**
 * Names the limits asked for that are above the operator's ceiling.
 * @returns one entry per offender, empty when all are allowed
 */
export function limitsAboveCeiling(
  asked: LimitOverrides,
  ceilings: Limits,
): { name: keyof Limits; asked: number; ceiling: number }[] {
  return LIMIT_NAMES.flatMap((name) => {
    const value = asked[name]
    return value !== undefined && value > ceilings[name] ? [{ name, asked: value, ceiling: ceilings[name] }] : []
  })
}

/** Ceilings of which some are lowered. */
export function lowerOf(ceilings: Limits, own: LimitOverrides): Limits {
  const lower = { ...ceilings }
  for (const name of LIMIT_NAMES) lower[name] = Math.min(ceilings[name], own[name] ?? Infinity)
  return lower
}

/**
 * The most a job's file system may hold: files are memory too, and a full file system has no process whose end would free
 * it.
 */
export const fileBytesWithin = (memoryBytes: number): number => Math.floor(memoryBytes / 2)

/**
 * The limits a job runs under: its own, else its language's, else the defaults. A language's need may lie above a ceiling
 * the operator lowered; the ceiling wins. So does the memory over the file system.
 */
export function effectiveLimits(
  asked: LimitOverrides,
  language: LimitOverrides,
  defaults: Limits,
  ceilings: Limits,
): Limits {
  const limits = { ...defaults, ...language, ...asked }
  for (const name of LIMIT_NAMES) limits[name] = Math.min(limits[name], ceilings[name])
  limits.fileBytes = Math.min(limits.fileBytes, fileBytesWithin(limits.memoryBytes))
  return limits
}

/** What the agent of a session waits for at a time, with some room: it has the limits of any program, and could do nothing with less. */
export const LEAST_OPEN_FILES = 160
