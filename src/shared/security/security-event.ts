import Type, { type Static } from 'typebox'
import { orNull } from '../schema.ts'

/** What counts for or against a caller, or was done by an operator about it. */
export const SECURITY_EVENT_KINDS = [
  'submission-blocked',
  'rate-limited',
  'authentication-failed',
  'scope-refused',
  'time-limit',
  'escape-attempt',
  'caller-blocked',
  'caller-unblocked',
  'caller-allowed',
  'caller-disallowed',
  'key-created',
  'key-revoked',
  'admin-login',
  'admin-logout',
  'job-cancelled',
  'job-run-again',
  'webhook-redelivered',
  'webhook-cancelled',
  'webhook-tested',
  'runtime-install',
  'runtime-remove',
  'file-deleted',
  'session-ended',
  'package-banned',
  'package-unbanned',
  'environment-evicted',
  'submissions-compared',
] as const
export const SecurityEventKind = Type.Enum(SECURITY_EVENT_KINDS)
export type SecurityEventKind = (typeof SECURITY_EVENT_KINDS)[number]

/** One entry of the security stream. Never holds code, keys or environment. */
export const SecurityEvent = Type.Object({
  kind: SecurityEventKind,
  address: orNull(Type.String({ description: 'IPv4 address, or IPv6 network of 64 bits' })),
  keyId: orNull(Type.String()),
  tenant: orNull(Type.String()),
  endUser: Type.Optional(Type.String({ description: 'the end user that the platform named' })),
  requestId: orNull(Type.String()),
  jobId: orNull(Type.String()),
  detail: Type.String({ description: 'what happened, in a sentence' }),
})
export type SecurityEvent = Static<typeof SecurityEvent>

/** An event as it is read back: with its place in the stream, and when it happened. */
export const StoredSecurityEvent = Type.Object({
  id: Type.String(),
  timestamp: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
  ...SecurityEvent.properties,
})
export type StoredSecurityEvent = Static<typeof StoredSecurityEvent>

export const SecurityEventPage = Type.Object({
  events: Type.Array(StoredSecurityEvent, { description: 'newest first' }),
  next: orNull(Type.String({ description: 'the `cursor` of the next page' })),
})
export type SecurityEventPage = Static<typeof SecurityEventPage>
