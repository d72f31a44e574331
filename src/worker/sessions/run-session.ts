import type { Logger } from 'pino'
import type { WakeUps } from '../../shared/redis/wake-ups.ts'
import { MINUTE, SECOND } from '../../shared/limits.ts'
import type { Operation } from '../../shared/sessions/operations.ts'
import type { Execution, Session, SessionEnd, SessionSpec } from '../../shared/sessions/session.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import { acceptedSession, type SessionRecords } from '../../shared/sessions/session-records.ts'
import type { Answered, RequestReader, SentRequest } from '../../shared/sessions/session-requests.ts'
import type { SessionObserver } from '../metrics/session-metrics.ts'
import type { Tracing } from '../../shared/tracing/tracing.ts'
import type { JobFiles } from '../files/job-files.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
import { AgentRefusal } from './agent.ts'
import { createAgentWatch } from './agent-watch.ts'
import { AgentFault } from './agent-decoder.ts'
import { bringFiles, CannotBegin } from './begin-files.ts'
import type { Clock } from './clock.ts'
import { createEventWriter } from './event-writer.ts'
import { createOperations, type SessionOperations } from './operations.ts'
import { startProblem } from './refusals.ts'
import type { SessionBody } from './session-body.ts'
import { traceOperation } from './trace-sessions.ts'

/** A session that this worker keeps. */
export interface RunningSession {
  readonly id: string
  readonly memoryBytes: number
  /** Resolves, never rejects, when it has ended and nothing of it is left. */
  readonly ended: Promise<void>
  /** Ends it. Idempotent: the first reason counts. */
  end(reason: SessionEnd, message: string | null): void
  /** To be called once a second: warns, and ends it when its time is over. Its lease is for others to renew. @throws when Redis fails */
  tick(): Promise<void>
}

export interface RunSessionOptions {
  records: SessionRecords
  requests: RequestReader
  wakeUps: WakeUps
  /** The channel that tells of requests. */
  channelOf: (id: string) => string
  report: (spec: SessionSpec, report: StageReport) => void
  files: Pick<JobFiles, 'read' | 'save'>
  observer: SessionObserver
  clock: Clock
  tracing?: Tracing | undefined
  log: Logger
}

/** Before a session ends by its times, so long, or a quarter of them if that is less. */
const WARNING_MS = MINUTE
/** How often the time of the last use is written, at the most. */
const NOTE_ACTIVE_MS = 5 * SECOND
const RETRY_MS = SECOND
/** What only looks at a session does not keep it from ending idle. */
const LOOKS: readonly string[] = ['read', 'listContexts', 'listWatches'] satisfies Operation[]

/**
 * Runs a session to its end: does what it is asked, keeps its times.
 * @param body its own from now on
 * @param writes whether its files are still to be written; those of a session that begins with a snapshot always are
 */
