import type { JobSummary, Stage, Status } from '../../../shared/job.ts'
import { heldStatus } from '../system/held-limits.ts'

/** Judge0's statuses, in the order of their ids from 1. */
const NAMES = [
  'In Queue',
  'Processing',
  'Accepted',
  'Wrong Answer',
  'Time Limit Exceeded',
  'Compilation Error',
  'Runtime Error (SIGSEGV)',
  'Runtime Error (SIGXFSZ)',
  'Runtime Error (SIGFPE)',
  'Runtime Error (SIGABRT)',
  'Runtime Error (NZEC)',
  'Runtime Error (Other)',
  'Internal Error',
  'Exec Format Error',
] as const

export const JUDGE0_STATUSES = NAMES.map((description, index) => ({ id: index + 1, description }))

const QUEUED = 1
const RUNNING = 2
export const ACCEPTED = 3
export const COMPILATION_ERROR = 6
const OTHER = 12

const BY_STATUS: Readonly<Partial<Record<Status, number>>> = {
  succeeded: ACCEPTED,
  'wrong-answer': 4,
  'wall-time-limit': 5,
  'cpu-time-limit': 5,
  'compile-failed': COMPILATION_ERROR,
  'output-limit': 8,
  failed: 11,
  'memory-limit': OTHER,
}
const BY_SIGNAL: Readonly<Record<string, number>> = { SIGSEGV: 7, SIGXFSZ: 8, SIGFPE: 9, SIGABRT: 10 }

type StageEnd = Pick<Stage, 'name' | 'status' | 'signal' | 'cpuMs' | 'memoryPeakBytes'>

/** How a stage ended. @param held what its program had to keep to */
export function stageStatusId(stage: StageEnd, held: { cpuMs?: number; memoryBytes?: number }): number {
  const status = heldStatus(stage, held)
  if (status === 'signalled') return BY_SIGNAL[stage.signal ?? ''] ?? OTHER
  return BY_STATUS[status] ?? 13
}

/**
 * How a submission stands. A program that ran several times is told by the first run that was not accepted.
 * @param end the stage that tells how it ended; see `tellingStage`
 */
export function statusId(
  { state, status }: Pick<JobSummary, 'state' | 'status'>,
  end: StageEnd | undefined,
  held: { cpuMs?: number; memoryBytes?: number },
): number {
  if (state === 'queued') return QUEUED
  if (state === 'running') return RUNNING
  if (status === 'compile-failed') return COMPILATION_ERROR
  if (!end || status === 'internal-error' || status === 'cancelled') return 13
  return end.name === 'compile' ? COMPILATION_ERROR : stageStatusId(end, held)
}
