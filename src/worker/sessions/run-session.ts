import type { Logger } from 'pino'
import type { Language } from '../../shared/language.ts'
import { KIB, MINUTE, SECOND } from '../../shared/limits.ts'
import { INIT_PATH } from '../../shared/runtime-image.ts'
import type { Session, SessionEnd, SessionSpec } from '../../shared/sessions/session.ts'
import { acceptedSession, type SessionRecords } from '../../shared/sessions/session-records.ts'
import type { RequestReader, SentRequest } from '../../shared/sessions/session-requests.ts'
import type { WakeUps } from '../../shared/redis/wake-ups.ts'
import { BASE_ENV } from '../jobs/plan.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { type StageReport } from '../sandbox/stage-report.ts'
import { type Agent, createAgent } from './agent.ts'
import { OPTION_AGENT } from './agent-protocol.ts'
import type { Clock, KernelPlan } from './context.ts'
import { createEventWriter } from './event-writer.ts'
import { createKernels, DEFAULT_CONTEXT, type Kernels } from './kernels.ts'
import { createOperations, type SessionOperations } from './operations.ts'

/** A session that this worker keeps. */
export interface RunningSession {
  readonly id: string
  readonly memoryBytes: number
  /** Resolves, never rejects, when it has ended and nothing of it is left. */
  readonly ended: Promise<void>
  /** Ends it. Idempotent: the first reason counts. */
  end(reason: SessionEnd, message: string | null): void
  /** To be called now and then: renews its lease, warns and ends it when its time is over. @throws when Redis fails */
  tick(): Promise<void>
}

export interface SessionContextOptions {
  records: SessionRecords
  requests: RequestReader
  wakeUps: WakeUps
  /** The channel that tells of requests. */
  channelOf: (id: string) => string
  graceMs: number
  /** The longest that any session may live. */
  longestMs: number
  report: (spec: SessionSpec, report: StageReport) => void
  log: Logger
}

/** Before a session ends by its times, so long, or a quarter of them if that is less. */
const WARNING_MS = MINUTE
/** Words of the agent, for the log. */
const SAID_CHARACTERS = 4 * KIB
/** How often the time of the last use is written, at the most. */
const NOTE_ACTIVE_MS = 5 * SECOND
/** What the stage of the agent has beyond the longest life. */
const STAGE_MARGIN_MS = MINUTE
const RETRY_MS = SECOND

