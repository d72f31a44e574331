import { setTimeout as sleep } from 'node:timers/promises'
import { installingLanguage, findLanguage, type Language } from '../../../shared/language.ts'
import { SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { EnvironmentRecord } from '../../../shared/environments/environment.ts'
import type { SessionRequest } from '../../../shared/sessions/requests.ts'
import { packageSet } from '../../environments/package-set.ts'
import type { Caller } from '../../http/caller.ts'
import { knownRuntimes } from '../../load/check-workers.ts'
import type { SessionNeeds } from '../../sessions/needs.ts'

type Needs = Pick<SessionNeeds, 'languages' | 'starting'>

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Whether a template can only be an environment, by its id. */
export const isEnvironmentId = (id: string): boolean => UUID.test(id)
/** Clients wait a minute for a sandbox, which has to start, too. */
const BUILD_MS = 30 * SECOND
const POLL_MS = 300
const AGAIN_SECONDS = 10

/**
 * What a template stands for that is an environment: its id, or the name of a set of packages, `python/data`, which is built the first time.
 * @param signal aborts when nobody waits any more
 * @returns undefined for any other template
 * @throws Problem `not-found` for no environment of the caller, and no set; `unavailable` while it is built; why it could not be built
 */
export async function environmentTemplate(
  needs: Needs,
  id: string,
  caller: Caller,
  signal: AbortSignal,
): Promise<Pick<SessionRequest, 'language' | 'environment'> | undefined> {
  const { environments } = needs.starting
  const isSet = id.includes('/')
  if (!isSet && !isEnvironmentId(id)) return undefined
  const { view: first } = await environments.own(caller.tenant, isSet ? await requestSet(needs, id, caller) : id)
  const view = await built(environments, first, caller, signal)
  return { language: view.language, environment: view.id }
}

async function requestSet({ languages, starting }: Needs, id: string, caller: Caller) {
  const asked = findLanguage(languages, id.slice(0, id.indexOf('/')))
  if (!asked) throw noSet(id, languages)
  const language = installingLanguage(languages, asked)
  const name = `${language.id}${id.slice(id.indexOf('/'))}`
  if (!setsOf([language]).includes(name)) throw noSet(id, languages)
  return starting.environments.request(
    language,
    knownRuntimes(await starting.overview()),
    packageSet(language, name, '/templateID').manifest,
    caller,
    name,
  )
}

/** Waits for what is being built. */
async function built(
  environments: Needs['starting']['environments'],
  first: EnvironmentRecord['view'],
  { tenant }: Caller,
  signal: AbortSignal,
): Promise<EnvironmentRecord['view']> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(BUILD_MS)])
  let view = first
  while (view.state !== 'ready' && view.state !== 'failed' && !late.aborted) {
    await sleep(POLL_MS, undefined, { signal: late }).catch(() => undefined)
    ;({ view } = await environments.own(tenant, view.id))
  }
  if (view.error) throw new Problem(view.error.code, view.error.detail)
  if (view.state === 'ready') return view
  const detail = `the packages of the template are being installed (${view.state}); try again in ${AGAIN_SECONDS} s`
  throw new Problem('unavailable', detail, { headers: { 'Retry-After': String(AGAIN_SECONDS) } })
}

const setsOf = (languages: readonly Language[]) =>
  languages.flatMap(({ id, packageSets = {} }) => Object.keys(packageSets).map((set) => `${id}/${set}`))

function noSet(id: string, languages: readonly Language[]): Problem {
  const sets = setsOf(languages)
  const known = sets.length > 0 ? `sets of packages are ${sets.join(', ')}` : 'there are no sets of packages'
  return new Problem('not-found', `template "${id}" does not exist; ${known}`)
}