export function runSession(
  options: RunSessionOptions,
  spec: SessionSpec,
  body: SessionBody,
  writes: boolean,
): RunningSession {
  const { records, requests, wakeUps, channelOf, report, files, observer, clock, tracing, log } = options
  const { agent, kernels } = body
  const { id, limits } = spec.head
  const fields = { sessionId: id, tenant: spec.tenant, requestId: spec.origin.requestId }
  const startedAt = Date.now()
  let session: Session = {
    ...acceptedSession(spec),
    state: 'running',
    startedAt: new Date(startedAt).toISOString(),
    lastActiveAt: new Date(startedAt).toISOString(),
    endsAt: new Date(startedAt + spec.maxLifetimeMs).toISOString(),
  }
  let lastActive = startedAt
  let notedActive = startedAt
  let warned: { reason: 'idle' | 'lifetime'; endsAt: number } | undefined
  let ending: { reason: SessionEnd; message: string | null } | undefined
  let underWay = 0
  let operations: SessionOperations | undefined
  let finish = () => {}
  const isEnding = new Promise<void>((resolve) => (finish = resolve))

  const end = (reason: SessionEnd, message: string | null) => {
    if (ending) return
    ending = { reason, message }
    finish()
  }
  /** What is in the session cannot be believed any more. */
  const fail = (err: unknown) => {
    if (ending) return
    log.warn({ err, ...fields, said: body.said }, 'session failed')
    end('agent-lost', 'what runs in the session broke the protocol with its agent')
  }
  const { add, whenRoom, flush } = createEventWriter(records, id, () => end('session-lost', null), log)
  const tell = (event: SessionEvent) => {
    if (event.type === 'execution') observe(event.data)
    add(event)
  }
  const observe = ({
    status,
    startedAt: from,
    finishedAt: to,
  }: Pick<Execution, 'status' | 'startedAt' | 'finishedAt'>) => {
    if (status !== null)
      observer.executed(status, from !== null && to !== null ? Date.parse(to) - Date.parse(from) : null)
  }
  const active = () => {
    lastActive = Date.now()
  }

  /** What an operation threw that is no refusal. @returns what is answered, unless the session ends */
  const failed = (err: unknown): Answered | undefined => {
    if (err instanceof AgentFault) fail(err)
    if (ending) return undefined
    log.error({ err, ...fields }, 'operation of a session failed inside')
    return { refusal: { code: 'internal-error', detail: 'the operation failed; this is a fault of the service' } }
  }

  const perform = async (request: SentRequest) => {
    const counts = !LOOKS.includes(request.operation)
    if (counts) {
      active()
      underWay++
    }
    try {
      await traceOperation(tracing, id, request, async () => {
        const answered = await operations?.perform(request).catch(failed)
        if (answered) await requests.answer(request, answered)
      })
    } catch (err) {
      log.warn({ err, ...fields, operation: request.operation }, 'answer of a session not sent')
    } finally {
      if (counts) {
        underWay--
        active()
      }
    }
  }

  /** Takes requests until the end. @returns what ends it */
  const serve = async (): Promise<() => void> => {
    const inbox = requests.open(id)
    let reading = false
    let again = false
    const read = async () => {
      again = true
      if (reading) return
      reading = true
      try {
        while (again && !ending) {
          again = false
          const { requests: page, isMore } = await inbox.take()
          for (const request of page) void perform(request)
          again ||= isMore
        }
      } catch (err) {
        log.warn({ err, ...fields }, 'requests of a session could not be read')
        setTimeout(() => void read(), RETRY_MS).unref()
      } finally {
        reading = false
      }
    }
    const leave = await wakeUps.listen(channelOf(id), (message) => {
      // What is being read has it too.
      const published = message === undefined || reading || ending ? undefined : inbox.takePublished(message)
      if (published) void perform(published)
      else void read()
    })
    void read()
    return leave
  }

  const save = async (events: Parameters<SessionRecords['update']>[1], starts = false) => {
    const written = await records.update(session, events, starts).catch((err: unknown) => {
      log.warn({ err, ...fields }, 'session not written')
      return []
    })
    if (!written) end('session-lost', null)
  }

  const live = async () => {
    void body.stage.then(
      (stage) => {
        report(spec, stage)
        endedByStage(stage)
      },
      (err: unknown) => {
        if (!ending) log.warn({ err, ...fields }, 'sandbox of a session failed')
        end('session-lost', 'its sandbox failed')
      },
    )
    body.attach({ tell, whenRoom, failed: fail })
    try {
      await Promise.race([body.started, isEnding])
    } catch (err) {
      // Its `env` may name no folder that has the programs of its kernel.
      if (!(err instanceof AgentRefusal)) throw err
      const why =
        err.errno === 2
          ? 'the bridge to its kernel needs python3 on PATH'
          : startProblem(err.errno, 'the bridge to its kernel', '/')
      return end('start-failed', `its kernel could not be started: ${why}`)
    }
    if (ending) return
    try {
      await Promise.race([bringFiles({ agent, clock, files }, spec, writes), isEnding])
    } catch (err) {
      if (ending) return
      if (!(err instanceof CannotBegin)) throw err
      log.info({ err, fileId: err.fileId, ...fields }, 'files of a session not brought')
      return end('start-failed', err.message)
    }
    if (ending) return
    operations = createOperations({
      agent,
      kernels,
      env: { ...body.env },
      tell,
      whenRoom,
      keep: (result, remove) =>
        records
          .keepResult(id, result, remove)
          .catch((err: unknown) => log.warn({ err, ...fields }, 'result of a session not kept')),
      keepFile: (file, pieces) =>
        files.save({ ...file, tenant: spec.tenant, contentType: 'application/x-tar' }, pieces),
      storeFailed: (err) => log.warn({ err, ...fields }, 'snapshot of a session not stored'),
      session: {
        view: () => session,
        extend(times) {
          session = { ...session, ...times }
          session.endsAt = new Date(startedAt + session.maxLifetimeMs).toISOString()
          warned = undefined
          void save([{ type: 'session', data: session }])
        },
        end: () => end('deleted', null),
      },
      clock,
    })
    await save([{ type: 'session', data: session }], true)
    const leave = ending ? () => undefined : await serve()
    await isEnding
    leave()
  }

  const endedByStage = ({ reason, signal, oomKills, error }: StageReport) => {
    if (reason === 'cpu') return end('cpu-time-limit', `its processes used more than ${limits.cpuMs} ms of CPU time`)
    if (reason === 'wall') return end('lifetime', null)
    if (oomKills > 0) return end('agent-lost', `it reached its memory limit of ${limits.memoryBytes} bytes`)
    if (error) return end('session-lost', `its agent could not be started: ${error.message}`)
    end('agent-lost', signal === null ? 'its agent ended' : `its agent was ended by signal ${signal}`)
  }

  const run = async () => {
    try {
      await live()
    } catch (err) {
      // What it waited for is gone with its sandbox; which way that went is told in the same moment.
      await Promise.race([isEnding, new Promise((resolve) => setTimeout(resolve, SECOND))])
      if (!ending) log.error({ err, ...fields }, 'session failed inside')
      end('session-lost', 'it failed inside; this is a fault of the service')
    }
    const { reason, message } = ending ?? { reason: 'session-lost', message: null }
    operations?.close(
      reason === 'session-lost' ? 'session-lost' : 'cancelled',
      message ?? `the session ended: ${reason}`,
    )
    body.release()
    await flush()
    await records
      .end(id, { reason, message })
      .catch((err: unknown) => log.error({ err, ...fields }, 'end of a session not stored'))
    observer.ended(reason)
    log.info({ ...fields, reason }, 'session ended')
  }

  const lookAtAgent = createAgentWatch(agent, () => end('agent-lost', 'its agent does not answer any more'))
  /** While it starts, somebody waits for it, too. */
  const isWaitedFor = () => !operations || underWay > 0 || operations.isBusy

  const warn = (reason: 'idle' | 'lifetime', endsAt: number, wholeMs: number) => {
    const now = Date.now()
    if (now >= endsAt) return end(reason, null)
    if (endsAt - now > Math.min(WARNING_MS, wholeMs / 4)) return
    if (warned?.reason === reason && warned.endsAt === endsAt) return
    warned = { reason, endsAt }
    tell({ type: 'ending', data: { reason, endsAt: new Date(endsAt).toISOString() } })
  }

  return {
    id,
    memoryBytes: limits.memoryBytes,
    ended: run(),
    end,
    async tick() {
      if (ending) return
      if (isWaitedFor()) active()
      lookAtAgent(isWaitedFor())
      warn('lifetime', startedAt + session.maxLifetimeMs, session.maxLifetimeMs)
      warn('idle', lastActive + session.idleTimeoutMs, session.idleTimeoutMs)
      if (lastActive - notedActive < NOTE_ACTIVE_MS) return
      notedActive = lastActive
      session = { ...session, lastActiveAt: new Date(lastActive).toISOString() }
      await save([])
    },
  }
}
