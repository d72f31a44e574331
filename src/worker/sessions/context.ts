import { randomUUID } from 'node:crypto'
import type { CommRequest } from '../../shared/sessions/comm.ts'
import type { Execute } from '../../shared/sessions/operations.ts'
import type { Context, ExecutionStatus, SessionLimits } from '../../shared/sessions/session.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import { signalName } from '../jobs/classify.ts'
import type { BridgeEvent, BridgeOrder, KernelMessage } from './bridge-lines.ts'
import type { Clock } from './clock.ts'
import { createComms } from './comms.ts'
import { type CpuTime, readCpuTime, watchCpuTime } from './cpu-time.ts'
import { createExecution, type RunningExecution } from './execution.ts'
import { createInterruptReplies } from './interrupt-replies.ts'
import { createInterruption, INTERRUPTED_FOR_REPLY, type Interruption } from './interruption.ts'
import type { KernelPlan } from './kernel-plan.ts'
import { createQuestions } from './questions.ts'
import { ContextBusy, isBridgeFull, requireBridge, type WaitingBytes } from './waiting-bytes.ts'

/**
 * An interpreter with state. Executions run one at a time, in the order in which they came. What its kernel says decides, but its end
 * decides over it: one that dies takes what runs and what waits with it, and says why.
 *
 * An execution whose time is over, or whose CPU time is used, is interrupted; a kernel that does not heed that is killed and started anew.
 */
export interface SessionContext {
  readonly id: string
  /** What its kernel of now is called; each one that is started has a name of its own. */
  readonly kernel: string
  view(): Context
  /** Resolves when its kernel can be used, or one that was started in its place; rejects when it cannot be started. */
  readonly ready: Promise<void>
  /** @param ended is called once, with what became of it. @throws ContextBusy, ContextDead */
  execute(asked: Execute, ended: (execution: RunningExecution) => void): RunningExecution
  /** @param execution only this one: interrupted when it runs, cancelled when it waits. @returns whether anything is ended */
  interrupt(execution?: string): boolean
  /** Starts its kernel anew: state is lost, what runs and waits is cancelled. @throws ContextDead, ContextBusy */
  restart(): void
  /** Ends its kernel. Nothing is taken any more. */
  close(reason: ExecutionStatus, message: string): void
  /** Answers the question of an execution. @returns whether it had asked. @throws ContextBusy */
  input(execution: string, value: string): boolean
  /** Asks the kernel on its shell channel. @throws ContextBusy, or ContextDead also when it dies before it answers */
  ask(type: string, content: object): Promise<Record<string, unknown>>
  /** Passes a message of a comm to the kernel. @param id what it causes is told under. @throws ContextBusy, ContextDead */
  comm(id: string, message: CommRequest): void
  take(event: Exclude<BridgeEvent, { event: 'bridge' }>): void
}

export interface ContextOptions {
  id: string
  language: string
  plan: KernelPlan
  /** Of the session. */
  limits: Pick<SessionLimits, 'memoryBytes' | 'outputBytes'>
  send: (order: BridgeOrder) => void
  /** Bytes of orders that the bridge has not taken. */
  unsentBytes: () => number
  /** Of the session. */
  waiting: WaitingBytes
  /** Of the session. */
  cpu: CpuTime
  tell: (event: SessionEvent) => void
  clock: Clock
  /** A name that no kernel of the session had. */
  nextKernel: () => string
  /** Multiplies how long its kernel may take to start: `TIMEOUT_FACTOR`; 1 when absent. */
  timeoutFactor?: number
}

/** From the start of a kernel until it can be used, on a machine that is not slow. */
const START_MS = 60_000
/** Output may be lost when a kernel floods; after its reply no more is waited for than this. */
const IDLE_MS = 2_000
const NO_REPLY = 'its kernel did not say how it ended'
const RESTARTED = 'its context was restarted'
const MAX_QUEUED = 100

