import { rm } from 'node:fs/promises'
import type { Worker } from 'bullmq'
import { closeOnce } from '../../shared/close-once.ts'
import { type EnvironmentError, type EnvironmentRecord, isOver } from '../../shared/environments/environment.ts'
import {
  createEnvironmentQueue,
  ENVIRONMENT_QUEUE_NAME,
  type EnvironmentRecords,
} from '../../shared/environments/environment-records.ts'
import { SECOND } from '../../shared/limits.ts'
import { createJobQueue, promoteJobs } from '../../shared/redis/job-queue.ts'
import type { WorkerCore } from '../core.ts'
import { startSlowQueue } from '../slow-queue.ts'
import { startTimer } from '../timer.ts'
import { BuildFault } from './build.ts'
import type { Builder } from './builder.ts'
import { reconcileBuilds } from './reconcile-builds.ts'
import type { Sharing } from './sharing.ts'

export interface BuildQueueOptions {
  records: EnvironmentRecords
  /** Keeps what the installer did and said. */
  writeLog: (id: string, text: string) => Promise<void>
  builder: Builder
  sharing: Sharing
  /** Whether this worker has an installer. */
  canBuild: () => boolean
  /** Told of each end. Must not throw. */
  built: (outcome: 'ready' | EnvironmentError['code'], ms: number) => void
}

/** Takes environments that are to be built from the queue, and tells those who wait what became of them. */
export interface BuildQueue {
  /** Takes builds from when it is called with an installer here; to be called whenever one may have come. */
  start(): void
  /** Takes no more builds until it is told to: the engine is away. What fails meanwhile is tried again. */
  pause(): Promise<void>
  resume(): Promise<void>
  readonly isPaused: boolean
  /** Those under way end, or go to another worker. Idempotent. */
  close(): Promise<void>
}

const LOCK_MS = 10 * SECOND
const TELL_MS = SECOND / 2
/** Of the log of a build the end is kept. */
const LOG_LINES = 5000
const RECONCILE_MS = 30 * SECOND
const OUR_FAULT = 'the packages could not be installed; this is a fault of the service'

/** @param closing ends the builds that are under way */
export function createBuildQueue(
  { redis, keys, log }: Pick<WorkerCore, 'redis' | 'keys' | 'log'>,
  { records, writeLog, builder, sharing, canBuild, built }: BuildQueueOptions,
  closing: AbortSignal,
): BuildQueue {
  const jobs = createJobQueue(redis, keys)
  const builds = createEnvironmentQueue(redis, keys)
  let worker: Worker<{ id: string }, null, 'build'> | undefined
  let isPaused = false

  const end = async (record: EnvironmentRecord, error: EnvironmentError | null, ms: number) => {
    const finishedAt = new Date().toISOString()
    Object.assign(record.view, { state: error ? 'failed' : 'ready', progress: null, error, finishedAt })
    await records.update(record)
    await promoteJobs(jobs, await records.takeWaiting(record.view.id), log)
    built(error ? error.code : 'ready', ms)
  }

  /** Tells those who follow what is being done, not too often. */
  const progressOf = (record: EnvironmentRecord) => {
    let told = 0
    let writing: Promise<unknown> = Promise.resolve()
    const lines: string[] = []
    const note = (text: string) => {
      lines.push(`${new Date().toISOString()} ${text}`)
      if (lines.length > LOG_LINES) lines.shift()
    }
    const said = (step: string, words: string) => note(`${step}:\n${words.trimEnd()}`)
    const tell = (progress: string) => {
      note(progress)
      const now = performance.now()
      if (now - told < TELL_MS) return
      told = now
      Object.assign(record.view, { state: 'building', progress })
      const text = structuredClone(record)
      writing = writing.then(() => records.update(text)).catch(() => undefined)
    }
    return { tell, said, note, written: () => writing, log: () => lines.join('\n') }
  }

  const buildQueued = async (id: string): Promise<void> => {
    const record = await records.read(id)
    if (!record || isOver(record.view)) return
    const begun = performance.now()
    const elapsedMs = () => performance.now() - begun
    const { tell, said, note, written, log: buildLog } = progressOf(record)
    tell('preparing')
    try {
      const { key, lock, packages, size, release, pack } = await builder.build(record, record.manifest, { tell, said })
      try {
        const fileId = await sharing.share(record, pack)
        Object.assign(record, { key, ...(fileId !== undefined && { fileId }) })
        Object.assign(record.view, { lock, packages, bytes: size.bytes, files: size.files })
        note(`ready: ${size.files} files, ${size.bytes} bytes`)
        await written()
        await writeLog(id, buildLog())
        await end(record, null, elapsedMs())
      } finally {
        release()
        await rm(pack, { force: true })
      }
      log.info({ environment: id, key, ...size }, 'environment built')
    } catch (error) {
      // What a build says that this worker ended says nothing of its packages.
      if (!(error instanceof BuildFault) || closing.aborted) {
        note(`failed inside: ${(error as Error).message}`)
        await writeLog(id, buildLog()).catch(() => undefined)
        throw error
      }
      const what = { environment: id, code: error.code, detail: error.message }
      if (error.code === 'environments-full') log.error({ ...what, err: error.cause }, 'no room for an environment')
      else log.info(what, 'environment cannot be built')
      note(`${error.code}: ${error.message}`)
      await written()
      await writeLog(id, buildLog())
      await end(record, { code: error.code, detail: error.message }, elapsedMs())
    }
  }

  /** We failed, as often as it is tried: whoever waits is told. */
  const giveUp = async (id: string): Promise<void> => {
    const record = await records.read(id)
    if (record && !isOver(record.view)) await end(record, { code: 'environment-failed', detail: OUR_FAULT }, 0)
  }

  const reconcile = () => reconcileBuilds({ records, stateOf: (id) => builds.getJobState(id), giveUp, log })
  const timer = startTimer('reconciliation of environments', RECONCILE_MS, reconcile, log)

  const startWorker = () =>
    startSlowQueue<{ id: string }, 'build'>(
      { redis, keys, log },
      {
        queue: ENVIRONMENT_QUEUE_NAME,
        lockMs: LOCK_MS,
        what: 'build of an environment',
        nameOf: ({ id }) => ({ environment: id }),
        work: ({ id }) =>
          buildQueued(id).catch((error: unknown) => {
            log.error({ err: error, environment: id }, 'build of an environment failed inside')
            throw error
          }),
        isLeaving: () => isPaused || closing.aborted,
        giveUp: ({ id }) => giveUp(id),
      },
    )

  return {
    start() {
      if (worker || closing.aborted || !canBuild()) return
      worker = startWorker()
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
    get isPaused() {
      return isPaused
    },
    close: closeOnce(
      () => timer.stop(),
      () => worker?.close(),
      () => builds.close(),
      () => jobs.close(),
    ),
  }
}
