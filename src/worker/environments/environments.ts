import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { DelayedError, UnrecoverableError, Worker } from 'bullmq'
import { closeOnce } from '../../shared/close-once.ts'
import {
  banOf,
  type EnvironmentError,
  type EnvironmentRecord,
  packagesOf,
  type PackageBan,
} from '../../shared/environments/environment.ts'
import {
  createEnvironmentQueue,
  createEnvironmentRecords,
  ENVIRONMENT_QUEUE_NAME,
} from '../../shared/environments/environment-records.ts'
import { createFileStore } from '../../shared/files/create-file-store.ts'
import { createFileRecords } from '../../shared/files/file-records.ts'
import { saveContent } from '../../shared/files/save-file.ts'
import { GIB, MIB, SECOND } from '../../shared/limits.ts'
import { createJobQueue, promoteJobs } from '../../shared/redis/job-queue.ts'
import { makeSocketFolder } from '../../shared/socket-folder.ts'
import type { WorkerCore } from '../core.ts'
import { EngineDown } from '../sandbox/engine-health.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { EnvironmentFailed, type JobEnvironments } from '../jobs/job-environments.ts'
import { BASE_ENV } from '../jobs/plan.ts'
import { startTimer } from '../timer.ts'
import { createUpstream } from '../way-out/upstream.ts'
import { openWayOut } from '../way-out/way-out.ts'
import { BuildFault, buildPackages, cellBytes, type Installer } from './build.ts'
import { pipIndex } from './index-address.ts'
import { createPackageIndex } from './package-index.ts'
import { reconcileBuilds } from './reconcile-builds.ts'
import { NoRoom, type TreeStore } from './tree-store.ts'
import { PackFault } from './unpack.ts'

export interface Environments extends JobEnvironments {
  /** Takes builds from when it is called with an installer here; to be called whenever one may have come. */
  start(): void
  /** Takes no more builds until it is told to: the engine is away. What fails meanwhile is tried again. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Takes no more builds; those under way end, or go to another worker. Idempotent. */
  close(): Promise<void>
}

export interface EnvironmentsOptions {
  trees: TreeStore
  /** How packages of an installed language are installed, and the image that can, where that is here. */
  installerOf: (language: string) => { installer: Installer; image: string | undefined; version: string } | undefined
  /** Languages that have an installer here. */
  languages: () => readonly string[]
  /** Makes the sandbox of an installer. @param wayOut folder of its way out */
  makeSandbox: (image: string, memoryBytes: number, wayOut: string | undefined) => Promise<Sandbox>
  observer: EnvironmentObserver
}

/** Told of builds, for metrics. Must not throw. */
export interface EnvironmentObserver {
  built: (outcome: 'ready' | EnvironmentError['code'], ms: number) => void
  downloaded: (bytes: number) => void
  evicted: () => void
}

/** Another worker takes a build over so long after its own died, at most both together. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000
/** For the installer itself, beside its files. */
const MEMORY_BYTES = 768 * MIB
const TELL_MS = SECOND / 2
const RECONCILE_MS = 30 * SECOND
/** In whose name the file store keeps packs. It is no name that a tenant can have. */
export const STORE_TENANT = 'runyard/environments'

