import { createHash } from 'node:crypto'
import type { Config } from '../../shared/config/config.ts'
import type { Environment, EnvironmentRecord, PackageBan } from '../../shared/environments/environment.ts'
import type { EnvironmentQueue, EnvironmentRecords } from '../../shared/environments/environment-records.ts'
import { banDetail, PACKAGE_RULES } from '../../shared/environments/package-rules.ts'
import type { Language } from '../../shared/language.ts'
import { createLatest } from '../../shared/latest.ts'
import { Problem } from '../../shared/problems.ts'
import type { Runtimes } from '../../shared/redis/worker-registry.ts'
import type { Caller } from '../http/caller.ts'
import { invalidRequest } from '../http/problems.ts'
import type { Manifest } from './manifest.ts'
import { packageSet } from './package-set.ts'

/** What whoever uses an environment must know of it. */
export type EnvironmentState = Pick<Environment, 'id' | 'language' | 'state' | 'progress' | 'error'>

/** Finds environments for those who ask, and has them built. */
export interface EnvironmentRequests {
  /** Whether packages of a language can be installed now. */
  canInstall(language: Language, runtimes: Runtimes): boolean
  /** Whether a set of packages is ready for whoever names it. @param set e.g. `python/data` */
  hasSet(language: Language, runtimes: Runtimes, set: string): Promise<boolean>
  /**
   * The id of the environment of a manifest: known from before, or to be built.
   * @param set the name of the packages where they are a set, which an allow-list need not name; it keeps its versions for 30 days
   * @throws Problem `package-not-allowed`, `invalid-request`, `tenant-queue-full`; what Redis answers
   */
  request(language: Language, runtimes: Runtimes, manifest: Manifest, caller: Caller, set?: string): Promise<string>
  /** One that the caller asked for. @throws Problem `not-found` */
  own(tenant: string, id: string): Promise<EnvironmentRecord>
  /** The same, without what is long: the record of one that is ready is read once. @throws Problem `not-found` */
  stateOf(tenant: string, id: string): Promise<EnvironmentState>
  /** Has the events of a job tell how far its environment is, while that is being built. @throws what Redis answers */
  follow(id: string, jobId: string): Promise<void>
  /** Names, versions and hashes; null when it was not built, or its record is gone. */
  lockOf(id: string): Promise<string | null>
}

/** Environments that are remembered as ready. */
const MOST_READY = 1000
/** Locks that are remembered, each of up to 1 MiB. */
const MOST_LOCKS = 50

