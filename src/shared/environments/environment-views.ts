import { findLanguage, type Language } from '../language.ts'
import type { Environment, EnvironmentOrigin, EnvironmentRecord, LockedPackage, PackageBan } from './environment.ts'
import type { EnvironmentOversight, EnvironmentUse } from './environment-oversight.ts'
import type { EnvironmentRecords } from './environment-records.ts'
import { banDetail, banOf, PACKAGE_RULES } from './package-rules.ts'

export interface EnvironmentViewsNeeds {
  records: Pick<EnvironmentRecords, 'bans'>
  oversight: Pick<EnvironmentOversight, 'evictedAt'>
  languages: readonly Language[]
}

/** Environments as people see them, in the order of their records: with what operators have done since they were built. */
export async function viewsOf(needs: EnvironmentViewsNeeds, found: readonly Viewed[]): Promise<Environment[]> {
  return found.length === 0 ? [] : found.map(await viewer(needs, found))
}

/** @see viewsOf */
export async function viewOf(needs: EnvironmentViewsNeeds, record: Viewed): Promise<Environment> {
  const view = await viewer(needs, [record])
  return view(record, 0)
}

type Viewed = Pick<EnvironmentRecord, 'view'>

/** How each of these is seen now. */
async function viewer({ records, oversight, languages }: EnvironmentViewsNeeds, found: readonly Viewed[]) {
  const [bans, evicted] = await Promise.all([records.bans(), oversight.evictedAt(found)])
  const byName = bansByName(bans)
  return ({ view }: Viewed, index: number): Environment => {
    const isReady = view.state === 'ready'
    const ecosystem = findLanguage(languages, view.language)?.environments?.ecosystem
    const own = isReady && ecosystem ? byName.get(ecosystem) : undefined
    const ban = own && ecosystem ? banIn(view.packages, own, PACKAGE_RULES[ecosystem].normalName) : null
    return { ...view, evictedAt: (isReady && evicted[index]) || null, ban }
  }
}

type BansByName = Map<string, PackageBan[]>

function bansByName(bans: readonly PackageBan[]): Map<PackageBan['ecosystem'], BansByName> {
  const all = new Map<PackageBan['ecosystem'], BansByName>()
  for (const ban of bans) {
    const own = all.get(ban.ecosystem) ?? new Map<string, PackageBan[]>()
    all.set(ban.ecosystem, own)
    const name = PACKAGE_RULES[ban.ecosystem].normalName(ban.name)
    own.set(name, [...(own.get(name) ?? []), ban])
  }
  return all
}

/** What is told of the first package that is banned; null when none is. */
function banIn(
  packages: readonly LockedPackage[],
  bans: BansByName,
  normalName: (name: string) => string,
): string | null {
  for (const { name, version } of packages) {
    const ban = banOf(bans.get(normalName(name)) ?? [], name, version)
    if (ban) return banDetail(`${name} ${version}`, ban)
  }
  return null
}

/** What operators see of an environment. */
export type OperatorView = Environment & EnvironmentUse & { firstAsked: EnvironmentOrigin }

type OperatorViewsNeeds = EnvironmentViewsNeeds & { oversight: Pick<EnvironmentOversight, 'uses'> }

/** In the order of their records. */
export async function operatorViewsOf(
  needs: OperatorViewsNeeds,
  found: readonly EnvironmentRecord[],
): Promise<OperatorView[]> {
  const [views, uses] = await Promise.all([viewsOf(needs, found), needs.oversight.uses(found)])
  return found.flatMap(({ firstAsked }, index) => {
    const [view, use] = [views[index], uses[index]]
    return view && use ? [{ ...view, firstAsked, ...use }] : []
  })
}

/** With what the installer did and said, if it was built. */
export async function operatorDetailsOf(
  needs: OperatorViewsNeeds & { oversight: Pick<EnvironmentOversight, 'log'> },
  record: EnvironmentRecord,
): Promise<OperatorView & { log: string | null }> {
  const { oversight } = needs
  const { view, firstAsked } = record
  const [shown, [use], log] = await Promise.all([
    viewOf(needs, record),
    oversight.uses([record]),
    oversight.log(view.id),
  ])
  return { ...shown, firstAsked, usedAt: use?.usedAt ?? view.createdAt, tenants: use?.tenants ?? [], log: log ?? null }
}
