import { pino } from 'pino'
import { type Allowed, type Block, type Blocks, createBlocks } from '../shared/security/blocks.ts'
import type { SecurityEventKind, StoredSecurityEvent } from '../shared/security/security-event.ts'
import { createSecurityEvents, type SecurityEvents } from '../shared/security/security-events.ts'
import { subjectOfEvent } from '../shared/security/event-subject.ts'
import type { Subject } from '../shared/security/subject.ts'
import type { CliContext } from './context.ts'
import { operator } from './operator.ts'
import { type Paint, plain } from './paint.ts'
import { second, table } from './table.ts'
import { withRedis } from './with-redis.ts'

type Json = { json?: boolean }

/** `runyard abuse events`. */
export async function showEvents(
  context: CliContext,
  { limit, kind, json }: Json & { limit: number; kind?: SecurityEventKind },
): Promise<void> {
  const found = await withAbuse(context, ({ events }) => readEvents(events, limit, kind))
  context.print(json ? JSON.stringify({ events: found }, null, 2) : eventTable(found, context.paint))
}

/** `runyard abuse blocks`. */
export async function showBlocks(context: CliContext, { json }: Json): Promise<void> {
  const list = await withAbuse(context, ({ blocks }) => blocks.list())
  context.print(json ? JSON.stringify({ blocks: list }, null, 2) : blockTable(list, context.paint))
}

/** `runyard abuse block`. */
export async function block(
  context: CliContext,
  subject: Subject,
  { for: seconds, reason, json }: Json & { for?: number; reason: string },
): Promise<void> {
  const action = { seconds: seconds ?? null, reason, by: operator() }
  const made = await withAbuse(context, ({ blocks }) => blocks.block(subject, action))
  const until = made.until === null ? 'you unblock it' : `${minute(made.until)} UTC`
  context.print(json ? JSON.stringify(made, null, 2) : `${subject} is blocked until ${until}`)
}

/** `runyard abuse unblock`. */
export async function unblock(context: CliContext, subject: Subject, { json }: Json): Promise<void> {
  const action = { reason: '', by: operator() }
  const unblocked = await withAbuse(context, ({ blocks }) => blocks.unblock(subject, action))
  const said = `${subject} ${unblocked ? 'is no longer blocked' : 'was not blocked'}`
  context.print(json ? JSON.stringify({ subject, unblocked }, null, 2) : said)
}

/** `runyard abuse allow`. */
export async function allow(
  context: CliContext,
  subject: Subject,
  { reason, json }: Json & { reason: string },
): Promise<void> {
  const allowed = await withAbuse(context, ({ blocks }) => blocks.allow(subject, { reason, by: operator() }))
  context.print(json ? JSON.stringify(allowed, null, 2) : `${subject} is allowed: it is never blocked`)
}

/** `runyard abuse disallow`. */
export async function disallow(context: CliContext, subject: Subject, { json }: Json): Promise<void> {
  const action = { reason: '', by: operator() }
  const disallowed = await withAbuse(context, ({ blocks }) => blocks.disallow(subject, action))
  const said = `${subject} ${disallowed ? 'can be blocked again' : 'was not allowed'}`
  context.print(json ? JSON.stringify({ subject, disallowed }, null, 2) : said)
}

/** `runyard abuse allowed`. */
export async function showAllowed(context: CliContext, { json }: Json): Promise<void> {
  const list = await withAbuse(context, ({ blocks }) => blocks.allowed())
  context.print(json ? JSON.stringify({ allowed: list }, null, 2) : allowedTable(list, context.paint))
}

function withAbuse<T>(
  context: CliContext,
  work: (abuse: { events: SecurityEvents; blocks: Blocks }) => Promise<T>,
): Promise<T> {
  return withRedis(context, async (redis, keys) => {
    // The terminal is told by the command itself.
    const events = createSecurityEvents(
      redis,
      keys,
      { ...context.config.abuse, alerts: undefined },
      pino({ level: 'silent' }),
    )
    return work({ events, blocks: createBlocks(redis, keys, (event) => events.record(event)) })
  })
}

async function readEvents(
  events: SecurityEvents,
  limit: number,
  kind: SecurityEventKind | undefined,
): Promise<StoredSecurityEvent[]> {
  const found: StoredSecurityEvent[] = []
  let before: string | undefined
  do {
    const page = await events.list({ limit: limit - found.length, before, kinds: kind && [kind] })
    found.push(...page.events)
    before = page.next ?? undefined
  } while (before !== undefined && found.length < limit)
  return found
}

const minute = (timestamp: string) => timestamp.slice(0, 16).replace('T', ' ')
const titled = (titles: readonly string[]) => titles.map((title) => ({ title }))

function eventTable(events: readonly StoredSecurityEvent[], paint: Paint = plain): string {
  if (events.length === 0) return 'No events match.'
  const rows = events.map((event) => [second(event.timestamp), event.kind, subjectOfEvent(event) ?? '-', event.detail])
  return table(titled(['TIME (UTC)', 'KIND', 'WHO', 'WHAT']), rows, paint)
}

function blockTable(blocks: readonly Block[], paint: Paint = plain): string {
  if (blocks.length === 0) return 'Nobody is blocked.'
  const rows = blocks.map(({ subject, until, by, reason }) => [
    subject,
    until === null ? 'unblocked' : second(until),
    by,
    reason,
  ])
  return table(titled(['WHO', 'UNTIL (UTC)', 'BY', 'REASON']), rows, paint)
}

function allowedTable(allowed: readonly Allowed[], paint: Paint = plain): string {
  if (allowed.length === 0) return 'Nobody is exempt: everybody can be blocked.'
  const rows = allowed.map(({ subject, since, by, reason }) => [subject, second(since), by, reason])
  return table(titled(['WHO', 'SINCE (UTC)', 'BY', 'REASON']), rows, paint)
}