const clock: Clock = {
  after(ms, task) {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
}

/**
 * Runs a session in a sandbox that stands idle: its agent, its kernel if it has one, and what it is asked, to its end.
 * @param language undefined where only commands and files are wanted
 * @param release gets the sandbox back, which is of no more use
 */
export function runSession(
  options: SessionContextOptions,
  spec: SessionSpec,
  language: Language,
  sandbox: Sandbox,
  release: () => void,
): RunningSession {
  const { records, requests, wakeUps, channelOf, graceMs, longestMs, report, log } = options
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
  let said = ''
  let underWay = 0
  let operations: SessionOperations | undefined
  let finish = () => {}
  const isEnding = new Promise<void>((resolve) => (finish = resolve))

  const end = (reason: SessionEnd, message: string | null) => {
    if (ending) return
    ending = { reason, message }
    finish()
  }
  const writer = createEventWriter(records, id, () => end('session-lost', null), log)
  const tell = writer.add
  const whenRoom = writer.whenRoom
  const active = () => {
    lastActive = Date.now()
  }

  const env = { ...BASE_ENV, ...language.env, ...spec.env }
  const startAgent = (): { agent: Agent; stage: Promise<StageReport> } => {
    const agent = createAgent((bytes) => sandbox.input(bytes))
    sandbox.begin(limits.fileBytes)
    for (const { path, content, encoding, mode } of spec.files) {
      const bytes = Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8')
      const executable = bytes[0] === 0x23 && bytes[1] === 0x21
      sandbox.writeFile(path, mode === undefined ? (executable ? 0o755 : 0o644) : parseInt(mode, 8), bytes)
    }
    const stage = sandbox.run(
      {
        args: [INIT_PATH, OPTION_AGENT],
        env,
        wallMs: longestMs + STAGE_MARGIN_MS,
        cpuMs: longestMs,
        graceMs,
        outputBytes: Number.MAX_SAFE_INTEGER,
        processes: limits.processes,
        fileBytes: limits.fileBytes,
        openFiles: limits.openFiles,
        stackBytes: limits.stackBytes,
        stdin: true,
      },
      new Uint8Array(),
      (stream, bytes) => {
        if (stream === 'stderr') said = (said + bytes.toString()).slice(-SAID_CHARACTERS)
        else if (!ending) {
          try {
            agent.receive(bytes)
          } catch (err) {
            fail(err)
          }
        }
      },
      { taken: () => undefined },
    )
    return { agent, stage }
  }
  /** What is in the session cannot be believed any more. */
  const fail = (err: unknown) => {
    log.warn({ err, ...fields, said }, 'session failed')
    end('agent-lost', 'what runs in the session broke the protocol with its agent')
  }

  const perform = async (request: SentRequest) => {
    const counts = request.operation !== 'read'
    if (counts) active()
    underWay++
    try {
      const answered = await operations?.perform(request)
      if (answered) await requests.answer(request, answered)
    } catch (err) {
      if (!ending) fail(err)
    } finally {
      underWay--
      if (counts) active()
    }
  }

  /** Takes requests until the end. */
  const serve = async (): Promise<() => void> => {
    let reading = false
    let again = false
    const read = async () => {
      again = true
      if (reading) return
      reading = true
      try {
        while (again && !ending) {
          again = false
          for (let page = await requests.take(id); page.length > 0; page = await requests.take(id)) {
            for (const request of page) void perform(request)
          }
        }
      } catch (err) {
        log.warn({ err, ...fields }, 'requests of a session could not be read')
        setTimeout(() => void read(), RETRY_MS).unref()
      } finally {
        reading = false
      }
    }
    const leave = await wakeUps.listen(channelOf(id), () => void read())
    void read()
    return leave
  }

  const live = async () => {
    const { agent, stage } = startAgent()
    void stage.then(
      (done) => {
        report(spec, done)
        endedByStage(done)
      },
      (err: unknown) => {
        if (!ending) log.warn({ err, ...fields }, 'sandbox of a session failed')
        end('session-lost', 'its sandbox failed')
      },
    )
    void isEnding.then(() => agent.leave(new Error('the session has ended')))
    await Promise.race([agent.ready, isEnding])
    const kernels = ending ? null : await startKernels(agent)
    operations = createOperations({
      agent,
      kernels,
      env,
      outputBytes: limits.outputBytes,
      tell,
      whenRoom,
      keep: (result, remove) =>
        records
          .keepResult(id, result, remove)
          .catch((err: unknown) => log.warn({ err, ...fields }, 'result of a session not kept')),
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
    await save([{ type: 'session', data: session }])
    const leave = ending ? () => undefined : await serve()
    await isEnding
    leave()
  }

  const startKernels = async (agent: Agent): Promise<Kernels | null> => {
    const { kernel } = language
    if (!spec.head.kernel || !kernel) return null
    const plan: KernelPlan = {
      argv: kernel.argv,
      env: { ...env, ...kernel.env },
      cwd: '/job',
      interrupt: kernel.interrupt,
    }
    const kernels = createKernels({
      agent,
      language: language.id,
      plan,
      memoryBytes: limits.memoryBytes,
      outputBytes: limits.outputBytes,
      tell,
      whenRoom,
      failed: fail,
      clock,
    })
    await kernels.start()
    await kernels.create(DEFAULT_CONTEXT)
    return kernels
  }

  const endedByStage = ({ reason, signal, oomKills, error }: StageReport) => {
    if (reason === 'cpu') return end('cpu-time-limit', `its processes used more than ${longestMs} ms of CPU time`)
    if (reason === 'wall') return end('lifetime', null)
    if (oomKills > 0) return end('agent-lost', `it reached its memory limit of ${limits.memoryBytes} bytes`)
    if (error) return end('session-lost', `its agent could not be started: ${error.message}`)
    end('agent-lost', signal === null ? 'its agent ended' : `its agent was ended by signal ${signal}`)
  }

  const save = async (events: Parameters<SessionRecords['update']>[1]) => {
    const written = await records.update(session, events).catch((err: unknown) => {
      log.warn({ err, ...fields }, 'session not written')
      return []
    })
    if (!written) end('session-lost', null)
  }

  const run = async () => {
    try {
      await live()
    } catch (err) {
      if (!ending) log.error({ err, ...fields }, 'session failed inside')
      end('session-lost', 'it failed inside; this is a fault of the service')
    }
    const { reason, message } = ending ?? { reason: 'session-lost', message: null }
    operations?.close(reason === 'session-lost' ? 'session-lost' : 'cancelled', message ?? `the session ended: ${reason}`)
    release()
    await writer.flush()
    await records
      .end(id, { reason, message })
      .catch((err: unknown) => log.error({ err, ...fields }, 'end of a session not stored'))
    log.info({ ...fields, reason }, 'session ended')
  }

  const warn = (reason: 'idle' | 'lifetime', endsAt: number, wholeMs: number) => {
    const now = Date.now()
    if (now >= endsAt) return end(reason, null)
    if (endsAt - now > Math.min(WARNING_MS, wholeMs / 4)) return
    if (warned?.reason === reason && warned.endsAt === endsAt) return
    warned = { reason, endsAt }
    tell({ type: 'ending', data: { reason, endsAt: new Date(endsAt).toISOString() } })
  }

  const ended = run()
  return {
    id,
    memoryBytes: limits.memoryBytes,
    ended,
    end,
    async tick() {
      if (ending) return
      if (underWay > 0 || operations?.isBusy) active()
      warn('lifetime', startedAt + session.maxLifetimeMs, session.maxLifetimeMs)
      warn('idle', lastActive + session.idleTimeoutMs, session.idleTimeoutMs)
      if (!(await records.renew(id))) return end('session-lost', null)
      if (lastActive - notedActive < NOTE_ACTIVE_MS) return
      notedActive = lastActive
      session = { ...session, lastActiveAt: new Date(lastActive).toISOString() }
      await save([])
    },
  }
}
