import type { Environment } from './environment.ts'

/** What can be expected of an environment: its state, unless an operator has done something to it since it was ready. */
export type EnvironmentStanding = Environment['state'] | 'banned' | 'evicted'

export function standingOf({
  state,
  ban,
  evictedAt,
}: Pick<Environment, 'state' | 'ban' | 'evictedAt'>): EnvironmentStanding {
  if (ban !== null) return 'banned'
  return evictedAt === null ? state : 'evicted'
}
