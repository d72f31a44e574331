import { rm } from 'node:fs/promises'
import { closeOnce } from '../../shared/close-once.ts'
import type { EnvironmentError, EnvironmentRecord, PackageBan } from '../../shared/environments/environment.ts'
import { createEnvironmentOversight } from '../../shared/environments/environment-oversight.ts'
import { createEnvironmentRecords } from '../../shared/environments/environment-records.ts'
import { PACKAGE_RULES } from '../../shared/environments/package-rules.ts'
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

/** So many ends are remembered, the latest. */
const MOST_DECIDED = 10_000
const NOBODY = { tell: () => undefined, said: () => undefined }

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
  const decided = new Set<string>()
  let rebuilding: Promise<unknown> = Promise.resolve()

  /** One after another: each takes as much memory and disk as a build from the queue. */
  const rebuild = (record: EnvironmentRecord, lock: string): Promise<Brought> => {
    const again = rebuilding.then(() => builder.build(record, lock, NOBODY))
    rebuilding = again.catch(() => undefined)
    return again
  }

  /** Brings an environment that was built before to this host, once for all who ask. It is held already. */
  const bring = (record: EnvironmentRecord, key: string, lock: string): Promise<Tree> => {
    const under = bringing.get(key)
    if (under) return under
    const work = (async () => {
      const here = await trees.find(key)
      if (here) return here
      if (!(await sharing.fetch(record, key))) await install(record, key, lock)
      const brought = await trees.find(key)
      if (!brought) throw new Error(`environment ${record.view.id} is not on this host`)
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
  const checkBans = (language: string, lock: string, bans: readonly PackageBan[]) => {
    const ecosystem = options.installerOf(language)?.installer.ecosystem ?? 'pypi'
    const own = bans.filter((ban) => ban.ecosystem === ecosystem)
    // A lock is long, and each job with packages waits for what is read here.
    if (own.length > 0) refuseBanned(PACKAGE_RULES[ecosystem].packagesOf(lock), own)
  }

  return {
    canInstall: (language) => languages().includes(language),
    async isDecided({ environment: id, head }) {
      if (id === undefined) return true
      const state = async () => (await records.read(id))?.view.state
      const isOver = async () => {
        const now = await state()
        if (now === 'queued' || now === 'building') return false
        decided.add(id)
        if (decided.size > MOST_DECIDED) decided.delete(decided.values().next().value ?? '')
        return true
      }
      if (decided.has(id) || (await isOver())) return true
      await records.wait(id, head.id)
      return isOver()
    },
    async use(id) {
      // Each job with packages waits for what is asked here, so what can be asked together is.
      const [record, bans] = await Promise.all([records.read(id), records.bans()])
      if (!record) throw new EnvironmentFailed('the environment is gone; submit the job again')
      const { view } = record
      const { lock, error } = view
      if (view.state !== 'ready' || lock === null)
        throw new EnvironmentFailed(error ? `${error.code}: ${error.detail}` : 'the environment was not built')
      const key = builder.keyOf(view.language, lock)
      let release = () => {}
      try {
        release = trees.hold(key)
        checkBans(view.language, lock, bans)
        // Both come to their end before the tree may be released: it may still be written.
        const [brought, touched] = await Promise.allSettled([bring(record, key, lock), records.touch(id)])
        if (brought.status === 'rejected') throw brought.reason
        if (touched.status === 'rejected') throw touched.reason
        return { key, tree: brought.value.tree, lock, release }
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
          await records.forget(record)
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
