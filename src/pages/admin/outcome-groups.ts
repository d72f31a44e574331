import type { Status } from '../../shared/job.ts'

/** How jobs end, in as few groups as a chart can tell apart. */
export const OUTCOME_GROUPS: { name: string; color: string; statuses: Status[] }[] = [
  { name: 'Succeeded', color: 'good', statuses: ['succeeded'] },
  { name: 'Failed', color: 'busy', statuses: ['failed', 'signalled', 'compile-failed', 'wrong-answer'] },
  {
    name: 'At a limit',
    color: 'warn',
    statuses: ['wall-time-limit', 'cpu-time-limit', 'memory-limit', 'output-limit'],
  },
  { name: 'Cancelled', color: 'calm', statuses: ['cancelled'] },
  { name: 'Internal error', color: 'bad', statuses: ['internal-error'] },
]

export const countOf = (outcomes: Partial<Record<Status, number>>, statuses: readonly Status[]): number =>
  statuses.reduce((sum, status) => sum + (outcomes[status] ?? 0), 0)
