import type { Logger } from 'pino'
import type { SourceFile } from '../../shared/job.ts'
import type { Language } from '../../shared/language.ts'
import { KIB, MINUTE } from '../../shared/limits.ts'
import { INIT_PATH } from '../../shared/runtime-image.ts'
import type { SessionLimits } from '../../shared/sessions/session.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import { BASE_ENV } from '../jobs/plan.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
import { type Agent, createAgent } from './agent.ts'
import { OPTION_AGENT } from './agent-protocol.ts'
import type { Clock } from './clock.ts'
import { createKernels, DEFAULT_CONTEXT, type Kernels } from './kernels.ts'

/**
 * What a session is in its sandbox: the agent, and the kernel if it has one. It can be started before its session is there, and waits
 * for it then.
 */
export interface SessionBody {
  readonly agent: Agent
  /** Null without a kernel. */
  readonly kernels: Kernels | null
  /** The environment of its processes. */
  readonly env: Readonly<Record<string, string>>
  /** How its stage ended; rejects when the sandbox fails. */
  readonly stage: Promise<StageReport>
  /** What its agent wrote last, for the log. */
  readonly said: string
  /** Resolves when its agent is there and its kernel starts. @throws Error when the agent does not get so far */
  readonly started: Promise<void>
  /** Resolves when its kernel waits for code, or at once without one. @throws Error when it does not get so far */
  readonly ready: Promise<void>
  /** Gives it to its session. What was told before is not repeated. */
  attach(to: BodyListener): void
  /** Removes it with its sandbox. Idempotent. */
  release(): void
}

export interface BodyListener {
  tell: (event: SessionEvent) => void
  /** Calls back when there is room for what more output becomes. */
  whenRoom: (resume: () => void) => void
  /** What runs in it said what it may not. */
  failed: (error: Error) => void
}

export interface BodyOptions {
  sandbox: Sandbox
  /** Takes the sandbox back, which is of no more use. */
  release: () => void
  language: Language
  kernel: boolean
  limits: SessionLimits
  env: Readonly<Record<string, string>>
  files: readonly SourceFile[]
  times: {
    graceMs: number
    /** The longest that any session may live. */
    longestMs: number
    /** Multiplies how long a kernel may take to start. */
    timeoutFactor: number
  }
  clock: Clock
  log: Logger
}

/** Words of the agent, for the log. */
const SAID_CHARACTERS = 4 * KIB
/** What the stage of the agent has beyond the longest life. */
const STAGE_MARGIN_MS = MINUTE

/** Starts it in a sandbox that stands idle. */
export function startBody(options: BodyOptions): SessionBody {
  const { sandbox, language, kernel, limits, clock, log } = options
  const { graceMs, longestMs, timeoutFactor } = options.times
  const env = { ...BASE_ENV, ...language.env, ...options.env }
  let listener: BodyListener | undefined
  let said = ''
  let failure: Error | undefined
  let isReleased = false

  const release = () => {
    if (isReleased) return
    isReleased = true
    kernels?.close('cancelled', 'the session has ended')
    agent.leave(new Error('the session has ended'))
    options.release()
  }
  const failed = (error: Error) => {
    if (failure || isReleased) return
    failure = error
    if (listener) return listener.failed(error)
    log.warn({ err: error, said }, 'waiting session failed')
    release()
  }

  const agent = createAgent((bytes) => sandbox.input(bytes))
  sandbox.begin(limits.fileBytes)
  for (const file of options.files) sandbox.writeFile(file.path, modeOf(file), contentOf(file))
  const stage = sandbox.run(
    {
      args: [INIT_PATH, OPTION_AGENT],
      env,
      wallMs: longestMs + STAGE_MARGIN_MS,
      cpuMs: limits.cpuMs,
      graceMs,
      outputBytes: Number.MAX_SAFE_INTEGER,
      processes: limits.processes,
      fileBytes: limits.fileBytes,
      openFiles: limits.openFiles,
      stackBytes: limits.stackBytes,
      stdin: true,
      // What reaches a limit in a session says so itself: it is a command or a piece of code.
      unobserved: true,
    },
    new Uint8Array(),
    (stream, bytes) => {
      if (stream === 'stderr') said = (said + bytes.toString()).slice(-SAID_CHARACTERS)
      else if (!failure && !isReleased) {
        try {
          agent.receive(bytes)
        } catch (error) {
          failed(error as Error)
        }
      }
    },
    { taken: () => undefined },
  )
  stage.then(
    () => agent.leave(new Error('the agent has ended')),
    () => agent.leave(new Error('the sandbox failed')),
  )

  const kernels =
    kernel && language.kernel
      ? createKernels({
          agent,
          language: language.id,
          plan: {
            argv: language.kernel.argv,
            env: { ...env, ...language.kernel.env },
            cwd: '/job',
            interrupt: language.kernel.interrupt,
            protocol: language.kernel.protocol,
            transport: language.kernel.transport,
            warmUp: language.kernel.warmUp,
          },
          limits,
          tell: (event) => listener?.tell(event),
          whenRoom: (resume) => (listener ? listener.whenRoom(resume) : resume()),
          failed,
          clock,
          timeoutFactor,
        })
      : null
  /** Its kernel starts; whether it gets ready is another matter. */
  const started = agent.ready.then(async () => {
    if (kernels) await kernels.create(DEFAULT_CONTEXT)
  })
  const ready = started.then(() => kernels?.get(DEFAULT_CONTEXT)?.ready)
  for (const promise of [started, ready]) promise.catch(() => undefined)
  return {
    agent,
    kernels,
    env,
    stage,
    get said() {
      return said
    },
    started,
    ready,
    attach(to) {
      listener = to
      if (failure) to.failed(failure)
    },
    release,
  }
}

/** The content of a file as it was sent. */
export const contentOf = ({ content, encoding }: SourceFile): Buffer =>
  Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8')

/** A file that names its interpreter is there to be run. */
export function modeOf(file: SourceFile): number {
  if (file.mode !== undefined) return parseInt(file.mode, 8)
  const [first, second] = contentOf(file)
  return first === 0x23 && second === 0x21 ? 0o755 : 0o644
}
