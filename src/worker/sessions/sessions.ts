import { closeOnce } from '../../shared/close-once.ts'
import type { Language } from '../../shared/language.ts'
import { SECOND } from '../../shared/limits.ts'
import { createWakeUps } from '../../shared/redis/wake-ups.ts'
import { createSecurityEvents } from '../../shared/security/security-events.ts'
import { createLostSessions } from '../../shared/sessions/lost-sessions.ts'
import type { SessionSpec } from '../../shared/sessions/session.ts'
import { createSessionRecords, SESSION_RENEW_MS } from '../../shared/sessions/session-records.ts'
import { createRequestReader } from '../../shared/sessions/session-requests.ts'
import type { WorkerCore } from '../core.ts'
import { acquirePatiently } from '../sandbox/acquire-patiently.ts'
import type { SandboxPool } from '../sandbox/pool.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
import { startTimer } from '../timer.ts'
import { type RunningSession, runSession } from './run-session.ts'
import { createSessionQueueWorker, type SessionQueueWorker } from './session-queue-worker.ts'

/** The sessions that a worker keeps. */
export interface Sessions {
  /** Memory that they may have together and that those of now have, in bytes, and how many there are. */
  readonly load: { memoryBytes: number; usedBytes: number; count: number }
  start(takes: boolean): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
  /** Ends all of them. Idempotent. */
  close(): Promise<void>
}

export interface SessionsOptions {
  pool: SandboxPool
  /** @returns undefined when this worker has not what the session needs */
  locate: (head: SessionSpec['head']) => { language: Language; image: string } | undefined
}

/** How often a session that found no room looks again, and for how long. */
const RETRY_MS = 500
const PLACE_MS = 20 * SECOND

export function createSessions(core: WorkerCore, { pool, locate }: SessionsOptions): Sessions {
  const { id: worker, config, keys, redis, subscriber, log } = core
  const { memoryBytes, maxLifetimeMs } = config.sessions
  const records = createSessionRecords(redis, keys, config)
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
    graceMs: config.sandbox.graceMs,
    longestMs: maxLifetimeMs,
    report,
    log,
  }

  const place = async (spec: SessionSpec): Promise<number | undefined> => {
    const { head, tenant } = spec
    const { id } = head
    const found = locate(head)
    const fits = usedBytes() + head.limits.memoryBytes <= memoryBytes
    if (!found || !fits || closing.signal.aborted) {
      if (Date.now() - Date.parse(head.createdAt) < PLACE_MS) return RETRY_MS
      await records.end(id, { reason: 'no-room', message: null })
      return undefined
    }
    if (!(await records.take(id, worker))) return undefined
    starting.set(id, head.limits.memoryBytes)
    try {
      const { image, language } = found
      const request = { image, memoryBytes: head.limits.memoryBytes, tenant, shareable: false }
      const lease = await acquirePatiently(pool, request, closing.signal, log)
      log.info({ sessionId: id, tenant, requestId: spec.origin.requestId, language: head.language }, 'session started')
      const session = runSession(options, spec, language, lease.sandbox, () => lease.retire('single-use'))
      running.set(id, session)
      void session.ended.then(() => running.delete(id))
      if (closing.signal.aborted) session.end('session-lost', 'its worker was closed')
    } catch (err) {
      if (!closing.signal.aborted) log.error({ err, sessionId: id }, 'session could not be started')
      await records.end(id, { reason: 'session-lost', message: 'no sandbox could be made for it' })
    } finally {
      starting.delete(id)
    }
    return undefined
  }

  const tick = async () => {
    const turns = [...running.values()].map((session) => session.tick())
    const renewals = [...starting.keys()].map((id) => records.renew(id))
    const failed = (await Promise.allSettled([...turns, ...renewals])).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }
  const timers = [
    startTimer('renewal of sessions', Math.min(SESSION_RENEW_MS, SECOND), tick, log),
    startTimer('search for lost sessions', SESSION_RENEW_MS, sweep, log),
  ]

  return {
    get load() {
      return { memoryBytes, usedBytes: usedBytes(), count: running.size + starting.size }
    },
    async start(takes) {
      if (memoryBytes === 0) return
      queue = createSessionQueueWorker(redis, keys, place, log)
      if (!takes) await queue.pause()
    },
    pause: async () => queue?.pause(),
    resume: async () => queue?.resume(),
    close: closeOnce(
      () => closing.abort('draining'),
      () => queue?.close(),
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
