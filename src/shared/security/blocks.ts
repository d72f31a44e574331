import type { Redis } from 'ioredis'
import Type, { type Static } from 'typebox'
import { SECOND } from '../limits.ts'
import type { Keys } from '../redis/keys.ts'
import type { BlockEntry } from './block-entry.ts'
import type { SecurityEvent, SecurityEventKind } from './security-event.ts'
import { partsOf, type Subject } from './subject.ts'

const subject = Type.String({
  description: 'e.g. `address:192.0.2.7`, `address:2001:db8:1:2::/64`, `key:4f2a91`, `end-user:acme:ada`',
})
const since = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' })

/** A block as it is shown. */
export const Block = Type.Object({
  subject,
  since,
  until: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
    description: '`null`: until somebody lifts it',
  }),
  reason: Type.String(),
  by: Type.String({ description: '`score`, or the operator who blocked it' }),
})
export type Block = Static<typeof Block>

/** Somebody who is never blocked. */
export const Allowed = Type.Object({ subject, since, reason: Type.String(), by: Type.String() })
export type Allowed = Static<typeof Allowed>

export interface OperatorAction {
  reason: string
  /** Who does it, for the record, e.g. `key:4f2a91`. */
  by: string
}

/**
 * What an operator can do about a caller. Each is a security event, and holds on every gateway with its next request. Subjects
 * must be in their normal form; see `parseSubject`.
 */
export interface Blocks {
  /** @param seconds null: until it is lifted */
  block: (subject: Subject, action: OperatorAction & { seconds: number | null }) => Promise<Block>
  /** Lifts a block and forgets the score and the blocks before. @returns false when there was no block */
  unblock: (subject: Subject, action: OperatorAction) => Promise<boolean>
  /** Spares a caller from every block, also one that lasts. */
  allow: (subject: Subject, action: OperatorAction) => Promise<Allowed>
  /** @returns false when it was not allowed */
  disallow: (subject: Subject, action: OperatorAction) => Promise<boolean>
  /** Blocks that last, those that end first first. */
  list: () => Promise<Block[]>
  allowed: () => Promise<Allowed[]>
}

/** @param record see `SecurityEvents.record` */
export function createBlocks(redis: Redis, keys: Keys, record: (event: SecurityEvent) => Promise<void>): Blocks {
  const nowMs = async () => Number((await redis.time())[0]) * SECOND

  const tell = (kind: SecurityEventKind, subject: Subject, { by, reason }: OperatorAction, what: string) =>
    record({
      kind,
      ...partsOf(subject),
      requestId: null,
      jobId: null,
      detail: `${what} by ${by}${reason === '' ? '' : `: ${reason}`}`,
    })

  return {
    async block(subject, { seconds, reason, by }) {
      const sinceMs = await nowMs()
      const untilMs = seconds === null ? null : sinceMs + seconds * SECOND
      const entry: BlockEntry = { subject, sinceMs, untilMs, reason, by }
      const json = JSON.stringify(entry)
      const change = redis.multi()
      if (seconds === null) change.set(keys.block(subject), json)
      else change.set(keys.block(subject), json, 'PX', seconds * SECOND)
      await change.zadd(keys.blocks, untilMs ?? '+inf', subject).exec()
      await tell('caller-blocked', subject, { reason, by }, seconds === null ? 'blocked' : `blocked for ${seconds} s`)
      return shown(entry)
    },
    async unblock(subject, action) {
      const removed = await redis.del(keys.block(subject))
      await redis.multi().zrem(keys.blocks, subject).del(keys.abuse(subject)).exec()
      if (removed === 0) return false
      await tell('caller-unblocked', subject, action, 'unblocked')
      return true
    },
    async allow(subject, { reason, by }) {
      const allowed = { since: new Date(await nowMs()).toISOString(), reason, by }
      await redis.hset(keys.allowed, subject, JSON.stringify(allowed))
      await tell('caller-allowed', subject, { reason, by }, 'allowed')
      return { subject, ...allowed }
    },
    async disallow(subject, action) {
      if ((await redis.hdel(keys.allowed, subject)) === 0) return false
      await tell('caller-disallowed', subject, action, 'no longer allowed')
      return true
    },
    async list() {
      await redis.zremrangebyscore(keys.blocks, 0, await nowMs())
      const subjects = await redis.zrange(keys.blocks, '0', '-1')
      if (subjects.length === 0) return []
      const entries = await redis.mget(subjects.map((subject) => keys.block(subject)))
      return entries.flatMap((json) => (json === null ? [] : [shown(JSON.parse(json) as BlockEntry)]))
    },
    async allowed() {
      const stored = Object.entries(await redis.hgetall(keys.allowed))
      return stored.map(([subject, json]) => ({ subject, ...(JSON.parse(json) as Omit<Allowed, 'subject'>) }))
    },
  }
}

const shown = ({ subject, sinceMs, untilMs, reason, by }: BlockEntry): Block => ({
  subject,
  since: new Date(sinceMs).toISOString(),
  until: untilMs === null ? null : new Date(untilMs).toISOString(),
  reason,
  by,
})
