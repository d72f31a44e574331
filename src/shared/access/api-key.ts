import Type, { type Static } from 'typebox'
import { LimitOverrides } from '../limits.ts'
import { orNull } from '../schema.ts'
import { ScreeningPolicy } from '../screening-policy.ts'
import { Webhook } from '../webhook.ts'

/**
 * What a key opens: `jobs`, `containers` and `sessions` to run those and read one's own, `files` to store files, `admin` to look after the
 * service.
 */
export const SCOPES = ['jobs', 'containers', 'files', 'sessions', 'admin'] as const
export const Scope = Type.Enum(SCOPES)
export type Scope = (typeof SCOPES)[number]

/** Tokens come back at `perMinute`; at most `burst` of them are kept. */
export const Rate = Type.Object(
  { perMinute: Type.Integer({ minimum: 1, maximum: 1e9 }), burst: Type.Integer({ minimum: 1, maximum: 1e6 }) },
  { additionalProperties: false },
)
export type Rate = Static<typeof Rate>

/** What is kept of a key. The secret itself is not: only who holds the key knows it. */
export const ApiKey = Type.Object({
  id: Type.String(),
  name: Type.String(),
  tenant: Type.String({ description: 'whose jobs it submits and reads; keys of one tenant share them' }),
  scopes: Type.Array(Scope),
  rate: orNull(Rate),
  maxRunningJobs: orNull(Type.Integer({ minimum: 1, description: 'jobs of its tenant that run at one time' })),
  maxSessions: orNull(Type.Integer({ minimum: 1, description: 'sessions of its tenant at one time' })),
  limits: LimitOverrides,
  screening: orNull(ScreeningPolicy),
  webhook: orNull(Webhook),
  createdAt: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
  expiresAt: orNull(Type.String({ format: 'date-time' })),
  revokedAt: orNull(Type.String({ format: 'date-time' })),
})
export type ApiKey = Static<typeof ApiKey>
