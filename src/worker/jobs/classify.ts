import { constants } from 'node:os'
import type { Status } from '../../shared/job.ts'
import { LIMIT_NAMES, type Limits } from '../../shared/limits.ts'
import type { StageStart } from '../sandbox/frames.ts'
import type { StageReport } from '../sandbox/stage-report.ts'

/** Where a signal has two names, the one listed first is the usual one: SIGABRT, not SIGIOT. */
const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number as number, name]),
)

/** `SIGSEGV` for 11; `SIG60` for a real-time signal, which has no name. */
export function signalName(signal: number): string {
  return SIGNAL_NAMES.get(signal) ?? `SIG${signal}`
}

export interface Outcome {
  status: Status
  /** A sentence for the job's owner when the status alone does not tell; else null. */
  message: string | null
}

/** What a shell answers for a command it does not find or may not run. */
const EXIT_NOT_STARTED = 127

/**
 * How a stage ended, from init's report. Limits come first: the first cause of an end wins, and init tells it.
 * @param name of the stage, for the message
 * @param start what this stage was given: its limits of time, and what was left of the job's output
 */
export function classify(
  report: StageReport,
  name: string,
  kind: 'compile' | 'run',
  start: Pick<StageStart, 'wallMs' | 'cpuMs' | 'outputBytes'>,
  limits: Limits,
): Outcome {
  switch (report.reason) {
    case 'wall':
      return { status: 'wall-time-limit', message: `stage ${name} took longer than ${start.wallMs} ms` }
    case 'cpu':
      return { status: 'cpu-time-limit', message: `stage ${name} used more than ${start.cpuMs} ms of CPU time` }
    case 'output':
      return { status: 'output-limit', message: `stage ${name} wrote more than ${start.outputBytes} bytes` }
    case 'kill':
      return { status: 'cancelled', message: null }
    case 'start':
      if (report.error?.call === 'write' && report.error.errno === constants.errno.ENOSPC) {
        const message = `stage ${name} could not be started: the files of the job do not fit into its file system of ${limits.fileBytes} bytes (fileBytes)`
        return { status: kind === 'compile' ? 'compile-failed' : 'failed', message }
      }
      return {
        status: kind === 'compile' ? 'compile-failed' : 'failed',
        message: `stage ${name} could not be started: ${report.error?.call ?? 'start'}: ${report.error?.message ?? 'unknown'}`,
      }
    case 'exit':
      return classifyExit(report, name, kind, { ...limits, cpuMs: start.cpuMs })
  }
}

function classifyExit(report: StageReport, name: string, kind: 'compile' | 'run', limits: Limits): Outcome {
  if (report.exitCode === 0) return { status: 'succeeded', message: null }
  if (report.oomKills > 0) {
    return { status: 'memory-limit', message: `stage ${name} needed more than ${limits.memoryBytes} bytes of memory` }
  }
  if (report.signal === constants.signals.SIGXCPU) {
    return { status: 'cpu-time-limit', message: `stage ${name} used more than ${limits.cpuMs} ms of CPU time` }
  }
  if (kind === 'compile') return { status: 'compile-failed', message: null }
  return { status: report.signal === null ? 'failed' : 'signalled', message: null }
}

/** What runtimes write when the kernel refuses them something at a limit, in their last words. */
const REFUSED = {
  processes:
    /can't start new thread|[Uu]nable to create (?:native )?thread|[Cc]annot (?:fork|allocate thread)|fork: (?:retry: )?Resource temporarily|spawn \S+ EAGAIN|pthread_create failed/,
  fileBytes: /File too large|EFBIG: file too large/,
  openFiles: /[Tt]oo many open files|spawn \S+ EMFILE/,
}

/**
 * The limits a stage came to, whether they ended it or not. Init sees a process at a limit only while it is there; of one that
 * ended at once its last words tell.
 * @param lastWords the end of what a stage that failed wrote to standard error
 */
export function limitsMet(report: StageReport, kind: 'compile' | 'run', lastWords = ''): (keyof Limits)[] {
  const { reason, reached, oomKills, signal, truncated } = report
  const isMet = (limit: keyof typeof REFUSED) =>
    reached.includes(limit) || (kind === 'run' && report.exitCode !== 0 && REFUSED[limit].test(lastWords))
  const met: Record<keyof Limits, boolean> = {
    wallMs: reason === 'wall' && kind === 'run',
    cpuMs: reason === 'cpu' || signal === constants.signals.SIGXCPU,
    compileWallMs: reason === 'wall' && kind === 'compile',
    memoryBytes: oomKills > 0,
    processes: isMet('processes'),
    outputBytes: truncated,
    fileBytes: isMet('fileBytes'),
    openFiles: isMet('openFiles'),
    stackBytes: false,
  }
  return LIMIT_NAMES.filter((name) => met[name])
}

/** What is said of a limit that was met beside how the stage ended. */
const ALSO_MET: Partial<Record<keyof Limits, (limit: number) => string>> = {
  memoryBytes: (limit) =>
    `the kernel killed a process because the job's memory had reached ${limit} bytes (memoryBytes)`,
  processes: (limit) => `it reached the limit of ${limit} processes and threads (processes)`,
  fileBytes: (limit) => `its files reached the limit of ${limit} bytes (fileBytes)`,
  openFiles: (limit) => `a process reached the limit of ${limit} open files (openFiles)`,
}

/**
 * The message of a stage with the limits it came to that its status does not name. One that succeeded has coped with them,
 * but that a process was killed is said.
 */
export function withLimits(
  message: string | null,
  name: string,
  status: Status,
  met: readonly (keyof Limits)[],
  limits: Limits,
): string | null {
  const isNews = (limit: keyof Limits) => {
    if (status === 'succeeded') return limit === 'memoryBytes'
    if (status === 'memory-limit') return limit !== 'memoryBytes'
    return status !== 'cancelled'
  }
  const said = met.filter(isNews).flatMap((limit) => ALSO_MET[limit]?.(limits[limit]) ?? [])
  return said.length === 0 ? message : [message ?? `stage ${name}`, ...said].join(message === null ? ': ' : '; ')
}

/** The exit code to show: a program that could not be started has that of a shell in the same place. */
export function shownExitCode(report: StageReport): number | null {
  return report.reason === 'start' ? EXIT_NOT_STARTED : report.exitCode
}
