import { constants } from 'node:os'
import type { JobSummary, Status } from '../client/client.ts'

/**
 * With what `runyard` ends where it is not the program's own exit code. docs/cli.md lists them. Those of the service are those
 * of sysexits.h, those of programs lie where few programs have theirs; 124 is that of timeout(1).
 */
export const EXIT = {
  /** A command, an option, a file, a language, a limit or an id that cannot be used. */
  usage: 64,
  /** The service cannot be reached, or cannot work now. */
  unavailable: 69,
  /** The service failed. */
  internal: 70,
  /** What this command writes cannot be written. */
  cannotWrite: 74,
  /** Too many requests or jobs; the same can work later. */
  tooMany: 75,
  /** A key is missing or wrong, or the submission was refused. */
  refused: 77,
  /** A setting that cannot be used. */
  setting: 78,
  /** Packages cannot be installed. */
  packages: 118,
  /** A checker or an interactor failed. */
  judgeFailed: 119,
  compileFailed: 120,
  wrongAnswer: 121,
  memoryLimit: 122,
  outputLimit: 123,
  timeLimit: 124,
  cancelled: 130,
  /** Nobody reads what is written. */
  brokenPipe: 141,
} as const

/** Ends the command. Its message is all a person needs. */
export class ExitError extends Error {
  override readonly name = 'ExitError'
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

const OF_STATUS: Record<Exclude<Status, 'failed' | 'signalled'>, number> = {
  succeeded: 0,
  'compile-failed': EXIT.compileFailed,
  'wall-time-limit': EXIT.timeLimit,
  'cpu-time-limit': EXIT.timeLimit,
  'memory-limit': EXIT.memoryLimit,
  'output-limit': EXIT.outputLimit,
  'wrong-answer': EXIT.wrongAnswer,
  'judge-error': EXIT.judgeFailed,
  'environment-failed': EXIT.packages,
  cancelled: EXIT.cancelled,
  'internal-error': EXIT.internal,
}

/** A program's own exit code, 128 and the signal's number as shells have it, or one of `EXIT`. */
export function exitCodeOf({ status, stages }: Pick<JobSummary, 'status' | 'stages'>): number {
  const stage = stages.find((one) => one.status === status)
  if (status === 'failed') return stage?.exitCode ?? 1
  if (status === 'signalled') return 128 + (constants.signals[stage?.signal as NodeJS.Signals] ?? 0)
  return status === null ? EXIT.internal : OF_STATUS[status]
}
