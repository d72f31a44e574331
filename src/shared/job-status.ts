/** Where a job is. */
export const STATES = ['queued', 'running', 'finished', 'cancelled'] as const
export type State = (typeof STATES)[number]

/** How a finished job ended. The one list that schema, worker, documentation, command line and pages share. */
export const STATUSES = [
  'succeeded',
  'failed',
  'signalled',
  'compile-failed',
  'wall-time-limit',
  'cpu-time-limit',
  'memory-limit',
  'output-limit',
  'wrong-answer',
  'judge-error',
  'environment-failed',
  'cancelled',
  'internal-error',
] as const
export type Status = (typeof STATUSES)[number]
