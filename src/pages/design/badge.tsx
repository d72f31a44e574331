import type { State, Status } from '../../shared/job.ts'

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'neutral'

/** How each end of a job is told to people. */
export const STATUS_WORDS: Record<Status, { tone: Tone; words: string }> = {
  succeeded: { tone: 'good', words: 'Succeeded' },
  failed: { tone: 'bad', words: 'Failed' },
  signalled: { tone: 'bad', words: 'Ended by a signal' },
  'compile-failed': { tone: 'bad', words: 'Did not compile' },
  'wall-time-limit': { tone: 'warn', words: 'Out of time' },
  'cpu-time-limit': { tone: 'warn', words: 'Out of CPU time' },
  'memory-limit': { tone: 'warn', words: 'Out of memory' },
  'output-limit': { tone: 'warn', words: 'Too much output' },
  'wrong-answer': { tone: 'bad', words: 'Wrong answer' },
  'judge-error': { tone: 'warn', words: 'Judge failed' },
  'environment-failed': { tone: 'bad', words: 'No packages' },
  cancelled: { tone: 'neutral', words: 'Cancelled' },
  'internal-error': { tone: 'bad', words: 'Internal error' },
}

export const STATE_WORDS: Record<State, { tone: Tone; words: string }> = {
  queued: { tone: 'neutral', words: 'Queued' },
  running: { tone: 'busy', words: 'Running' },
  finished: { tone: 'neutral', words: 'Finished' },
  cancelled: { tone: 'neutral', words: 'Cancelled' },
}

export function Badge({ tone, words, moving = false }: { tone: Tone; words: string; moving?: boolean }) {
  return <span class={`badge ${tone}${moving ? ' moving' : ''}`}>{words}</span>
}

/** Where a job is, or how it ended. */
export function JobBadge({ state, status }: { state: State; status: Status | null }) {
  return <Badge {...(status ? STATUS_WORDS[status] : STATE_WORDS[state])} moving={state === 'running'} />
}
