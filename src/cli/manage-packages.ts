import { pino } from 'pino'
import { Value } from 'typebox/value'
import { type EnvironmentRecord, PackageBan } from '../shared/environments/environment.ts'
import { createEnvironmentOversight, type EnvironmentOversight } from '../shared/environments/environment-oversight.ts'
import { createEnvironmentRecords, type EnvironmentRecords } from '../shared/environments/environment-records.ts'
import { standingOf } from '../client/environment-standing.ts'
import { operatorDetailsOf, operatorViewsOf } from '../shared/environments/environment-views.ts'
import { PACKAGE_RULES } from '../shared/environments/package-rules.ts'
import { formatSpace } from '../shared/format-space.ts'
import { findLanguage, type Language } from '../shared/language.ts'
import type { SecurityEventKind } from '../shared/security/security-event.ts'
import { createSecurityEvents } from '../shared/security/security-events.ts'
import { loadConfiguredLanguages } from './catalogue.ts'
import type { CliContext } from './context.ts'
import { EXIT, ExitError } from './exit.ts'
import { operator } from './operator.ts'
import { plain } from './paint.ts'
import { printable, second, table } from './table.ts'
import { withRedis } from './with-redis.ts'

type Json = { json?: boolean }
type Banned = Pick<PackageBan, 'ecosystem' | 'name' | 'version'>

const LISTED = 100
/** Characters of what was asked for. */
const SHOWN = 60

/** `runyard packages list`. */
export async function listPackages(context: CliContext, { json }: Json): Promise<void> {
  const all = await withPackages(context, async (needs) => operatorViewsOf(needs, await needs.records.listAll(LISTED)))
  if (json) return context.print(JSON.stringify({ environments: all }, null, 2))
  if (all.length === 0) return context.print('No packages were installed for jobs.')
  const columns = [
    { title: 'ID' },
    { title: 'STATE' },
    { title: 'LANGUAGE' },
    { title: 'SIZE', align: 'right' as const },
    { title: 'CREATED (UTC)' },
    { title: 'USED (UTC)' },
    { title: 'TENANTS' },
    { title: 'PACKAGES' },
  ]
  const rows = all.map((one) => [
    one.id,
    standingOf(one),
    one.language,
    one.bytes === null ? '' : formatSpace(one.bytes),
    second(one.createdAt),
    second(one.usedAt),
    one.tenants.join(' ').slice(0, SHOWN),
    one.dependencies.join(' ').slice(0, SHOWN),
  ])
  context.print(table(columns, rows, context.paint ?? plain))
}

/** `runyard packages show`. */
export async function showPackages(context: CliContext, id: string, { json }: Json): Promise<void> {
  const found = await withPackages(context, async (needs) => operatorDetailsOf(needs, await known(needs.records, id)))
  if (json) return context.print(JSON.stringify(found, null, 2))
  const { firstAsked, tenants, packages, error, evictedAt, ban, log } = found
  const key = firstAsked.keyId === null ? '' : ` with key ${firstAsked.keyId}`
  context.print(
    [
      `${found.id}  ${found.language} ${found.version}  ${standingOf(found)}  ${formatSpace(found.bytes ?? 0)}`,
      `created ${second(found.createdAt)}, used ${second(found.usedAt)} (UTC)`,
      `first asked for by ${firstAsked.tenant} from ${firstAsked.address}${key}`,
      `tenants: ${tenants.join(' ')}`,
      `asked for: ${found.dependencies.map(printable).join(' ')}`,
      ...packages.map(({ name, version }) => `  ${printable(name)} ${printable(version)}`),
      ...(ban === null ? [] : [printable(ban)]),
      ...(evictedAt === null ? [] : [`evicted ${second(evictedAt)} (UTC); the next use installs it again`]),
      ...(error ? [`${error.code}: ${printableLines(error.detail)}`] : []),
      ...(log === null ? [] : ['', 'Log of the build:', printableLines(log)]),
    ].join('\n'),
  )
}

/** `runyard packages evict`. */
export async function evictPackages(context: CliContext, ids: readonly string[], { json }: Json): Promise<void> {
  await withPackages(context, async ({ records, oversight, note }) => {
    const found = await Promise.all(ids.map((id) => known(records, id)))
    for (const record of found) {
      const { id, state } = record.view
      if (!(await oversight.evict(record)))
        throw new ExitError(EXIT.usage, `nothing of the environment ${id} is installed: it is ${state}`)
      await note('environment-evicted', `the environment ${record.view.id} was evicted`)
      if (!json) context.print(`${record.view.id} is being removed from every host`)
    }
  })
  if (json) context.print(JSON.stringify({ evicted: ids }, null, 2))
}

