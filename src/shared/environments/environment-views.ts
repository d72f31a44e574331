import { findLanguage, type Language } from '../language.ts'
import type { Environment, EnvironmentOrigin, EnvironmentRecord } from './environment.ts'
import type { EnvironmentOversight, EnvironmentUse } from './environment-oversight.ts'
import type { EnvironmentRecords } from './environment-records.ts'
import { banDetail, banOf } from './package-rules.ts'

export interface EnvironmentViewsNeeds {
  records: Pick<EnvironmentRecords, 'bans'>
  oversight: Pick<EnvironmentOversight, 'evictedAt'>
  languages: readonly Language[]
}

/** Environments as people see them, in the order of their records: with what operators have done since they were built. */
export async function viewsOf(
  { records, oversight, languages }: EnvironmentViewsNeeds,
  found: readonly Pick<EnvironmentRecord, 'view'>[],
): Promise<Environment[]> {
  if (found.length === 0) return []
  const [bans, evicted] = await Promise.all([records.bans(), oversight.evictedAt(found.map(({ view }) => view.id))])
  return found.map(({ view }, index) => {
    const isReady = view.state === 'ready'
    const ecosystem = findLanguage(languages, view.language)?.environments?.ecosystem
    const own = isReady ? bans.filter((ban) => ban.ecosystem === ecosystem) : []
    const banned = view.packages.flatMap(({ name, version }) => {
      const ban = own.length > 0 ? banOf(own, name, version) : undefined
      return ban ? [banDetail(`${name} ${version}`, ban)] : []
    })
    return { ...view, evictedAt: (isReady && evicted[index]) || null, ban: banned[0] ?? null }
  })
}

/** @see viewsOf */
export async function viewOf(
  needs: EnvironmentViewsNeeds,
  record: Pick<EnvironmentRecord, 'view'>,
): Promise<Environment> {
  const [view] = await viewsOf(needs, [record])
  return view ?? { ...record.view, evictedAt: null, ban: null }
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
