import { InvalidArgumentError } from 'commander'
import { type Scope, SCOPES } from '../shared/access/api-key.ts'
import { parseTime } from '../shared/access/parse-time.ts'
import type { LimitOverrides } from '../shared/limits.ts'
import type { ScreeningPolicy } from '../shared/screening-policy.ts'
import { MINUTE } from '../shared/units.ts'

/** What `runyard keys create` was given. */
export interface KeyOptions {
  name: string
  tenant: string
  scope?: Scope[]
  /** Tokens a minute. */
  rate?: number
  burst?: number
  maxRunning?: number
  maxSessions?: number
  limit?: LimitOverrides
  screening?: ScreeningPolicy
  /** RFC 3339. */
  expires?: string
  /** URL that is told of the end of jobs that name none. */
  webhook?: string
}

/** `jobs,containers`. */
export function parseScopes(text: string): Scope[] {
  const names = text.split(',').map((name) => name.trim())
  const scopes = SCOPES.filter((scope) => names.includes(scope))
  if (scopes.length !== names.length) {
    throw new InvalidArgumentError(`It must be one or more of ${SCOPES.join(', ')}, comma-separated.`)
  }
  return scopes
}

/** `600/min` or `10/s`, as tokens a minute. */
export function parseRate(text: string): number {
  const [, count, unit] = /^(\d{1,9})\/(min|s)$/.exec(text) ?? []
  if (count === undefined) throw new InvalidArgumentError('It must be like 600/min or 10/s.')
  return Number(count) * (unit === 's' ? 60 : 1)
}

const UNIT_MS = { m: MINUTE, h: 60 * MINUTE, d: 24 * 60 * MINUTE } as const

/** `30d`, `12h`, `10m` from now, `2027-01-31` (its beginning in UTC) or RFC 3339; as RFC 3339. */
export function parseExpiry(text: string, nowMs = Date.now()): string {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  if (count !== undefined) {
    return new Date(nowMs + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]).toISOString()
  }
  const time = parseTime(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
  if (time === undefined) {
    throw new InvalidArgumentError('It must be like 30d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z.')
  }
  return new Date(time).toISOString()
}
