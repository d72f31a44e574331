import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import type { Config } from '../config/config.ts'
import { type Alert, createAlertQueue } from '../redis/alert-queue.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, runScript } from '../redis/lua-script.ts'
import type { BlockEntry } from './block-entry.ts'
import { RECORD_EVENT } from './record-script.ts'
import {
  SECURITY_EVENT_KINDS,
  type SecurityEvent,
  type SecurityEventKind,
  type SecurityEventPage,
  type StoredSecurityEvent,
} from './security-event.ts'
import { subjectOfEvent } from './event-subject.ts'
import { addressSubject } from './subject.ts'
import { scoreChanges } from './weights.ts'

export interface SecurityEvents {
  /**
   * Writes an event to the log and to Redis, adds it to the scores of whom it came from, and blocks who reaches the threshold.
   * Never rejects, and takes as long as one Redis command; on a connection that waits for Redis, do not wait for it.
   */
  record: (event: SecurityEvent) => Promise<void>
  /**
   * Events, newest first.
   * @param before cursor of a page that was read before
   * @param kinds only these
   * @returns at most `limit` events, fewer also when none of these kinds was found among the next some thousand; `next` is null
   * when there are no more
   * @throws RangeError when the cursor is none
   */
  list: (options: ListOptions) => Promise<SecurityEventPage>
  /** How many there were of each kind. */
  counts: () => Promise<Record<SecurityEventKind, number>>
  close: () => Promise<void>
}

export interface ListOptions {
  limit: number
  before?: string | undefined
  kinds?: readonly SecurityEventKind[] | undefined
}

const CHUNK = 500
const MAX_CHUNKS = 20

/** @param redis gateways give a `fail-fast` connection */
export function createSecurityEvents(redis: Redis, keys: Keys, abuse: Config['abuse'], log: Logger): SecurityEvents {
  defineScripts(redis, [RECORD_EVENT])
  const alerts = abuse.alerts ? createAlertQueue(redis, keys) : undefined

  const alert = (type: Alert['body']['type'], event: SecurityEvent, subject: string, more: Record<string, unknown>) => {
    const body = { type, timestamp: new Date().toISOString(), data: { ...event, ...more } }
    alerts
      ?.add({ id: uuid(), body }, subject)
      .catch((err: unknown) => log.error({ err, subject, type }, 'alert not queued'))
  }

  const store = async (event: SecurityEvent): Promise<void> => {
    const changes = scoreChanges(event)
    const { eventsKept, halfLifeSeconds, blockScore, blockSeconds, maxBlockSeconds } = abuse
    const input = { eventsKept, halfLifeSeconds, blockScore, blockSeconds, maxBlockSeconds, changes }
    const blocks = await runScript(redis, keys.prefix, RECORD_EVENT, input, [JSON.stringify(event)])
    for (let i = 0; i + 2 < blocks.length; i += 3) {
      const [subject = '', entry = '', json = ''] = blocks.slice(i, i + 3)
      const { untilMs } = JSON.parse(entry) as BlockEntry
      const blocked = JSON.parse(json) as SecurityEvent
      log.warn(blocked, 'security event')
      const until = untilMs === null ? null : new Date(untilMs).toISOString()
      alert('security.caller-blocked', blocked, subject, { subject, until })
    }
  }

  return {
    async record(event) {
      log.warn(event, 'security event')
      try {
        await store(event)
        if (event.kind !== 'escape-attempt') return
        const subject = subjectOfEvent(event) ?? addressSubject('')
        alert('security.escape-attempt', event, subject, { subject })
      } catch (err) {
        log.error({ err, kind: event.kind }, 'security event not stored')
      }
    },
    async list({ limit, before, kinds }) {
      const events: StoredSecurityEvent[] = []
      let last = before === undefined ? undefined : decodeCursor(before)
      for (let chunk = 0; chunk < MAX_CHUNKS; chunk++) {
        const entries = await redis.xrevrange(
          keys.securityEvents,
          last === undefined ? '+' : `(${last}`,
          '-',
          'COUNT',
          CHUNK,
        )
        for (const [id, [, kind, , json = '']] of entries) {
          if (!kinds || kinds.includes(kind as SecurityEventKind)) events.push(parseEntry(id, json))
          last = id
          if (events.length === limit) return { events, next: encodeCursor(id) }
        }
        if (entries.length < CHUNK) return { events, next: null }
      }
      return { events, next: last === undefined ? null : encodeCursor(last) }
    },
    async counts() {
      const stored = await redis.hgetall(keys.securityCounts)
      return Object.fromEntries(SECURITY_EVENT_KINDS.map((kind) => [kind, Number(stored[kind] ?? 0)])) as Record<
        SecurityEventKind,
        number
      >
    },
    close: async () => alerts?.close(),
  }
}

function parseEntry(id: string, json: string): StoredSecurityEvent {
  const timestamp = new Date(Number(id.split('-', 1)[0])).toISOString()
  return { id, timestamp, ...(JSON.parse(json) as SecurityEvent) }
}

const encodeCursor = (id: string): string => Buffer.from(id).toString('base64url')

function decodeCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString()
  if (!/^\d{1,16}-\d{1,16}$/.test(id)) throw new RangeError('this is not a cursor of the security events')
  return id
}
