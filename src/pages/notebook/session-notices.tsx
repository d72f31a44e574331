import type { RunyardError } from '../../client/client.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { formatClock } from '../design/format.ts'
import { MORE_LIFETIME_MS } from './session/extension.ts'
import type { SessionState } from './session/session-state.ts'

export interface SessionNoticesProps {
  state: SessionState
  /** What was refused outside of the session. */
  problem: RunyardError | null
  hasKernels: boolean
  onStart: () => void
  onKeep: () => void
}

/** What there is to tell of the session, with what can be done about it. */
export function SessionNotices({ state, problem, hasKernels, onStart, onKeep }: SessionNoticesProps) {
  const { phase, ended, ending } = state
  const refused = problem ?? state.problem
  return (
    <div class="session-notices">
      {refused && <ProblemNotice problem={refused} />}
      {!hasKernels && (
        <p class="notice warn">
          No language here has an interpreter for notebooks. The operator installs one with{' '}
          <code>npx runyard languages install python --kernel</code>.
        </p>
      )}
      {phase === 'ended' && (
        <div class="notice warn" role="alert">
          <strong>The session has ended</strong>
          <p>{ended} Its variables and files are gone; the notebook is still here.</p>
          <div class="actions">
            <button type="button" class="button" onClick={onStart}>
              Start a new session
            </button>
          </div>
        </div>
      )}
      {phase === 'running' && ending !== null && (
        <div class="notice warn" role="status">
          <p>
            The session ends at {formatClock(Date.parse(ending.endsAt))}
            {ending.reason === 'idle' ? ' unless it is used.' : ': it reaches its maximum lifetime.'}
          </p>
          <div class="actions">
            <button type="button" class="button" onClick={onKeep}>
              {ending.reason === 'idle' ? 'Keep it' : `Extend it by ${MORE_LIFETIME_MS / 60_000} minutes`}
            </button>
          </div>
        </div>
      )}
    </div>
  )
}

function startWords(packages: number, installing: string | null): string {
  if (installing !== null) return `Installing packages: ${installing}`
  return packages === 0 ? 'Starting a session' : 'Installing packages, starting a session'
}

/** How the session stands, in the bar. */
export function SessionBadge({
  state: { phase, installing, queue, interrupting, connected },
  packages,
}: {
  state: SessionState
  /** How many packages a session begins with. */
  packages: number
}) {
  const [tone, words] = !connected
    ? ['warn', 'Connection lost, reconnecting …']
    : phase === 'starting'
      ? ['busy moving', startWords(packages, installing)]
      : phase === 'ended'
        ? ['warn', 'Session ended']
        : phase === 'none'
          ? ['neutral', 'No session yet']
          : queue.length > 0
            ? ['busy moving', interrupting ? 'Interrupting …' : 'Running']
            : ['good', 'Ready']
  return (
    <span class={`badge ${tone}`} role="status">
      {words}
    </span>
  )
}