export function createEnvironmentRequests(
  { packages: settings }: Pick<Config, 'packages'>,
  records: EnvironmentRecords,
  queue: EnvironmentQueue,
): EnvironmentRequests {
  const ready = createLatest<string, EnvironmentState>(MOST_READY)
  const locks = createLatest<string, string>(MOST_LOCKS)
  const checkAllowed = async (ecosystem: PackageBan['ecosystem'], manifest: Manifest, isSet: boolean) => {
    const { normalName } = PACKAGE_RULES[ecosystem]
    const names = manifest.names.map(normalName)
    const allowed = new Set(settings.allowed.map(normalName))
    const other = settings.policy === 'allow-list' && !isSet ? names.find((name) => !allowed.has(name)) : undefined
    if (other !== undefined) {
      throw notAllowed(
        `${other} is not among the packages that this server allows (PACKAGES_ALLOWED): ${settings.allowed.join(', ')}`,
      )
    }
    const bans = (await records.bans()).filter((one) => one.ecosystem === ecosystem)
    const ban = bans.find(({ name, version }) => version === null && names.includes(normalName(name)))
    if (ban) throw notAllowed(banDetail(ban.name, ban))
  }

  /** Names a request: whoever asks for the same within a day gets the same. */
  const hashOf = (language: Language, runtimes: Runtimes, text: string, set: string | undefined) =>
    createHash('sha256')
      .update(
        JSON.stringify([
          language.id,
          runtimes.languages[language.id] ?? '',
          settings.minAgeMs,
          text,
          ...(set === undefined ? [] : [set]),
        ]),
      )
      .digest('hex')
  const canInstall = (language: Language, runtimes: Runtimes) =>
    settings.policy !== 'off' &&
    language.environments !== undefined &&
    runtimes.packages?.includes(language.id) === true

  const own = async (tenant: string, id: string) => {
    const known = id.toLowerCase()
    const record = (await records.isOf(tenant, known)) ? await records.read(known) : undefined
    if (!record) throw new Problem('not-found', 'the environment does not exist, or its record has expired')
    return record
  }

  return {
    canInstall,
    async hasSet(language, runtimes, set) {
      if (!canInstall(language, runtimes)) return false
      const { name, manifest } = packageSet(language, set, '')
      return records.isReady(hashOf(language, runtimes, manifest.text, name))
    },
    async request(language, runtimes, manifest, caller, set) {
      if (settings.policy === 'off') throw notAllowed('this server installs no packages (PACKAGES=off)')
      if (!language.environments) throw cannot(`packages of ${language.name} cannot be installed`)
      if (!runtimes.packages?.includes(language.id)) {
        const command = `npx runyard languages install ${language.id} --packages`
        throw cannot(
          `no worker can install packages of ${language.name}; the operator can have one do so with: ${command}`,
        )
      }
      await checkAllowed(language.environments.ecosystem, manifest, set !== undefined)
      const version = runtimes.languages[language.id] ?? ''
      const { text } = manifest
      const hash = hashOf(language, runtimes, text, set)
      const { tenant, keyId, address } = caller
      const wanted = { language: language.id, version, dependencies: manifest.requirements, manifest: text, hash }
      const requested = await records.request({
        ...wanted,
        isSet: set !== undefined,
        origin: { tenant, keyId, address },
      })
      if (!requested) throw tooManyBuilds()
      const { id, isDecided } = requested
      // Also for one whose gateway died between the two: an id that is queued already is not queued again.
      if (!isDecided) await queue.add('build', { id }, { jobId: id })
      return id
    },
    own,
    async stateOf(tenant, id) {
      const known = ready.get(id.toLowerCase())
      if (known) {
        const [isOf, exists] = await Promise.all([records.isOf(tenant, known.id), records.exists(known.id)])
        if (isOf && exists) return known
      }
      const { view } = await own(tenant, id)
      const { language, state, progress, error } = view
      const read = { id: view.id, language, state, progress, error }
      if (state === 'ready') ready.put(view.id, read)
      return read
    },
    async follow(id, jobId) {
      if (!ready.get(id)) await records.follow(id, jobId)
    },
    async lockOf(id) {
      const known = locks.get(id)
      if (known !== undefined) return known
      const lock = (await records.read(id))?.view.lock ?? null
      if (lock === null) return null
      // Of one that is ready it does not change.
      locks.put(id, lock)
      return lock
    },
  }
}

/** One that a request names. @throws Problem `invalid-request` at `/environment` */
export async function ownEnvironment(
  environments: Pick<EnvironmentRequests, 'stateOf'>,
  id: string,
  tenant: string,
): Promise<EnvironmentState> {
  return environments.stateOf(tenant, id).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error
    throw invalidRequest([{ pointer: '/environment', detail: 'names no environment that you asked for' }])
  })
}

const AGAIN_SECONDS = 10
const tooManyBuilds = () =>
  new Problem(
    'tenant-queue-full',
    `you have as many environments being built as you may; try again in ${AGAIN_SECONDS} s`,
    { headers: { 'Retry-After': String(AGAIN_SECONDS) } },
  )
const notAllowed = (detail: string) => new Problem('package-not-allowed', detail)
const cannot = (detail: string) => invalidRequest([{ pointer: '/dependencies', detail }])
