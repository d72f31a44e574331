import { type Command, Option } from 'commander'
import { SCREENING_POLICIES } from '../shared/screening-policy.ts'
import type { CliContext } from './context.ts'
import { type KeyOptions, parseExpiry, parseRate, parseScopes } from './key-options.ts'
import { parseLimit } from './limit-option.ts'
import { wholeNumber } from './whole-number.ts'

const load = () => import('./manage-keys.ts')

/** Adds `runyard keys create|list|revoke`. */
export function addKeyCommands(program: Command, context: () => Promise<CliContext>): void {
  const keys = program.command('keys').description('create, list and revoke API keys')
  keys
    .command('create')
    .description('create a key and show it, once')
    .requiredOption('--name <name>', 'a name that says what the key is for')
    .requiredOption('--tenant <tenant>', 'owner of its jobs; keys of one tenant share them')
    .option('--scope <scopes>', 'jobs, containers, files, sessions, admin, comma-separated; default jobs', parseScopes)
    .option('--rate <rate>', 'submissions, e.g. 600/min or 10/s; default: the rate of the service', parseRate)
    .option('--burst <count>', 'submissions at once', wholeNumber(1, 999_999_999))
    .option('--max-running <count>', 'jobs of its tenant that may run at once', wholeNumber(1, 999_999_999))
    .option('--max-sessions <count>', 'sessions of its tenant at a time', wholeNumber(1, 1_000_000))
    .option('--limit <name=value>', 'highest limit of a job, e.g. wallMs=10000; may be repeated', parseLimit)
    .addOption(new Option('--screening <policy>', 'how its code is screened').choices(SCREENING_POLICIES))
    .option('--webhook <url>', 'webhook for the end of jobs that name none')
    .option('--expires <when>', 'e.g. 30d, 12h, or 2027-01-31 (0:00 UTC); default: never', (text) => parseExpiry(text))
    .option('--json', 'print id and key as JSON')
    .action(async (options: KeyOptions & { json?: boolean }) =>
      (await load()).createKey(await context(), options, options.json ?? false),
    )
  keys
    .command('list')
    .description('list keys; the secret part of a key is not stored')
    .option('--json', 'print them as JSON')
    .action(async ({ json = false }: { json?: boolean }) => (await load()).listKeys(await context(), json))
  keys
    .command('revoke <ids...>')
    .description('revoke keys, at once on every gateway')
    .option('--json', 'print their records as JSON')
    .action(async (ids: string[], { json = false }: { json?: boolean }) =>
      (await load()).revokeKeys(await context(), ids, json),
    )
}