/** The context has no kernel any more. */
export class ContextDead extends Error {
  override readonly name = 'ContextDead'
}

interface Entry {
  asked: Execute
  execution: RunningExecution
  ended: (execution: RunningExecution) => void
  asksInput: boolean
  interruption: Interruption
  stopTimers: (() => void)[]
  /** Gives back the room that its code takes until its kernel has begun with it. */
  release: () => void
}

export function createContext(options: ContextOptions): SessionContext {
  const { id, language, plan, send, tell, clock, timeoutFactor = 1 } = options
  const startMs = START_MS * timeoutFactor
  const createdAt = new Date().toISOString()
  let state: Context['state'] = 'starting'
  let message: string | null = null
  let executionCount: number | null = null
  let isClosed = false
  let kernel = ''
  let restarts = -1
  /** Whether a restart was sent to a bridge that was full: one of them fits. */
  let restartWaits = false
  let queue: Entry[] = []
  let running: Entry | undefined
  /** Set while the CPU time is read that the first of the queue begins with. */
  let stopReading: (() => void) | undefined
  let stopStartTimer = () => {}
  let settle: { resolve: (by?: Promise<void>) => void; reject: (error: Error) => void } = { resolve() {}, reject() {} }
  let ready = Promise.resolve()
  const questions = createQuestions(options)
  const comms = createComms(options)
  const interruptReplies = createInterruptReplies(plan, clock, () => runNext())

  const view = (): Context => {
    const queued = queue.length
    return { id, state, language, executionCount, queued, message, restarts, createdAt }
  }
  const change = (to: Context['state'], why: string | null = null) => {
    state = to
    message = why
    tell({ type: 'context', data: view() })
  }

  const sendMessage = (channel: 'shell' | 'stdin', type: string, messageId: string, content: object) =>
    send({ do: 'send', context: kernel, channel, type, id: messageId, content })
  const start = () => {
    restarts++
    change('starting')
    const earlier = settle
    ready = new Promise((resolve, reject) => (settle = { resolve, reject }))
    ready.catch(() => undefined)
    // Who still waits for an earlier kernel wants one that can be used: this one is.
    earlier.resolve(ready)
    kernel = options.nextKernel()
    send({ do: 'start', context: kernel, ...plan })
    stopStartTimer = clock.after(startMs, () => {
      send({ do: 'stop', context: kernel })
      die(`its kernel was not ready within ${startMs / 1000} s`)
    })
  }

  const end = (entry: Entry, status: ExecutionStatus, why: string | null = null) => {
    for (const stop of entry.stopTimers.splice(0)) stop()
    entry.interruption.stop()
    entry.release()
    if (running === entry) running = undefined
    entry.execution.finish(status, why)
    executionCount = entry.execution.view().executionCount ?? executionCount
    entry.ended(entry.execution)
  }
  const endReading = () => {
    stopReading?.()
    stopReading = undefined
  }
  const cancel = (entry: Entry, why: string) => {
    if (queue[0] === entry) endReading()
    queue = queue.filter((one) => one !== entry)
    end(entry, 'cancelled', why)
    runNext()
  }
  const endAll = (status: ExecutionStatus, why: string | null) => {
    endReading()
    interruptReplies.forget()
    const waiting = queue
    queue = []
    if (running) end(running, status, why)
    for (const entry of waiting) end(entry, status === 'interrupted' ? 'cancelled' : status, why)
    questions.endAll(new ContextDead(why ?? 'the context has ended'))
    comms.endAll()
  }

  const die = (why: string) => {
    stopStartTimer()
    if (state === 'dead') return
    change('dead', why)
    settle.reject(new ContextDead(why))
    endAll('context-lost', why)
  }

  const runNext = () => {
    if (running || stopReading || state === 'starting' || state === 'dead') return
    const [entry] = queue
    if (!entry) {
      if (state !== 'idle') change('idle')
      return
    }
    if (interruptReplies.isAwaited) return
    const { cpuMs } = entry.asked
    if (cpuMs === undefined) return begin(entry)
    // What was used before does not count, so it is read before the kernel has the code. Until then it waits as others do.
    stopReading = readCpuTime(
      options,
      (from) => {
        endReading()
        begin(entry)
        const message = `the processes of the session used more than ${cpuMs} ms of CPU time while it ran`
        const over = () => entry.interruption.overdue({ status: 'cpu-time-limit', message })
        entry.stopTimers.push(watchCpuTime(options, from, cpuMs, over))
      },
      (why) => cancel(entry, `it did not run: ${why}`),
    )
  }

  const begin = (entry: Entry) => {
    queue.shift()
    running = entry
    const { asked, execution } = entry
    const { code, silent, allowInput, timeoutMs } = asked
    const content = {
      code,
      silent,
      store_history: !silent,
      user_expressions: {},
      allow_stdin: allowInput,
      stop_on_error: false,
    }
    // The kernel works while this is told.
    sendMessage('shell', 'execute_request', asked.id, content)
    comms.renew()
    change('busy')
    execution.start()
    const late = { status: 'wall-time-limit', message: `it ran for longer than ${timeoutMs} ms` } as const
    entry.stopTimers.push(clock.after(timeoutMs, () => entry.interruption.overdue(late)))
  }

  const startAnew = () => {
    endAll('cancelled', RESTARTED)
    stopStartTimer()
    if (state !== 'dead') send({ do: 'stop', context: kernel })
    start()
  }

  const complete = (entry: Entry) => {
    const outcome = entry.execution.outcome()
    const { cause, isProbed } = entry.interruption
    const isOurs = outcome !== 'succeeded' && isProbed
    // What ended well in spite of an interrupt has ended well.
    if (cause && outcome !== 'succeeded') end(entry, cause.status, cause.message)
    // Without a cause it is probed behind an interrupt that nobody asked for: what came of that is not the doing of its code.
    else if (outcome) end(entry, outcome, isOurs ? INTERRUPTED_FOR_REPLY : null)
    else fail(entry, NO_REPLY)
    runNext()
  }
  const fail = (entry: Entry, why: string) => {
    entry.execution.takeFault(why)
    end(entry, 'failed', why)
  }

  const giveUp = (entry: Entry, how: string) => {
    const { cause } = entry.interruption
    const failed = cause ? `${cause.message ?? 'it was interrupted'}, and its kernel ${how}` : `${NO_REPLY}, and ${how}`
    const why = `${failed}; the context was restarted`
    if (cause) end(entry, cause.status, why)
    else fail(entry, why)
    startAnew()
  }

  const takeMessage = (said: KernelMessage) => {
    const { parent, channel, type, content } = said
    if (channel === 'shell' && questions.answer(parent, content)) return
    if (channel === 'shell' && parent !== null && running?.interruption.isAnswer(parent)) return complete(running)
    if (interruptReplies.take(said)) return
    const entry = running?.asked.id === parent ? running : undefined
    if (comms.take(said, entry?.execution) || !entry) return
    if (type === 'input_request') entry.asksInput = true
    const { execution, interruption } = entry
    const { hasReply: hadReply, isIdle: wasIdle } = execution
    execution.take(said)
    if (execution.hasReply) interruption.stop()
    if (!interruption.hasBegun && (type !== 'status' || entry.asked.silent)) {
      // Its kernel has the code now.
      entry.asked = { ...entry.asked, code: '' }
      entry.release()
      interruption.begin()
    }
    if (execution.isComplete) return complete(entry)
    if (execution.hasReply && !hadReply) entry.stopTimers.push(clock.after(IDLE_MS, () => complete(entry)))
    else if (execution.isIdle && !wasIdle) interruption.awaitReply()
  }

  start()
  return {
    id,
    get kernel() {
      return kernel
    },
    view,
    get ready() {
      return ready
    },
    execute(asked, ended) {
      if (isClosed || state === 'dead') throw new ContextDead(message ?? 'the context has ended')
      if (queue.length >= MAX_QUEUED) throw new ContextBusy(`${MAX_QUEUED} executions wait in the context already`)
      requireBridge(options.unsentBytes())
      const release = options.waiting.reserve(Buffer.byteLength(asked.code))
      const execution = createExecution(asked, options.limits.outputBytes, tell)
      const entry: Entry = {
        asked,
        execution,
        ended,
        asksInput: false,
        interruption: createInterruption(execution, {
          clock,
          unsentBytes: options.unsentBytes,
          send() {
            send({ do: 'interrupt', context: kernel })
            interruptReplies.expect()
          },
          probe: (probe) => sendMessage('shell', 'kernel_info_request', probe, {}),
          giveUp: (how) => giveUp(entry, how),
        }),
        stopTimers: [],
        release,
      }
      queue.push(entry)
      runNext()
      return execution
    },
    interrupt(execution) {
      // What only waits for its CPU time to be read, or for the end of an earlier interrupt, runs for its owner.
      const isBeginning =
        execution === undefined && !running && (stopReading !== undefined || interruptReplies.isAwaited)
      const waiting = isBeginning ? queue[0] : queue.find(({ asked }) => asked.id === execution)
      if (waiting) {
        cancel(waiting, 'it was cancelled before it began')
        return true
      }
      if (!running || running.execution.hasReply) return false
      if (execution !== undefined && running.execution.id !== execution) return false
      running.interruption.interrupt()
      return true
    },
    restart() {
      if (isClosed) throw new ContextDead(message ?? 'the context has ended')
      const isFull = isBridgeFull(options.unsentBytes())
      if (isFull && restartWaits) {
        // The kernel that starts has run nothing yet: it does for this restart as well.
        if (state === 'starting') return endAll('cancelled', RESTARTED)
        requireBridge(options.unsentBytes())
      }
      restartWaits = isFull
      startAnew()
    },
    close(status, why) {
      if (isClosed) return
      isClosed = true
      stopStartTimer()
      endAll(status, why)
      if (state !== 'dead') send({ do: 'stop', context: kernel })
      change('dead', why)
      settle.reject(new ContextDead(why))
    },
    input(execution, value) {
      if (running?.asked.id !== execution || !running.asksInput) return false
      requireBridge(options.unsentBytes())
      running.asksInput = false
      sendMessage('stdin', 'input_reply', randomUUID(), { value })
      return true
    },
    async ask(type, content) {
      if (state === 'dead') throw new ContextDead(message ?? 'the context has ended')
      return questions.ask(kernel, type, content)
    },
    comm(comm, sent) {
      if (state === 'dead') throw new ContextDead(message ?? 'the context has ended')
      comms.send(kernel, comm, sent)
    },
    take(event) {
      if (isClosed || event.context !== kernel) return
      switch (event.event) {
        case 'ready':
          if (state !== 'starting') return
          stopStartTimer()
          state = 'idle'
          settle.resolve()
          runNext()
          // Nothing has begun that tells of it.
          if (!running) tell({ type: 'context', data: view() })
          return
        case 'message':
          return takeMessage(event)
        case 'failed':
          return die(`its kernel could not be started: ${event.detail}`)
        case 'died':
          return die(whyDied(event, options.limits.memoryBytes))
      }
    },
  }
}

/** Linux kills with SIGKILL for memory, and so does a program; which it was the session cannot see. */
function whyDied({ code, signal }: { code: number | null; signal: number | null }, memoryBytes: number): string {
  if (signal === 9) {
    return `its kernel was killed (SIGKILL), most likely because the session reached its memory limit of ${memoryBytes} bytes`
  }
  if (signal !== null) return `its kernel was ended by ${signalName(signal)}`
  return `its kernel ended with exit code ${code ?? 0}`
}
