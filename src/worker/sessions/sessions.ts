import { closeOnce } from '../../shared/close-once.ts'
import type { Language } from '../../shared/language.ts'
import { effectiveLimits, SECOND } from '../../shared/limits.ts'
import { createWakeUps } from '../../shared/redis/wake-ups.ts'
import { createSecurityEvents } from '../../shared/security/security-events.ts'
import { createLostSessions } from '../../shared/sessions/lost-sessions.ts'
import { limitsOfSession, type SessionSpec } from '../../shared/sessions/session.ts'
import { createSessionRecords, SESSION_RENEW_MS } from '../../shared/sessions/session-records.ts'
import { createRequestReader } from '../../shared/sessions/session-requests.ts'
import type { WorkerCore } from '../core.ts'
import type { JobFiles } from '../files/job-files.ts'
import { EnvironmentFailed, type JobEnvironments } from '../jobs/job-environments.ts'
import { packageVariables } from '../jobs/plan.ts'
import type { SessionCounts, SessionObserver } from '../metrics/session-metrics.ts'
import { acquirePatiently } from '../sandbox/acquire-patiently.ts'
import { withEnvironment } from '../sandbox/sandbox-image.ts'
import type { SandboxPool } from '../sandbox/pool.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
import { startTimer } from '../timer.ts'
import type { Clock } from './clock.ts'
import { type RunningSession, runSession } from './run-session.ts'
import { type BodyOptions, type SessionBody, startBody } from './session-body.ts'
import { createSessionQueueWorker, type SessionQueueWorker } from './session-queue-worker.ts'
import { tracePlacing } from './trace-sessions.ts'
import { createWaitingBodies } from './waiting-bodies.ts'

/** The sessions that a worker keeps. */
export interface Sessions {
  /** Memory that they may have together and that those of now have, in bytes, and how many there are. */
  readonly load: { memoryBytes: number; usedBytes: number; count: number }
  /** The same for metrics, with the sandboxes that wait for a session. */
  readonly counts: SessionCounts
  /** Begins. @param takes asked, once it could take sessions, whether it does yet; otherwise it does once it is resumed */
  start(takes: () => boolean): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
  /**
   * Sandboxes that wait for a session give up their packages.
   * @param key of an environment: only those that have this one
   * @returns whether any did
   */
  giveUpPackages(key?: string): boolean
  /** Ends all of them. Idempotent. */
  close(): Promise<void>
}

export interface SessionsOptions {
  pool: SandboxPool
  /** @returns undefined when this worker has not what the session needs */
  locate: (head: Pick<SessionSpec['head'], 'language' | 'kernel'>) => { language: Language; image: string } | undefined
  environments: Pick<JobEnvironments, 'use'>
  files: Pick<JobFiles, 'read' | 'save'>
  /** Queues a webhook delivery. Never fails. */
  enqueueWebhook: (deliveryId: string) => Promise<void>
  observer: SessionObserver
}

/** How often a session that found no room looks again, and for how long. */
const RETRY_MS = 500
const PLACE_MS = 20 * SECOND
/** Whose sandboxes those are that wait for a session. */
const NOBODY = ''

