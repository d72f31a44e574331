import type { State, Status } from '../../shared/job.ts'
import type { Verdict } from '../../shared/judging/verdict.ts'

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

/** How each verdict on a tested program is told to people. */
export const VERDICT_WORDS: Record<Verdict, { tone: Tone; words: string }> = {
  accepted: { tone: 'good', words: 'Accepted' },
  'wrong-answer': { tone: 'bad', words: 'Wrong answer' },
  'presentation-error': { tone: 'warn', words: 'Presentation error' },
  'time-limit': { tone: 'warn', words: 'Time limit' },
  'memory-limit': { tone: 'warn', words: 'Memory limit' },
  'output-limit': { tone: 'warn', words: 'Output limit' },
  'runtime-error': { tone: 'bad', words: 'Runtime error' },
  'compile-error': { tone: 'bad', words: 'Did not compile' },
  'judge-error': { tone: 'warn', words: 'Judge failed' },
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