/** `runyard packages ban`. */
export async function banPackage(
  context: CliContext,
  banned: Banned,
  { reason, json }: Json & { reason: string },
): Promise<void> {
  checkName(banned)
  const ban = { ...banned, reason, bannedAt: new Date().toISOString() }
  const evicted = await withPackages(context, async ({ languages, records, oversight, note }) => {
    await records.ban(ban)
    await note('package-banned', `the package ${nameOf(banned)} was banned`)
    return oversight.evictBanned(ban, (language) => findLanguage(languages, language)?.environments?.ecosystem)
  })
  const said = `${nameOf(banned)} is banned; ${evicted} ${evicted === 1 ? 'environment is' : 'environments are'} being evicted`
  context.print(json ? JSON.stringify({ ...ban, evicted }, null, 2) : said)
}

/** `runyard packages unban`. */
export async function unbanPackage(context: CliContext, banned: Banned, { json }: Json): Promise<void> {
  const { ecosystem, name, version } = banned
  const { unbanned, bans } = await withPackages(context, async ({ records, note }) => {
    const was = await records.unban(ecosystem, name, version)
    if (was) await note('package-unbanned', `the ban of the package ${nameOf(banned)} was lifted`)
    return { unbanned: was, bans: await records.bans() }
  })
  const said = unbanned ? `${nameOf(banned)} is no longer banned` : wasNotBanned(banned, bans)
  context.print(json ? JSON.stringify({ ...banned, unbanned }, null, 2) : said)
}

/** Says so, with what lifts other bans of the same package. @param bans of all packages */
export function wasNotBanned(banned: Banned, bans: readonly Banned[]): string {
  const said = `${nameOf(banned)} was not banned`
  const { normalName } = PACKAGE_RULES[banned.ecosystem]
  const others = bans.filter(
    ({ ecosystem, name }) => ecosystem === banned.ecosystem && normalName(name) === normalName(banned.name),
  )
  if (others.length === 0) return said
  const lifting = others.map(({ ecosystem, name, version }) =>
    ['runyard packages unban', ecosystem, name, ...(version === null ? [] : [version])].map(printable).join(' '),
  )
  return [`${said}; lift its other bans with:`, ...lifting.map((line) => `  ${line}`)].join('\n')
}

/** `runyard packages bans`. */
export async function listBans(context: CliContext, { json }: Json): Promise<void> {
  const bans = await withPackages(context, ({ records }) => records.bans())
  if (json) return context.print(JSON.stringify({ bans }, null, 2))
  if (bans.length === 0) return context.print('No package is banned.')
  const columns = ['INDEX', 'PACKAGE', 'VERSION', 'SINCE (UTC)', 'REASON'].map((title) => ({ title }))
  const rows = bans.map(({ ecosystem, name, version, bannedAt, reason }) => [
    ecosystem,
    name,
    version ?? 'every',
    second(bannedAt),
    reason,
  ])
  context.print(table(columns, rows, context.paint ?? plain))
}

const nameOf = ({ name, version }: Banned) => printable(version === null ? name : `${name} ${version}`)
const printableLines = (text: string) => text.split('\n').map(printable).join('\n')

/** @throws ExitError */
function checkName({ name }: Banned): void {
  if (!Value.Check(PackageBan.properties.name, name))
    throw new ExitError(EXIT.usage, `${printable(name)} is no name of a package, e.g. numpy or @types/node`)
}

/** @throws ExitError */
async function known(records: EnvironmentRecords, id: string): Promise<EnvironmentRecord> {
  const record = await records.read(id.toLowerCase())
  if (!record)
    throw new ExitError(EXIT.usage, `there is no environment ${printable(id)}; "runyard packages list" lists them`)
  return record
}

interface Packages {
  languages: readonly Language[]
  records: EnvironmentRecords
  oversight: EnvironmentOversight
  /** Puts on record what this operator does. */
  note: (kind: SecurityEventKind, detail: string) => Promise<void>
}

function withPackages<T>(context: CliContext, work: (needs: Packages) => Promise<T>): Promise<T> {
  return withRedis(context, async (redis, keys) => {
    // The terminal is told by the command itself.
    const events = createSecurityEvents(
      redis,
      keys,
      { ...context.config.abuse, alerts: undefined },
      pino({ level: 'silent' }),
    )
    const nobody = { address: null, keyId: null, tenant: null, requestId: null, jobId: null }
    return work({
      languages: loadConfiguredLanguages(context.root),
      records: createEnvironmentRecords(redis, keys),
      oversight: createEnvironmentOversight(redis, keys),
      note: (kind, detail) => events.record({ kind, ...nobody, detail: `${detail} by ${operator()}` }),
    })
  })
}
