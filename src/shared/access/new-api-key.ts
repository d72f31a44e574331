import Type, { type Static } from 'typebox'
import { LimitOverrides, type Limits, limitsAboveCeiling } from '../limits.ts'
import type { FieldError } from '../problems.ts'
import { ScreeningPolicy } from '../screening-policy.ts'
import { Webhook } from '../webhook.ts'
import { checkWebhookUrl } from '../webhooks/check-webhook-url.ts'
import type { Reach } from '../webhooks/reach.ts'
import { Rate, Scope, SCOPES } from './api-key.ts'
import { parseTime } from './parse-time.ts'

const optional = Type.Optional

/** What a new key shall be: the body of `POST /v1/admin/keys`, and what `runyard keys create` makes of its options. */
export const NewApiKey = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]*$',
      description: 'for people; printable characters',
    }),
    tenant: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,63}$', description: 'whose jobs it submits and reads' }),
    scopes: optional(
      Type.Array(Scope, { minItems: 1, maxItems: SCOPES.length, uniqueItems: true, description: 'jobs when absent' }),
    ),
    rate: optional(Rate),
    maxRunningJobs: optional(Type.Integer({ minimum: 1, maximum: 1e6 })),
    maxSessions: optional(Type.Integer({ minimum: 1, maximum: 1e6 })),
    limits: optional(LimitOverrides),
    screening: optional(ScreeningPolicy),
    webhook: optional(Webhook),
    expiresAt: optional(Type.String({ description: 'RFC 3339, with a time zone' })),
  },
  { additionalProperties: false },
)
export type NewApiKey = Static<typeof NewApiKey>

/**
 * What the schema cannot say.
 * @param ceilings those of the service, above which no key can go
 * @param nowMs the time
 * @param reach where webhooks may go
 * @returns what is wrong, empty when nothing is
 */
export function newApiKeyErrors(
  fields: NewApiKey,
  ceilings: Limits,
  nowMs: number,
  reach: Reach = { allow: [] },
): FieldError[] {
  const { name, tenant, limits = {}, expiresAt } = fields
  const errors: FieldError[] = []
  if (name.trim() === '') errors.push({ pointer: '/name', detail: 'is blank' })
  // These are what callers without a key are.
  if (tenant === 'local' || tenant.startsWith('anonymous')) {
    errors.push({ pointer: '/tenant', detail: 'is a name that callers without a key have' })
  }
  for (const { name: limit, asked, ceiling } of limitsAboveCeiling(limits, ceilings)) {
    errors.push({ pointer: `/limits/${limit}`, detail: `is ${asked}; the most this service allows is ${ceiling}` })
  }
  const wrongUrl = fields.webhook && checkWebhookUrl(fields.webhook.url, reach)
  if (wrongUrl !== undefined) errors.push({ pointer: '/webhook/url', detail: wrongUrl })
  if (expiresAt !== undefined) {
    const time = parseTime(expiresAt)
    if (time === undefined) {
      errors.push({ pointer: '/expiresAt', detail: 'must be a time as RFC 3339 has it, e.g. 2027-01-31T00:00:00Z' })
    } else if (time <= nowMs) errors.push({ pointer: '/expiresAt', detail: 'is not in the future' })
  }
  return errors
}
