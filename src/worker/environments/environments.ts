import { rm } from 'node:fs/promises'
import { closeOnce } from '../../shared/close-once.ts'
import type {
  EnvironmentError,
  EnvironmentRecord,
  LockedPackage,
  PackageBan,
} from '../../shared/environments/environment.ts'
import { createEnvironmentOversight } from '../../shared/environments/environment-oversight.ts'
import { createEnvironmentRecords } from '../../shared/environments/environment-records.ts'
import { createLatest } from '../../shared/latest.ts'
import type { WorkerCore } from '../core.ts'
import { EnvironmentFailed, type JobEnvironments } from '../jobs/job-environments.ts'
import { EngineDown } from '../sandbox/engine-health.ts'
import { BuildFault } from './build.ts'
import { type BuildQueue, type BuildQueueOptions, createBuildQueue } from './build-queue.ts'
import { type Brought, type BuilderOptions, createBuilder, fullFault, refuseBanned } from './builder.ts'
import { startEvictions } from './evictions.ts'
import { createSharing } from './sharing.ts'
import { isNoRoom, type Tree } from './tree-store.ts'

export interface Environments extends JobEnvironments, Pick<BuildQueue, 'start' | 'pause' | 'resume'> {
  /** Takes no more builds; those under way end, or go to another worker. Idempotent. */
  close(): Promise<void>
}

export interface EnvironmentsOptions extends Omit<BuilderOptions, 'downloaded'> {
  /** Languages that have an installer here. */
  languages: () => readonly string[]
  observer: EnvironmentObserver
}

/** Told of builds, for metrics. Must not throw. */
export interface EnvironmentObserver {
  built: (outcome: 'ready' | EnvironmentError['code'], ms: number) => void
  downloaded: (bytes: number) => void
  evicted: () => void
}

/** What each job needs of an environment that is ready. Its record, long as a lock is, is read once. */
interface Ready {
  language: string
  /** Of the language on this host, when the key was made. */
  version: string | undefined
  key: string
  packages: readonly LockedPackage[]
}

/** Ends that are remembered. */
const MOST_DECIDED = 10_000
/** Environments that are remembered as ready. */
const MOST_READY = 1000
const NOBODY = { tell: () => undefined, said: () => undefined }

const gone = () => new EnvironmentFailed('the environment is gone; submit the job again')

/** Packages of jobs: builds them in turn, and has on this host what its jobs use. */
export function createEnvironments(core: WorkerCore, options: EnvironmentsOptions): Environments {
  const { redis, keys, log } = core
  const { observer, languages, trees } = options
  const { built, downloaded } = observer
  const closing = new AbortController()
  const records = createEnvironmentRecords(redis, keys)
  const builder = createBuilder(core, records, { ...options, downloaded }, closing.signal)
  const sharing = createSharing(core, trees)
  const canBuild = () => languages().length > 0
  const oversight = createEnvironmentOversight(redis, keys)
  const writeLog: BuildQueueOptions['writeLog'] = (id, text) => oversight.writeLog(id, text)
  const queue = createBuildQueue(core, { records, writeLog, builder, sharing, canBuild, built }, closing.signal)
  const evictions = startEvictions({ oversight, trees, sharing, evicted: observer.evicted, log })
  const bringing = new Map<string, Promise<Tree>>()
  /** Ids of those that came to an end, which is for good. */
  const decided = createLatest<string, true>(MOST_DECIDED)
  const ready = createLatest<string, Ready>(MOST_READY)
  let rebuilding: Promise<unknown> = Promise.resolve()

  /** One after another: each takes as much memory and disk as a build from the queue. */
  const rebuild = (record: EnvironmentRecord, lock: string): Promise<Brought> => {
    const again = rebuilding.then(() => builder.build(record, lock, NOBODY))
    rebuilding = again.catch(() => undefined)
    return again
  }

  /** @throws EnvironmentFailed */
  const readReady = async (id: string): Promise<{ record: EnvironmentRecord; lock: string }> => {
    const record = await records.read(id)
    if (!record) throw gone()
    const { state, lock, error } = record.view
    if (state === 'ready' && lock !== null) return { record, lock }
    throw new EnvironmentFailed(error ? `${error.code}: ${error.detail}` : 'the environment was not built')
  }

  const readyOf = async (id: string): Promise<Ready> => {
    const known = ready.get(id)
    if (known && known.version === options.installerOf(known.language)?.version) return known
    const { record, lock } = await readReady(id)
    const { language, packages } = record.view
    const version = options.installerOf(language)?.version
    const read = { language, version, key: builder.keyOf(language, lock), packages }
    ready.put(id, read)
    return read
  }

  /** Brings an environment that was built before to this host, once for all who ask. It is held already. */
  const bring = (id: string, key: string): Promise<Tree> => {
    const under = bringing.get(key)
    if (under) return under
    const work = (async () => {
      const here = await trees.find(key)
      if (here) return here
      const { record, lock } = await readReady(id)
      if (!(await sharing.fetch(record, key))) await install(record, key, lock)
      await oversight.installed(record.view.language, lock)
      const brought = await trees.find(key)
      if (!brought) throw new Error(`environment ${id} is not on this host`)
      return brought
    })().finally(() => bringing.delete(key))
    bringing.set(key, work)
    return work
  }

  const install = async (record: EnvironmentRecord, key: string, lock: string) => {
    const { release, pack, key: own } = await rebuild(record, lock)
    release()
    await rm(pack, { force: true })
    if (own !== key) throw new Error('the lock gave another environment')
  }

  /** @throws BuildFault when an operator bans one of its packages */
  const checkBans = ({ language, packages }: Ready, bans: readonly PackageBan[]) => {
    const ecosystem = options.installerOf(language)?.installer.ecosystem ?? 'pypi'
    const own = bans.filter((ban) => ban.ecosystem === ecosystem)
    if (own.length > 0) refuseBanned(packages, own)
  }

  return {
    canInstall: (language) => languages().includes(language),
    async isDecided({ environment: id, head }) {
      if (id === undefined || decided.get(id)) return true
      if (await records.wait(id, head.id)) return false
      decided.put(id, true)
      return true
    },
    async use(id) {
      // Each job with packages waits for what is asked here, so what can be asked together is. One that failed is not kept longer.
      const known = readyOf(id)
      const [isThere, own, bans] = await Promise.all([known.then(() => records.touch(id)), known, records.bans()])
      if (!isThere) throw gone()
      const { key } = own
      let release = () => {}
      try {
        release = trees.hold(key)
        checkBans(own, bans)
        const { tree } = await bring(id, key)
        return { key, tree, release }
      } catch (cause) {
        release()
        const error = isNoRoom(cause) ? fullFault(cause) : cause
        if (error instanceof BuildFault && error.code === 'environments-full')
          log.error({ err: error.cause, environment: id }, 'no room for an environment')
        if (!(error instanceof BuildFault) || closing.signal.aborted) {
          throw queue.isPaused ? new EngineDown('the container engine is away', { cause: error }) : error
        }
        if (error.code === 'package-not-allowed') {
          await trees.evict(key)
          await records.forget((await readReady(id)).record)
          observer.evicted()
        }
        throw new EnvironmentFailed(`${error.code}: ${error.message}`)
      }
    },
    start: () => queue.start(),
    pause: () => queue.pause(),
    resume: () => queue.resume(),
    close: closeOnce(
      () => closing.abort(),
      () => evictions.stop(),
      () => queue.close(),
      () => sharing.close(),
    ),
  }
}
