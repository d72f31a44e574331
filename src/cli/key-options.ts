import { InvalidArgumentError } from 'commander'
import { Compile } from 'typebox/compile'
import { type Rate, type Scope, SCOPES } from '../shared/access/api-key.ts'
import { NewApiKey, newApiKeyErrors } from '../shared/access/new-api-key.ts'
import { parseTime } from '../shared/access/parse-time.ts'
import type { Config } from '../shared/config/config.ts'
import { LIMIT_NAMES, type LimitOverrides, MINUTE } from '../shared/limits.ts'
import type { ScreeningPolicy } from '../shared/screening-policy.ts'
import { UsageError } from './context.ts'

/** What `runyard keys create` was given. */
export interface KeyOptions {
  name: string
  tenant: string
  scope?: Scope[]
  /** Tokens a minute. */
  rate?: number
  burst?: number
  maxRunning?: number
  limit?: LimitOverrides
  screening?: ScreeningPolicy
  /** RFC 3339. */
  expires?: string
  /** URL that is told of the end of jobs that name none. */
  webhook?: string
}

const newApiKey = Compile(NewApiKey)

/** Which option a field comes from, where the two are not of one name. */
const OPTION_OF: Record<string, string> = {
  scopes: 'scope',
  maxRunningJobs: 'max-running',
  limits: 'limit',
  expiresAt: 'expires',
}

/**
 * What these options ask for, checked as the admin API checks its body.
 * @throws UsageError naming the options that cannot be used
 */
export function newKeyOf(
  options: KeyOptions,
  { limits, rates, webhooks }: Pick<Config, 'limits' | 'rates' | 'webhooks'>,
): NewApiKey {
  const { name, tenant, scope, rate, burst, maxRunning, limit, screening, expires, webhook } = options
  const { perMinute, burst: usualBurst } = rates.submit
  const asked = rate !== undefined || burst !== undefined
  const ownRate: Rate = { perMinute: rate ?? perMinute, burst: burst ?? usualBurst }
  const fields: NewApiKey = {
    name,
    tenant,
    ...(scope && { scopes: scope }),
    ...(asked && { rate: ownRate }),
    ...(maxRunning !== undefined && { maxRunningJobs: maxRunning }),
    ...(limit && { limits: limit }),
    ...(screening && { screening }),
    ...(expires !== undefined && { expiresAt: expires }),
    ...(webhook !== undefined && { webhook: { url: webhook } }),
  }
  const errors = newApiKey.Check(fields)
    ? newApiKeyErrors(fields, limits.ceilings, Date.now(), webhooks)
    : newApiKey.Errors(fields).map(({ instancePath, keyword, message }) => ({
        pointer: instancePath,
        detail: keyword === 'pattern' && instancePath === '/tenant' ? TENANT_WORDS : message,
      }))
  if (errors.length > 0) throw new UsageError(errors.map(sentence).join('; '))
  return fields
}

const TENANT_WORDS = 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-", the first a letter or a digit'

function sentence({ pointer, detail }: { pointer: string; detail: string }): string {
  const [, field = '', ...rest] = pointer.split('/')
  return [`--${OPTION_OF[field] ?? field}`, ...rest, detail].join(' ')
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

export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

/** `wallMs=10000`, once or more often. */
export function parseLimit(text: string, previous: LimitOverrides = {}): LimitOverrides {
  const [, name, value] = /^(\w+)=(\d{1,16})$/.exec(text) ?? []
  const known = LIMIT_NAMES.find((one) => one === name)
  if (!known) throw new InvalidArgumentError(`It must be like wallMs=10000, with one of ${LIMIT_NAMES.join(', ')}.`)
  return { ...previous, [known]: Number(value) }
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
