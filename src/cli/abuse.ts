import { type Command, InvalidArgumentError, Option } from 'commander'
import { SECURITY_EVENT_KINDS, type SecurityEventKind } from '../shared/security/security-event.ts'
import { parseSubject, type Subject, SUBJECT_WORDS } from '../shared/security/subject.ts'
import type { CliContext } from './context.ts'
import { wholeNumber } from './whole-number.ts'

type Json = { json?: boolean }

const load = () => import('./manage-abuse.ts')

/** Adds `runyard abuse events|blocks|block|unblock|allow|disallow|allowed`. */
export function addAbuseCommands(program: Command, context: () => Promise<CliContext>): void {
  const abuse = program.command('abuse').description('show security events; block, unblock and exempt callers')
  eventsCommand(abuse.command('events')).action(async (options: EventOptions) =>
    (await load()).showEvents(await context(), options),
  )
  blocksCommand(abuse.command('blocks')).action(async (options: Json) =>
    (await load()).showBlocks(await context(), options),
  )
  abuse
    .command('block')
    .description(`refuse every request of a caller: ${SUBJECT_WORDS}`)
    .argument('<subject>', 'the caller', parseSubjectArgument)
    .option('--for <time>', 'e.g. 30m, 12h, 7d; without it, until you unblock it', parseSeconds)
    .option('--reason <text>', 'why, for the record', '')
    .option('--json', 'print the block as JSON')
    .action(async (subject: Subject, options: Json & { for?: number; reason: string }) =>
      (await load()).block(await context(), subject, options),
    )
  abuse
    .command('unblock')
    .description('lift a block, and forget the score that led to it')
    .argument('<subject>', 'the caller', parseSubjectArgument)
    .option('--json', 'print whether it was blocked as JSON')
    .action(async (subject: Subject, options: Json) => (await load()).unblock(await context(), subject, options))
  abuse
    .command('allow')
    .description('never block this caller, whatever it does')
    .argument('<subject>', 'the caller', parseSubjectArgument)
    .option('--reason <text>', 'why, for the record', '')
    .option('--json', 'print the exemption as JSON')
    .action(async (subject: Subject, options: Json & { reason: string }) =>
      (await load()).allow(await context(), subject, options),
    )
  abuse
    .command('disallow')
    .description('remove an exemption')
    .argument('<subject>', 'the caller', parseSubjectArgument)
    .option('--json', 'print whether it was exempt as JSON')
    .action(async (subject: Subject, options: Json) => (await load()).disallow(await context(), subject, options))
  abuse
    .command('allowed')
    .description('list callers that are never blocked')
    .option('--json', 'print them as JSON')
    .action(async (options: Json) => (await load()).showAllowed(await context(), options))
}

/**
 * Adds `runyard events` and `runyard blocks`, the former names of `abuse events` and `abuse blocks`: they work, are in no help, and
 * say their new names.
 * @param warn told the new name
 */
export function addFormerAbuseCommands(
  program: Command,
  context: () => Promise<CliContext>,
  warn: (text: string) => void,
): void {
  const former = (name: string) => program.command(name, { hidden: true })
  const tell = (name: string) =>
    warn(`"runyard ${name}" is now "runyard abuse ${name}"; the old name goes with the next version`)
  eventsCommand(former('events')).action(async (options: EventOptions) => {
    tell('events')
    await (await load()).showEvents(await context(), options)
  })
  blocksCommand(former('blocks')).action(async (options: Json) => {
    tell('blocks')
    await (await load()).showBlocks(await context(), options)
  })
}

type EventOptions = Json & { limit: number; kind?: SecurityEventKind }

const eventsCommand = (command: Command) =>
  command
    .description('list security events, newest first')
    .option('-n, --limit <count>', 'how many at most', wholeNumber(1, 999_999), 20)
    .addOption(new Option('--kind <kind>', 'only events of this kind').choices(SECURITY_EVENT_KINDS))
    .option('--json', 'print them as JSON')

const blocksCommand = (command: Command) =>
  command.description('list blocked callers').option('--json', 'print them as JSON')

function parseSubjectArgument(text: string): Subject {
  const subject = parseSubject(text)
  if (subject === undefined) throw new InvalidArgumentError(`It must be ${SUBJECT_WORDS}.`)
  return subject
}

const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }

function parseSeconds(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? 0)
  if (seconds < 1 || seconds > 1e9) throw new InvalidArgumentError('It must be a time like 90s, 30m, 12h or 7d.')
  return seconds
}