const clock: Clock = {
  after(ms, task) {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
}

export function createSessions(
  core: WorkerCore,
  { pool, locate, environments, files, enqueueWebhook, observer }: SessionsOptions,
): Sessions {
  const { id: worker, config, keys, redis, subscriber, log } = core
  const { memoryBytes, maxLifetimeMs, poolReady } = config.sessions
  const records = createSessionRecords(redis, keys, config, enqueueWebhook)
  const security = createSecurityEvents(redis, keys, config.abuse, log)
  const running = new Map<string, RunningSession>()
  const starting = new Map<string, number>()
  const closing = new AbortController()
  const sweep = createLostSessions(records)
  let queue: SessionQueueWorker | undefined

  const usedBytes = () =>
    [...starting.values(), ...[...running.values()].map((session) => session.memoryBytes)].reduce((a, b) => a + b, 0)

  const report = (spec: SessionSpec, { refusedCalls }: StageReport) => {
    if (refusedCalls.length === 0) return
    const detail = `the session tried ${refusedCalls.map(({ name }) => name).join(', ')}`
    void security.record({ kind: 'escape-attempt', ...spec.origin, tenant: spec.tenant, jobId: null, detail })
  }
  const options = {
    records,
    requests: createRequestReader(redis, keys),
    wakeUps: createWakeUps(subscriber),
    channelOf: (id: string) => keys.sessionRequests(id),
    report,
    files,
    observer,
    clock,
    tracing: core.tracing,
    log,
  }

  /** Starts a body in a sandbox of its own. */
  const makeBody = async (
    image: string,
    tenant: string,
    what: Pick<BodyOptions, 'language' | 'kernel' | 'limits' | 'env' | 'files'>,
  ): Promise<SessionBody> => {
    const request = { image, memoryBytes: what.limits.memoryBytes, tenant, shareable: false }
    const lease = await acquirePatiently(pool, request, closing.signal, log)
    const { sandbox } = lease
    const times = { graceMs: config.sandbox.graceMs, longestMs: maxLifetimeMs, timeoutFactor: config.timeoutFactor }
    const release = () => lease.retire('single-use')
    return startBody({ ...what, sandbox, release, times, clock, log })
  }
  /** Which environment a body that waits has, by its key on this host. */
  const keysOfBodies = new WeakMap<SessionBody, string>()
  const waiting = createWaitingBodies({
    ready: poolReady,
    limitsOf: ({ limits }) => {
      const { defaults, ceilings } = config.limits
      return limitsOfSession(effectiveLimits({}, limits, defaults, ceilings), maxLifetimeMs)
    },
    async make(language, limits, environment) {
      const found = locate({ language: language.id, kernel: true })
      if (!found) throw new Error(`the kernel of ${language.id} is not installed`)
      const packages = environment === undefined ? undefined : await environments.use(environment)
      const what = { language, kernel: true, limits, env: packages ? packageVariables(language) : {}, files: [] }
      try {
        const body = await makeBody(withEnvironment(found.image, packages), NOBODY, what)
        if (packages) keysOfBodies.set(body, packages.key)
        return body
      } finally {
        packages?.release()
      }
    },
    freeBytes: () => memoryBytes - usedBytes() - waiting.usedBytes,
    log,
  })

  const place = async (asked: SessionSpec): Promise<number | undefined> => {
    const spec = withAllLimits(asked, maxLifetimeMs)
    const { head, tenant } = spec
    const { id } = head
    const found = locate(head)
    const taken = found && waiting.take(spec)
    const fits = taken !== undefined || waiting.makeRoom(head.limits.memoryBytes)
    if (!found || !fits || closing.signal.aborted) {
      taken?.release()
      if (Date.now() - Date.parse(head.createdAt) < PLACE_MS) return RETRY_MS
      await records.end(id, { reason: 'no-room', message: null })
      return undefined
    }
    starting.set(id, head.limits.memoryBytes)
    let body = taken
    try {
      if (!(await records.take(id, worker))) {
        body?.release()
        return undefined
      }
      const { image, language } = found
      const { env, environment } = spec
      // Those of a snapshot come first.
      const files = spec.from ? [] : spec.files
      const what = { language, kernel: head.kernel, limits: head.limits, env, files }
      // One that waited has them; whether it may have them is asked all the same: they may have been banned meanwhile.
      const packages = environment === undefined ? undefined : await environments.use(environment)
      if (packages) what.env = { ...packageVariables(language), ...env }
      try {
        // From then on the lease holds what is mounted in its sandbox.
        body ??= await makeBody(withEnvironment(image, packages), tenant, what)
      } finally {
        packages?.release()
      }
      const fields = { sessionId: id, tenant, requestId: spec.origin.requestId, language: head.language }
      log.info({ ...fields, waited: taken !== undefined }, 'session started')
      const session = runSession(options, spec, body, taken !== undefined)
      running.set(id, session)
      void session.ended.then(() => running.delete(id))
      if (head.kernel) waiting.wanted(language, environment)
      if (closing.signal.aborted) session.end('session-lost', 'its worker was closed')
    } catch (err) {
      body?.release()
      if (!closing.signal.aborted) log.error({ err, sessionId: id }, 'session could not be started')
      const message = err instanceof EnvironmentFailed ? err.message : 'no sandbox could be made for it'
      await records.end(id, { reason: 'session-lost', message })
    } finally {
      starting.delete(id)
    }
    return undefined
  }

  const tick = async () => {
    waiting.look()
    const turns = [...running.values()].map((session) => session.tick())
    const failed = (await Promise.allSettled(turns)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }
  const renew = async () => {
    const ended = await records.renew([...new Set([...starting.keys(), ...running.keys()])])
    for (const id of ended) running.get(id)?.end('session-lost', null)
  }
  const timers = [
    startTimer('times of sessions', SECOND, tick, log),
    startTimer('renewal of sessions', SESSION_RENEW_MS, renew, log),
    startTimer('search for lost sessions', SESSION_RENEW_MS, sweep, log),
  ]

  return {
    get load() {
      return { memoryBytes, usedBytes: usedBytes(), count: running.size + starting.size }
    },
    get counts() {
      return { memoryBytes, usedBytes: usedBytes(), count: running.size + starting.size, waiting: waiting.count }
    },
    async start(takes) {
      if (memoryBytes === 0) return
      queue = createSessionQueueWorker(redis, keys, tracePlacing(core.tracing, place), log)
      if (!takes()) await queue.pause()
    },
    pause: async () => queue?.pause(),
    resume: async () => queue?.resume(),
    giveUpPackages: (key) => waiting.giveUp((body) => key === undefined || keysOfBodies.get(body) === key),
    close: closeOnce(
      () => closing.abort('draining'),
      () => queue?.close(),
      () => waiting.close(),
      async () => {
        const all = [...running.values()]
        for (const session of all) session.end('session-lost', 'its worker was closed')
        await Promise.all(all.map((session) => session.ended))
      },
      () => timers.forEach((timer) => timer.stop()),
      () => security.close(),
    ),
  }
}

/** A gateway of before gives a session no CPU time of its own. */
const withAllLimits = (spec: SessionSpec, cpuMs: number): SessionSpec => ({
  ...spec,
  head: { ...spec.head, limits: Object.assign({ cpuMs }, spec.head.limits) },
})
