import { count, parseObject, ProtocolFault } from './frames.ts'

const REASONS = ['exit', 'wall', 'cpu', 'output', 'kill', 'start'] as const

/** Limits of which the kernel tells nobody that they refused something: init looks now and then whether a stage is at one. */
export const REACHED_LIMITS = ['processes', 'fileBytes', 'openFiles'] as const
export type ReachedLimit = (typeof REACHED_LIMITS)[number]

/** How a stage ended, as init reports it. Times in microseconds, sizes in bytes. */
export interface StageReport {
  reason: (typeof REASONS)[number]
  exitCode: number | null
  signal: number | null
  wallUs: number
  cpuUs: number
  /** Executed by its processes outside of the kernel; null where the machine does not count them. */
  instructions: number | null
  memoryPeakBytes: number
  oomKills: number
  stdoutBytes: number
  stderrBytes: number
  truncated: boolean
  error: { call: string; errno: number; message: string } | null
  /** Limits that init saw it come to, whatever that led to. */
  reached: ReachedLimit[]
  /**
   * System calls the program made that no honest program makes in a sandbox, by name, each with how often. Empty as well
   * where the kernel does not tell init of them.
   */
  refusedCalls: RefusedCall[]
}

export interface RefusedCall {
  name: string
  count: number
}

/** Most names of system calls in one report. */
const MAX_REFUSED_CALLS = 16
const SYSTEM_CALL = /^[a-z][a-z0-9_]{0,31}$/

/**
 * The report in a `D` frame.
 * @throws ProtocolFault when it is not one
 */
export function parseReport(payload: Uint8Array): StageReport {
  const report = parseObject(payload)
  const { reason, error } = report
  if (!REASONS.some((known) => known === reason)) throw new ProtocolFault(`unknown reason in report: ${String(reason)}`)
  return {
    reason: reason as StageReport['reason'],
    exitCode: report['exitCode'] === null ? null : count(report, 'exitCode'),
    signal: report['signal'] === null ? null : count(report, 'signal'),
    wallUs: count(report, 'wallUs'),
    cpuUs: count(report, 'cpuUs'),
    instructions: report['instructions'] === null ? null : count(report, 'instructions'),
    memoryPeakBytes: count(report, 'memoryPeakBytes'),
    oomKills: count(report, 'oomKills'),
    stdoutBytes: count(report, 'stdoutBytes'),
    stderrBytes: count(report, 'stderrBytes'),
    truncated: report['truncated'] === true,
    error: error === null ? null : parseError(error),
    reached: parseReached(report['reached']),
    refusedCalls: parseRefusedCalls(report['refusedCalls']),
  }
}

function parseError(value: unknown): { call: string; errno: number; message: string } {
  if (typeof value !== 'object' || value === null) throw new ProtocolFault('the error in a report is no object')
  const error = value as Record<string, unknown>
  return { call: String(error['call']), errno: count(error, 'errno'), message: String(error['message']) }
}

function parseReached(value: unknown): ReachedLimit[] {
  if (!Array.isArray(value)) throw new ProtocolFault('the limits reached are no list')
  return REACHED_LIMITS.filter((name) => value.includes(name))
}

function parseRefusedCalls(value: unknown): RefusedCall[] {
  if (!Array.isArray(value) || value.length > MAX_REFUSED_CALLS)
    throw new ProtocolFault('refused calls are no short list')
  return value.map((entry: unknown) => {
    const { name, count: times } = Object(entry) as Record<string, unknown>
    if (typeof name !== 'string' || !SYSTEM_CALL.test(name)) throw new ProtocolFault('a refused call has no name')
    return { name, count: count({ times }, 'times') }
  })
}
