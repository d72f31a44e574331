import { InvalidArgumentError, Option, type Command } from 'commander'
import { pino } from 'pino'
import { type Allowed, type Block, type Blocks, createBlocks } from '../shared/security/blocks.ts'
import { SECURITY_EVENT_KINDS, type SecurityEventKind, type StoredSecurityEvent } from '../shared/security/security-event.ts' // prettier-ignore
import { createSecurityEvents, type SecurityEvents } from '../shared/security/security-events.ts'
import { subjectOfEvent } from '../shared/security/event-subject.ts'
import { parseSubject, type Subject, SUBJECT_WORDS } from '../shared/security/subject.ts'
import type { CliContext } from './context.ts'
import { operator } from './operator.ts'
import { withRedis } from './with-redis.ts'

type Json = { json?: boolean }

/** Adds `runyard abuse events|blocks|block|unblock|allow|disallow|allowed`. */
export function addAbuseCommands(program: Command, context: () => CliContext): void {
  const abuse = program.command('abuse').description('see security events; block, unblock and allow callers')
  addEventsCommand(abuse, context)
  addBlocksCommand(abuse, context)
  abuse
    .command('block')
    .description(`refuse every request of a caller: ${SUBJECT_WORDS}`)
    .argument('<subject>', 'whom', parseSubjectArgument)
    .option('--for <time>', 'e.g. 30m, 12h, 7d; until it is lifted otherwise', parseSeconds)
    .option('--reason <text>', 'for the record', '')
    .option('--json', 'print the block as JSON')
    .action(async (subject: Subject, { for: seconds, reason, json }: Json & { for?: number; reason: string }) => {
      const action = { seconds: seconds ?? null, reason, by: operator() }
      const block = await withAbuse(context(), ({ blocks }) => blocks.block(subject, action))
      const until = block.until === null ? 'it is lifted' : `${minute(block.until)} UTC`
      context().print(json ? JSON.stringify(block, null, 2) : `${subject} is blocked until ${until}`)
    })
  abuse
    .command('unblock')
    .description('lift a block, and forget the score that led to it')
    .argument('<subject>', 'whom', parseSubjectArgument)
    .option('--json', 'print whether there was one as JSON')
    .action(async (subject: Subject, { json }: Json) => {
      const action = { reason: '', by: operator() }
      const unblocked = await withAbuse(context(), ({ blocks }) => blocks.unblock(subject, action))
      const said = `${subject} ${unblocked ? 'is no longer blocked' : 'was not blocked'}`
      context().print(json ? JSON.stringify({ subject, unblocked }, null, 2) : said)
    })
  abuse
    .command('allow')
    .description('never block this caller, whatever it does')
    .argument('<subject>', 'whom', parseSubjectArgument)
    .option('--reason <text>', 'for the record', '')
    .option('--json', 'print the exemption as JSON')
    .action(async (subject: Subject, { reason, json }: Json & { reason: string }) => {
      const allowed = await withAbuse(context(), ({ blocks }) => blocks.allow(subject, { reason, by: operator() }))
      context().print(json ? JSON.stringify(allowed, null, 2) : `${subject} is allowed: no block holds for it`)
    })
  abuse
    .command('disallow')
    .description('take back an exemption')
    .argument('<subject>', 'whom', parseSubjectArgument)
    .option('--json', 'print whether there was one as JSON')
    .action(async (subject: Subject, { json }: Json) => {
      const action = { reason: '', by: operator() }
      const disallowed = await withAbuse(context(), ({ blocks }) => blocks.disallow(subject, action))
      const said = `${subject} ${disallowed ? 'can be blocked again' : 'was not allowed'}`
      context().print(json ? JSON.stringify({ subject, disallowed }, null, 2) : said)
    })
  abuse
    .command('allowed')
    .description('who is never blocked')
    .option('--json', 'print them as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const list = await withAbuse(context(), ({ blocks }) => blocks.allowed())
      context().print(json ? JSON.stringify({ allowed: list }, null, 2) : allowedTable(list))
    })
}

/** Adds `events`. @param parent `runyard` or `runyard abuse` */
export function addEventsCommand(parent: Command, context: () => CliContext): void {
  parent
    .command('events')
    .description('security events, newest first')
    .option('--limit <count>', 'how many at most', parseCount, 20)
    .addOption(new Option('--kind <kind>', 'only these').choices(SECURITY_EVENT_KINDS))
    .option('--json', 'print them as JSON')
    .action(async ({ limit, kind, json }: { limit: number; kind?: SecurityEventKind; json?: boolean }) => {
      const found = await withAbuse(context(), ({ events }) => readEvents(events, limit, kind))
      context().print(json ? JSON.stringify({ events: found }, null, 2) : eventTable(found))
    })
}

/** Adds `blocks`. @param parent `runyard` or `runyard abuse` */
export function addBlocksCommand(parent: Command, context: () => CliContext): void {
  parent
    .command('blocks')
    .description('who is blocked')
    .option('--json', 'print them as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const list = await withAbuse(context(), ({ blocks }) => blocks.list())
      context().print(json ? JSON.stringify({ blocks: list }, null, 2) : blockTable(list))
    })
}

function withAbuse<T>(
  context: CliContext,
  work: (abuse: { events: SecurityEvents; blocks: Blocks }) => Promise<T>,
): Promise<T> {
  return withRedis(context, async (redis, keys) => {
    // The terminal is told by the command itself.
    const events = createSecurityEvents(redis, keys, { ...context.config.abuse, alerts: undefined }, pino({ level: 'silent' })) // prettier-ignore
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

function parseSubjectArgument(text: string): Subject {
  const subject = parseSubject(text)
  if (subject === undefined) throw new InvalidArgumentError(`It must be ${SUBJECT_WORDS}.`)
  return subject
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 999999.')
  return Number(text)
}

const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }

function parseSeconds(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? 0)
  if (seconds < 1 || seconds > 1e9) throw new InvalidArgumentError('It must be a time like 90s, 30m, 12h or 7d.')
  return seconds
}

const minute = (timestamp: string) => timestamp.slice(0, 16).replace('T', ' ')
const second = (timestamp: string) => timestamp.slice(0, 19).replace('T', ' ')

function eventTable(events: readonly StoredSecurityEvent[]): string {
  if (events.length === 0) return 'There are no such events.'
  const rows = events.map((event) => [second(event.timestamp), event.kind, subjectOfEvent(event) ?? '-', event.detail])
  return table(['WHEN (UTC)', 'KIND', 'WHO', 'WHAT'], rows)
}

function blockTable(blocks: readonly Block[]): string {
  if (blocks.length === 0) return 'Nobody is blocked.'
  const rows = blocks.map(({ subject, until, by, reason }) => [subject, until === null ? 'lifted' : second(until), by, reason]) // prettier-ignore
  return table(['WHO', 'UNTIL (UTC)', 'BY', 'REASON'], rows)
}

function allowedTable(allowed: readonly Allowed[]): string {
  if (allowed.length === 0) return 'Everybody can be blocked.'
  return table(['WHO', 'SINCE (UTC)', 'BY', 'REASON'], allowed.map(({ subject, since, by, reason }) => [subject, second(since), by, reason])) // prettier-ignore
}

/** Details come from requests: what would steer a terminal is not printed. */
const printable = (text: string) => text.replaceAll(/\p{Cc}/gu, '?')

function table(head: readonly string[], body: readonly string[][]): string {
  const rows = [head, ...body.map((row) => row.map(printable))]
  const widths = head.map((_title, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n') // prettier-ignore
}
