import type { Session } from '../../../client/api-types.ts'
import type { SessionState } from './session-state.ts'

/** How much longer a session lives with one extension. */
export const MORE_LIFETIME_MS = 30 * 60_000

/** What is asked for so that a session does not end yet: its idle time begins anew, or its maximum lifetime is longer. */
export const extensionOf = (
  { idleTimeoutMs, maxLifetimeMs }: Pick<Session, 'idleTimeoutMs' | 'maxLifetimeMs'>,
  reason: NonNullable<SessionState['ending']>['reason'],
): Partial<Pick<Session, 'idleTimeoutMs' | 'maxLifetimeMs'>> =>
  reason === 'lifetime' ? { maxLifetimeMs: maxLifetimeMs + MORE_LIFETIME_MS } : { idleTimeoutMs }
