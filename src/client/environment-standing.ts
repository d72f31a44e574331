import type { Environment } from './api-types.ts'

/** What can be expected of an environment: its state, unless an operator has done something to it since it was ready. */
export type EnvironmentStanding = Environment['state'] | 'banned' | 'evicted'

/** An older service does not tell of bans and evictions. */
type Told = Pick<Environment, 'state'> & Partial<Pick<Environment, 'ban' | 'evictedAt'>>

export function standingOf({ state, ban = null, evictedAt = null }: Told): EnvironmentStanding {
  if (ban !== null) return 'banned'
  return evictedAt === null ? state : 'evicted'
}
