import { pino } from 'pino'
import { Compile } from 'typebox/compile'
import type { ApiKey, Rate } from '../shared/access/api-key.ts'
import { createApiKeys, type ApiKeys } from '../shared/access/api-keys.ts'
import { looksLikeKey } from '../shared/access/key-text.ts'
import { NewApiKey, newApiKeyErrors } from '../shared/access/new-api-key.ts'
import type { Config } from '../shared/config/config.ts'
import { createSecurityEvents } from '../shared/security/security-events.ts'
import { type CliContext, UsageError } from './context.ts'
import type { KeyOptions } from './key-options.ts'
import { operator } from './operator.ts'
import { type Paint, plain } from './paint.ts'
import { table } from './table.ts'
import { usableHost } from './up/hosts.ts'
import { withRedis } from './with-redis.ts'

const newApiKey = Compile(NewApiKey)

/** Which option a field comes from, where the two are not of one name. */
const OPTION_OF: Record<string, string> = {
  scopes: 'scope',
  maxRunningJobs: 'max-running',
  maxSessions: 'max-sessions',
  limits: 'limit',
  expiresAt: 'expires',
}

/**
 * What these options ask for, checked as the admin API checks its body.
 * @throws UsageError naming the options that cannot be used
 */
export function newKeyOf(
  options: KeyOptions,
  { limits, rates, webhooks }: Pick<Config, 'limits' | 'rates' | 'webhooks'>,
): NewApiKey {
  const { name, tenant, scope, rate, burst, maxRunning, maxSessions, limit, screening, expires, webhook } = options
  const { perMinute, burst: usualBurst } = rates.submit
  const asked = rate !== undefined || burst !== undefined
  const ownRate: Rate = { perMinute: rate ?? perMinute, burst: burst ?? usualBurst }
  const fields: NewApiKey = {
    name,
    tenant,
    ...(scope && { scopes: scope }),
    ...(asked && { rate: ownRate }),
    ...(maxRunning !== undefined && { maxRunningJobs: maxRunning }),
    ...(maxSessions !== undefined && { maxSessions }),
    ...(limit && { limits: limit }),
    ...(screening && { screening }),
    ...(expires !== undefined && { expiresAt: expires }),
    ...(webhook !== undefined && { webhook: { url: webhook } }),
  }
  const errors = newApiKey.Check(fields)
    ? newApiKeyErrors(fields, limits.ceilings, Date.now(), webhooks)
    : newApiKey.Errors(fields).map(({ instancePath, keyword, message }) => ({
        pointer: instancePath,
        detail: keyword === 'pattern' && instancePath === '/tenant' ? TENANT_WORDS : message,
      }))
  if (errors.length > 0) throw new UsageError(errors.map(sentence).join('; '))
  return fields
}

const TENANT_WORDS = 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-", the first a letter or a digit'

function sentence({ pointer, detail }: { pointer: string; detail: string }): string {
  const [, field = '', ...rest] = pointer.split('/')
  return [`--${OPTION_OF[field] ?? field}`, ...rest, detail].join(' ')
}

interface Access {
  apiKeys: ApiKeys
  /** Puts what was done on record, where the gateways put it too. */
  audit: (kind: 'key-created' | 'key-revoked', record: ApiKey) => Promise<void>
}

function withKeys<T>(context: CliContext, work: (access: Access) => Promise<T>): Promise<T> {
  return withRedis(context, (redis, keys) => {
    // The terminal is told by the command itself.
    const events = createSecurityEvents(
      redis,
      keys,
      { ...context.config.abuse, alerts: undefined },
      pino({ level: 'silent' }),
    )
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

/** `runyard keys create`. @throws UsageError for options that cannot be used; ExitError when Redis does not answer */
export async function createKey(context: CliContext, options: KeyOptions, json: boolean): Promise<void> {
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
      `Scopes   ${record.scopes.join(', ')}`,
      `Expires  ${record.expiresAt ?? 'never'}`,
      '',
      'Copy the key now: Runyard does not store it and cannot show it again. Try it:',
      '',
      `  curl -s ${url}/v1/runtimes -H 'authorization: Bearer ${secretKey}'`,
    ].join('\n'),
  )
}

/** `runyard keys list`. */
export async function listKeys(context: CliContext, json: boolean): Promise<void> {
  const records = await withKeys(context, ({ apiKeys }) => apiKeys.list())
  if (json) return context.print(JSON.stringify({ keys: records }, null, 2))
  if (records.length === 0) {
    return context.print('No keys exist. To create one: npx runyard keys create --name my-laptop --tenant me')
  }
  context.print(keyTable(records, Date.now(), context.paint))
}

/** `runyard keys revoke`. @throws UsageError naming the ids that no key has, after the others were revoked */
export async function revokeKeys(context: CliContext, ids: readonly string[], json: boolean): Promise<void> {
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
    throw new UsageError(`no key has the id ${unknown.join(', ')}; npx runyard keys list shows all keys`)
  }
}

function keyTable(records: readonly ApiKey[], nowMs: number, paint: Paint = plain): string {
  const rows = records.map((record) => [
    record.id,
    record.name,
    record.tenant,
    record.scopes.join(','),
    stateOf(record, nowMs),
    record.createdAt.slice(0, 10),
  ])
  const format = (state: string) => (/^(?:revoked|expired)/.test(state) ? 'red' : 'green')
  return table(
    [
      { title: 'ID' },
      { title: 'NAME' },
      { title: 'TENANT' },
      { title: 'SCOPES' },
      { title: 'STATE', format },
      { title: 'CREATED' },
    ],
    rows,
    paint,
  )
}

function stateOf({ revokedAt, expiresAt }: ApiKey, nowMs: number): string {
  if (revokedAt !== null) return `revoked ${revokedAt.slice(0, 10)}`
  if (expiresAt === null) return 'valid'
  const day = expiresAt.slice(0, 16).replace('T', ' ')
  return Date.parse(expiresAt) <= nowMs ? `expired ${day}` : `until ${day}`
}