export function createEnvironments(core: WorkerCore, options: EnvironmentsOptions): Environments {
  const { config, redis, keys, log } = core
  const { trees, observer } = options
  const { packages: settings, files } = config
  const bounds = { maxBytes: settings.maxBytes, maxFiles: settings.maxFiles }
  const records = createEnvironmentRecords(redis, keys)
  const store = createFileStore(config)
  const fileRecords = createFileRecords(redis, keys, {
    ttlSeconds: files.ttlSeconds,
    tenantMaxFiles: 1e6,
    tenantMaxBytes: files.storeMaxBytes,
    maxBytes: files.storeMaxBytes,
  })
  const queue = createJobQueue(redis, keys)
  const builds = createEnvironmentQueue(redis, keys)
  const closing = new AbortController()
  const bringing = new Map<string, Promise<void>>()
  const defaults = new Map<string, Promise<string>>()
  let worker: Worker<{ id: string }, null, 'build'> | undefined
  let isPaused = false
  let rebuilding: Promise<unknown> = Promise.resolve()

  /** Others than these give other bytes for a lock. */
  const keyOf = (language: string, lock: string): string => {
    const found = options.installerOf(language)
    if (!found) throw new Error(`${language} is not installed on this worker`)
    const { version, installer } = found
    return createHash('sha256')
      .update(JSON.stringify([language, version, process.arch, installer, lock]))
      .digest('hex')
  }

  /** Of an installer: the operator's, the machine's, or its own. */
  const indexOf = async (language: string, installer: Installer, image: string): Promise<string> => {
    const configured = settings.pypi ?? (await pipIndex())
    if (configured !== undefined) return configured
    const known = defaults.get(language) ?? askDefault(installer, image)
    defaults.set(language, known)
    return known.catch((error: unknown) => {
      defaults.delete(language)
      throw error
    })
  }

  const askDefault = async (installer: Installer, image: string): Promise<string> => {
    const sandbox = await options.makeSandbox(image, 256 * MIB, undefined)
    try {
      sandbox.begin(16 * MIB)
      sandbox.writeFile(installer.manifest, 0o644, Buffer.alloc(0))
      let said = ''
      const start = { ...stageLimits(), args: installer.defaultIndex, env: { ...BASE_ENV, ...installer.installerEnv } }
      const times = { wallMs: 30 * SECOND, cpuMs: 30 * SECOND, outputBytes: 64 * 1024, fileBytes: 16 * MIB }
      await sandbox.run({ ...start, ...times, stdin: false }, Buffer.alloc(0), (_stream, bytes) => {
        said += bytes.toString()
      })
      const url = /https?:\/\/\S+/.exec(said)?.[0]
      if (url === undefined) throw new Error(`the installer names no default index: ${said}`)
      return url
    } finally {
      await sandbox.destroy()
    }
  }

  const stageLimits = () => ({
    processes: Math.min(256, config.limits.ceilings.processes),
    openFiles: Math.max(256, config.limits.ceilings.openFiles),
    stackBytes: config.limits.defaults.stackBytes,
    graceMs: config.sandbox.graceMs,
  })

  /**
   * Builds and keeps an environment on this host.
   * @throws BuildFault for whoever asked; SandboxBroken and others when we failed
   */
  const build = async (
    record: EnvironmentRecord,
    manifest: string,
    tell: (progress: string) => void,
  ): Promise<Brought> => {
    const { installer, image } = options.installerOf(record.view.language) ?? {}
    if (!installer || image === undefined)
      throw new Error(`no installer of packages for ${record.view.language} is on this worker`)
    const begun = performance.now()
    const bans = await records.bans()
    const index = new URL(await indexOf(record.view.language, installer, image))
    const most = { maxBytes: 2 * bounds.maxBytes, maxRequests: 5000, maxMs: 3 * settings.timeoutMs }
    const upstream = createUpstream({ allow: settings.reach }, most, closing.signal)
    const shown = createPackageIndex({
      index,
      upstream,
      minAgeMs: settings.minAgeMs,
      bans,
      failed: (err) => log.warn({ err, environment: record.view.id }, 'package index failed'),
      gives: (file) => tell(`installing ${file.split('-').slice(0, 2).join(' ')}`),
    })
    const folder = await trees.work()
    const wayOut = await openWayOut(await makeSocketFolder(config.dataDir), { request: shown.handle })
    let sandbox: Sandbox | undefined
    try {
      sandbox = await options.makeSandbox(image, cellBytes(bounds) + MEMORY_BYTES, wayOut.folder)
      const ended = closing.signal
      ended.throwIfAborted()
      const stop = () => void sandbox?.destroy()
      ended.addEventListener('abort', stop)
      const limits = stageLimits()
      const job = {
        installer,
        sandbox,
        index: shown,
        manifest,
        bounds,
        timeoutMs: settings.timeoutMs,
        limits,
        folder,
        tell,
      }
      const built = await buildPackages(job).finally(() => ended.removeEventListener('abort', stop))
      try {
        const key = keyOf(record.view.language, built.lock)
        refuseBanned(built.lock, bans)
        const release = trees.hold(key)
        try {
          const size = (await trees.find(key)) ?? (await trees.add(key, built.pack))
          return { key, lock: built.lock, size, release, pack: built.pack }
        } catch (error) {
          release()
          throw error
        }
      } catch (error) {
        await rm(built.pack, { force: true })
        throw error instanceof PackFault || error instanceof NoRoom || isNoSpace(error)
          ? new BuildFault({
              code: error instanceof PackFault ? 'environment-too-large' : 'environment-failed',
              detail: `the packages ${error instanceof PackFault ? error.message : `could not be kept: ${(error as Error).message}`}`,
            })
          : error
      }
    } finally {
      await sandbox?.destroy()
      await wayOut.close()
      await upstream.close()
      const { bytes, requests, hosts } = upstream.used
      observer.downloaded(bytes)
      const ms = Math.round(performance.now() - begun)
      const what = { environment: record.view.id, hosts: [...hosts], requests, bytes, ms, files: shown.given.length }
      log.info(what, 'way out of an installer closed')
    }
  }

  /** Others hosts get it from the file store. One that cannot be stored there they build by themselves. */
  const share = async (record: EnvironmentRecord, pack: string): Promise<string | undefined> => {
    try {
      const options = { records: fileRecords, store, maxBytes: 4 * GIB }
      const content = await saveContent(options, STORE_TENANT, { pieces: createReadStream(pack) })
      const { upload, bytes, sha256 } = content
      const name = `${record.view.language}-${record.view.id}`
      const file = { tenant: STORE_TENANT, name, contentType: 'application/octet-stream', bytes, sha256 }
      const committed = await fileRecords.commit(upload, file, undefined)
      return committed.kind === 'made' ? committed.record.file.id : undefined
    } catch (err) {
      log.warn({ err, environment: record.view.id }, 'environment not shared by the file store')
      return undefined
    }
  }

  /** @returns whether the file store had it */
  const fetch = async (record: EnvironmentRecord, key: string): Promise<boolean> => {
    if (record.key !== key || record.fileId === undefined) return false
    const file = await fileRecords.read(record.fileId)
    if (!file) return false
    const pack = join(await trees.work(), `pack-${randomUUID()}`)
    try {
      const hash = createHash('sha256')
      const content = await store.open(file.blob)
      await pipeline(content, async function* (pieces: AsyncIterable<Buffer>) {
        for await (const piece of pieces) {
          hash.update(piece)
          yield piece
        }
      }, createWriteStream(pack, { mode: 0o600 })) // prettier-ignore
      if (hash.digest('hex') !== file.file.sha256) throw new Error('the file store has other content')
      await trees.add(key, pack)
      return true
    } catch (err) {
      log.warn({ err, environment: record.view.id }, 'environment not taken from the file store')
      return false
    } finally {
      await rm(pack, { force: true })
    }
  }

  /** One after another: each takes as much memory and disk as a build from the queue. */
  const rebuild = (record: EnvironmentRecord, lock: string): Promise<Brought> => {
    const built = rebuilding.then(() => build(record, lock, () => undefined))
    rebuilding = built.catch(() => undefined)
    return built
  }

  /** Brings an environment that was built before to this host, once for all who ask. It is held already. */
  const bring = (record: EnvironmentRecord, key: string, lock: string): Promise<void> => {
    const under = bringing.get(key)
    if (under) return under
    const work = (async () => {
      if ((await trees.find(key)) || (await fetch(record, key))) return
      const built = await rebuild(record, lock)
      built.release()
      await rm(built.pack, { force: true })
      if (built.key !== key) throw new Error('the lock gave another environment')
    })().finally(() => bringing.delete(key))
    bringing.set(key, work)
    return work
  }

  const buildQueued = async (id: string): Promise<void> => {
    const record = await records.read(id)
    if (!record || record.view.state === 'ready' || record.view.state === 'failed') return
    const begun = performance.now()
    let told = 0
    let writing: Promise<unknown> = Promise.resolve()
    const tell = (progress: string) => {
      const now = performance.now()
      if (now - told < TELL_MS) return
      told = now
      record.view.state = 'building'
      record.view.progress = progress
      const text = structuredClone(record)
      writing = writing.then(() => records.update(text)).catch(() => undefined)
    }
    const end = async (error: EnvironmentError | null) => {
      await writing
      const finishedAt = new Date().toISOString()
      Object.assign(record.view, { state: error ? 'failed' : 'ready', progress: null, error, finishedAt })
      await records.update(record)
      await promoteJobs(queue, await records.takeWaiting(id), log)
      observer.built(error ? error.code : 'ready', performance.now() - begun)
    }
    tell('preparing')
    try {
      const { key, lock, size, release, pack } = await build(record, record.manifest, tell)
      try {
        const fileId = await share(record, pack)
        Object.assign(record, { key, ...(fileId !== undefined && { fileId }) })
        Object.assign(record.view, { lock, packages: packagesOf(lock), bytes: size.bytes, files: size.files })
        await end(null)
      } finally {
        release()
        await rm(pack, { force: true })
      }
      log.info({ environment: id, key, ...size }, 'environment built')
    } catch (error) {
      // What a build says that this worker ended says nothing of its packages.
      if (!(error instanceof BuildFault) || closing.signal.aborted) throw error
      log.info({ environment: id, code: error.code, detail: error.message }, 'environment cannot be built')
      await end({ code: error.code, detail: error.message })
    }
  }

  /** We failed, as often as it is tried: whoever waits is told. */
  const giveUp = async (id: string): Promise<void> => {
    const record = await records.read(id)
    if (!record || record.view.state === 'ready' || record.view.state === 'failed') return
    const error = { code: 'environment-failed', detail: 'the packages could not be installed; this is a fault of the service' } // prettier-ignore
    const end = { state: 'failed', progress: null, error, finishedAt: new Date().toISOString() }
    Object.assign(record.view, end)
    await records.update(record)
    await promoteJobs(queue, await records.takeWaiting(id), log)
    observer.built('environment-failed', 0)
  }

  const reconcile = () => reconcileBuilds({ records, stateOf: (id) => builds.getJobState(id), giveUp, log })
  const timer = startTimer('reconciliation of environments', RECONCILE_MS, reconcile, log)

  return {
    async isDecided({ environment: id, head }) {
      if (id === undefined) return true
      const state = async () => (await records.read(id))?.view.state
      const isOver = (now: string | undefined) => now !== 'queued' && now !== 'building'
      if (isOver(await state())) return true
      await records.wait(id, head.id)
      return isOver(await state())
    },
    async use(id) {
      const record = await records.read(id)
      if (!record) throw new EnvironmentFailed('the environment is gone; submit the job again')
      const { view } = record
      const { lock, error } = view
      if (view.state !== 'ready' || lock === null)
        throw new EnvironmentFailed(error ? `${error.code}: ${error.detail}` : 'the environment was not built')
      const key = keyOf(view.language, lock)
      const bans = await records.bans()
      const release = trees.hold(key)
      try {
        refuseBanned(lock, bans)
        await bring(record, key, lock)
        await records.touch(id)
        return { key, lock, release }
      } catch (error) {
        release()
        if (!(error instanceof BuildFault) || closing.signal.aborted) {
          throw isPaused ? new EngineDown('the container engine is away', { cause: error }) : error
        }
        if (error.code === 'package-not-allowed') {
          await trees.evict(key)
          await records.forget(record)
          observer.evicted()
        }
        throw new EnvironmentFailed(`${error.code}: ${error.message}`)
      }
    },
    start() {
      if (worker || closing.signal.aborted || options.languages().length === 0) return
      worker = new Worker<{ id: string }, null, 'build'>(
        ENVIRONMENT_QUEUE_NAME,
        async (job, token) => {
          try {
            await buildQueued(job.data.id)
            return null
          } catch (error) {
            log.error({ err: error, environment: job.data.id }, 'build of an environment failed inside')
            if (!isPaused && !closing.signal.aborted) throw error
            // It was not the build: it does not count as one of its attempts.
            await job.moveToDelayed(Date.now() + SECOND, token)
            throw new DelayedError()
          }
        },
        {
          connection: redis,
          prefix: keys.prefix,
          concurrency: 1,
          lockDuration: LOCK_MS,
          stalledInterval: STALLED_CHECK_MS,
          maxStalledCount: 2,
          skipVersionCheck: true,
        },
      )
      worker.on('error', (err) => log.error({ err }, 'queue of environments error'))
      worker.on('failed', (job, err) => {
        log.error({ err, environment: job?.data.id }, 'build failed in the queue')
        const isLast = job && (job.attemptsMade >= (job.opts.attempts ?? 1) || err instanceof UnrecoverableError)
        if (isLast) void giveUp(job.data.id).catch(() => undefined)
      })
      if (isPaused) void worker.pause(true)
    },
    async pause() {
      isPaused = true
      await worker?.pause(true)
    },
    async resume() {
      isPaused = false
      await worker?.resume()
    },
    close: closeOnce(
      () => timer.stop(),
      () => closing.abort(),
      () => worker?.close(),
      () => builds.close(),
      () => queue.close(),
      () => store.close(),
    ),
  }
}

interface Brought {
  key: string
  lock: string
  size: { bytes: number; files: number }
  release: () => void
  pack: string
}

/** @throws BuildFault when the lock has what an operator bans */
function refuseBanned(lock: string, bans: readonly PackageBan[]): void {
  for (const { name, version } of packagesOf(lock)) {
    const ban = banOf(bans, name, version)
    if (ban) throw new BuildFault({ code: 'package-not-allowed', detail: `${name} ${version} is banned on this server: ${ban.reason}` }) // prettier-ignore
  }
}

const isNoSpace = (error: unknown) => ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
