import { type Command, Option } from 'commander'
import { pino } from 'pino'
import type { ApiKey } from '../shared/access/api-key.ts'
import { createApiKeys, type ApiKeys } from '../shared/access/api-keys.ts'
import { looksLikeKey } from '../shared/access/key-text.ts'
import { SCREENING_POLICIES } from '../shared/screening-policy.ts'
import { createSecurityEvents } from '../shared/security/security-events.ts'
import { UsageError, type CliContext } from './context.ts'
import {
  type KeyOptions,
  newKeyOf,
  parseCount,
  parseExpiry,
  parseLimit,
  parseRate,
  parseScopes,
} from './key-options.ts'
import { operator } from './operator.ts'
import { usableHost } from './up/hosts.ts'
import { withRedis } from './with-redis.ts'

/** Adds `runyard keys create|list|revoke`. */
export function addKeyCommands(program: Command, context: () => CliContext): void {
  const keys = program.command('keys').description('make, list and revoke the keys of the API')
  keys
    .command('create')
    .description('make a key and show it, once')
    .requiredOption('--name <name>', 'what it is for, for people')
    .requiredOption('--tenant <tenant>', 'whose jobs it submits and reads; keys of one tenant share them')
    .option('--scope <scopes>', 'what it opens: jobs, containers, admin, comma-separated; jobs otherwise', parseScopes)
    .option('--rate <rate>', 'submissions, e.g. 600/min or 10/s; those of the service otherwise', parseRate)
    .option('--burst <count>', 'submissions at once', parseCount)
    .option('--max-running <count>', 'jobs of its tenant that run at one time', parseCount)
    .option('--limit <name=value>', 'the most a job may ask for, e.g. wallMs=10000; again for others', parseLimit)
    .addOption(new Option('--screening <policy>', 'screening of its code').choices(SCREENING_POLICIES))
    .option('--webhook <url>', 'told of the end of jobs that name no webhook themselves')
    .option('--expires <when>', 'e.g. 30d, 12h, or 2027-01-31 (its beginning, UTC); never otherwise', (text) =>
      parseExpiry(text),
    )
    .option('--json', 'print id and key as JSON')
    .action((options: KeyOptions & { json?: boolean }) => createKey(context(), options, options.json ?? false))
  keys
    .command('list')
    .description('which keys there are; the keys themselves are not kept')
    .option('--json', 'print them as JSON')
    .action(({ json = false }: { json?: boolean }) => listKeys(context(), json))
  keys
    .command('revoke <ids...>')
    .description('end keys, on every gateway at once')
    .option('--json', 'print what is kept of them as JSON')
    .action((ids: string[], { json = false }: { json?: boolean }) => revokeKeys(context(), ids, json))
}

interface Access {
  apiKeys: ApiKeys
  /** Puts what was done on record, where the gateways put it too. */
  audit: (kind: 'key-created' | 'key-revoked', record: ApiKey) => Promise<void>
}

function withKeys<T>(context: CliContext, work: (access: Access) => Promise<T>): Promise<T> {
  return withRedis(context, (redis, keys) => {
    // The terminal is told by the command itself.
    const events = createSecurityEvents(redis, keys, { ...context.config.abuse, alerts: undefined }, pino({ level: 'silent' })) // prettier-ignore
    const nobody = { address: null, keyId: null, tenant: null, requestId: null, jobId: null }
    return work({
      apiKeys: createApiKeys(redis, keys),
      audit: (kind, { id, name, tenant }) => {
        const done = kind === 'key-created' ? 'made' : 'revoked'
        const detail = `key ${id} ("${name}") of the tenant ${tenant} was ${done} by the ${operator()}`
        return events.record({ kind, ...nobody, detail })
      },
    })
  })
}

/** @throws UsageError for options that cannot be used, and when Redis does not answer */
async function createKey(context: CliContext, options: KeyOptions, json: boolean): Promise<void> {
  const fields = newKeyOf(options, context.config)
  const { record, secretKey } = await withKeys(context, async ({ apiKeys, audit }) => {
    const made = await apiKeys.create(fields)
    await audit('key-created', made.record)
    return made
  })
  if (json) return context.print(JSON.stringify({ id: record.id, key: secretKey }))
  const { host, port } = context.config.http
  const url = `http://${usableHost(host)}:${port}`
  context.print(
    [
      `Key      ${secretKey}`,
      `Id       ${record.id}`,
      `Tenant   ${record.tenant}`,
      `Opens    ${record.scopes.join(', ')}`,
      `Expires  ${record.expiresAt ?? 'never'}`,
      '',
      'This is the only time it is shown; Runyard keeps no copy. Try it:',
      '',
      `  curl -s ${url}/v1/runtimes -H 'authorization: Bearer ${secretKey}'`,
    ].join('\n'),
  )
}

async function listKeys(context: CliContext, json: boolean): Promise<void> {
  const records = await withKeys(context, ({ apiKeys }) => apiKeys.list())
  if (json) return context.print(JSON.stringify({ keys: records }, null, 2))
  if (records.length === 0) {
    return context.print('There are no keys. To make one: npx runyard keys create --name my-laptop --tenant me')
  }
  context.print(table(records, Date.now()))
}

/** @throws UsageError naming the ids there is no key of, after the others were revoked */
async function revokeKeys(context: CliContext, ids: readonly string[], json: boolean): Promise<void> {
  if (ids.some(looksLikeKey)) {
    // Not repeated here: what is printed may be kept.
    throw new UsageError('give the id of a key, the part between its two underscores, not the key itself')
  }
  const revoked: ApiKey[] = []
  const unknown: string[] = []
  await withKeys(context, async ({ apiKeys, audit }) => {
    for (const id of ids) {
      const record = await apiKeys.revoke(id)
      if (record) {
        revoked.push(record)
        await audit('key-revoked', record)
      } else unknown.push(id)
    }
  })
  if (json) context.print(JSON.stringify({ keys: revoked }, null, 2))
  else for (const { id, name } of revoked) context.print(`${id} (${name}) is revoked`)
  if (unknown.length > 0) {
    throw new UsageError(`there is no key ${unknown.join(', ')}; npx runyard keys list shows those there are`)
  }
}

function table(records: readonly ApiKey[], nowMs: number): string {
  const rows = [
    ['ID', 'NAME', 'TENANT', 'OPENS', 'STATE', 'MADE'],
    ...records.map((record) => [
      record.id,
      record.name,
      record.tenant,
      record.scopes.join(','),
      stateOf(record, nowMs),
      record.createdAt.slice(0, 10),
    ]),
  ]
  const widths = (rows[0] ?? []).map((_title, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n') // prettier-ignore
}

function stateOf({ revokedAt, expiresAt }: ApiKey, nowMs: number): string {
  if (revokedAt !== null) return `revoked ${revokedAt.slice(0, 10)}`
  if (expiresAt === null) return 'valid'
  const day = expiresAt.slice(0, 16).replace('T', ' ')
  return Date.parse(expiresAt) <= nowMs ? `expired ${day}` : `until ${day}`
}
