import type { Context, ExecutionStatus, SessionLimits } from '../../shared/sessions/session.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import type { Agent, AgentProcess } from './agent.ts'
import { type BridgeEvent, type BridgeOrder, bridgeLine, createBridgeReader } from './bridge-lines.ts'
import type { Clock } from './clock.ts'
import { createContext, type SessionContext } from './context.ts'
import type { KernelPlan } from './kernel-plan.ts'
import { createCpuTime } from './cpu-time.ts'
import { BRIDGE_RATE, createOutputPace } from './output-pace.ts'
import { createWaitingBytes, requireBridge } from './waiting-bytes.ts'

/** The contexts of a session, and the bridge to their kernels. */
export interface Kernels {
  /** @throws Error when the bridge cannot be started */
  start(): Promise<void>
  get(id: string): SessionContext | undefined
  list(): Context[]
  /** @throws ContextExists, TooManyContexts, ContextBusy */
  create(id: string, plan?: Partial<Pick<KernelPlan, 'cwd' | 'env'>>): Promise<SessionContext>
  /** Starts its kernel anew, and the bridge if that has ended. */
  restart(context: SessionContext): Promise<void>
  remove(context: SessionContext): void
  /** Ends all of them. */
  close(status: ExecutionStatus, message: string): void
}

export interface KernelsOptions {
  agent: Agent
  language: string
  plan: KernelPlan
  /** Of the session. */
  limits: Pick<SessionLimits, 'memoryBytes' | 'outputBytes' | 'processes'>
  tell: (event: SessionEvent) => void
  /** Calls back when there is room for what more output becomes. */
  whenRoom: (resume: () => void) => void
  /** The bridge said what it may not: that is the end of the session. */
  failed: (error: Error) => void
  clock: Clock
  /** Multiplies how long a kernel may take to start: `TIMEOUT_FACTOR`; 1 when absent. */
  timeoutFactor?: number
}

/** The bridge as a program; it is a module of the image. */
const BRIDGE = ['python3', '-I', '-m', 'runyard_kernel_bridge']
export const DEFAULT_CONTEXT = 'default'
const MAX_CONTEXTS = 8

export class TooManyContexts extends Error {
  override readonly name = 'TooManyContexts'
}

/** To ask for it again would not help, as it would with too many. */
export class ContextExists extends Error {
  override readonly name = 'ContextExists'
}

export function createKernels(options: KernelsOptions): Kernels {
  const { agent, language, plan, tell, failed, clock, timeoutFactor = 1 } = options
  const contexts = new Map<string, SessionContext>()
  let bridge: Promise<AgentProcess> | undefined
  let bridgeProcess: AgentProcess | undefined
  let isClosed = false
  let kernels = 0
  const pace = createOutputPace(clock, BRIDGE_RATE)
  const waiting = createWaitingBytes()
  const cpu = createCpuTime(agent, options.limits.processes, failed)
  /** Orders to a bridge that starts: the first that it gets, in their order. */
  let queued: Buffer[] = []
  let queuedBytes = 0
  const unsentBytes = () => queuedBytes + (bridgeProcess?.waiting ?? 0)
  const takeQueued = () => {
    const lines = queued
    queued = []
    queuedBytes = 0
    return lines
  }

  const take = (event: Exclude<BridgeEvent, { event: 'bridge' }>) => {
    for (const context of contexts.values()) context.take(event)
  }
  /** There is no bridge any more: what was to be sent to it is forgotten with its kernels. */
  const lose = (detail: string) => {
    bridge = bridgeProcess = undefined
    takeQueued()
    for (const { kernel } of contexts.values()) take({ event: 'failed', context: kernel, detail })
  }
  const startBridge = (): Promise<AgentProcess> => {
    const read = createBridgeReader()
    const begun = agent.start(
      { argv: BRIDGE, env: plan.env, cwd: '/', stdin: true },
      {
        output(stream, bytes, taken) {
          try {
            if (stream === 'stdout') {
              for (const event of read(bytes)) {
                if (event.event !== 'bridge') take(event)
              }
            }
          } catch (error) {
            return failed(error as Error)
          }
          pace(bytes.length, () => options.whenRoom(taken))
        },
        ended() {
          if (bridge === begun) lose('the bridge to the kernels has ended')
        },
      },
    )
    bridge = begun
    bridgeProcess = undefined
    void begun.then(
      (process) => {
        if (bridge !== begun) return
        bridgeProcess = process
        for (const line of takeQueued()) process.input(line)
      },
      () => {
        if (bridge === begun) lose('the bridge to the kernels could not be started')
      },
    )
    return begun
  }
  const send = (order: BridgeOrder) => {
    const line = bridgeLine(order)
    // At once: before what else is done in this turn, and told of it.
    if (bridgeProcess) return bridgeProcess.input(line)
    if (!bridge) return
    queued.push(line)
    queuedBytes += line.length
  }
  const requireRoom = (id: string) => {
    if (contexts.has(id)) throw new ContextExists(`the session has a context "${id}"`)
    if (contexts.size >= MAX_CONTEXTS) throw new TooManyContexts(`a session has ${MAX_CONTEXTS} contexts at most`)
    if (isClosed) throw new TooManyContexts('the session is ending')
    requireBridge(unsentBytes())
  }

  return {
    async start() {
      await startBridge()
    },
    get: (id) => contexts.get(id),
    list: () => [...contexts.values()].map((context) => context.view()),
    async create(id, own = {}) {
      requireRoom(id)
      if (!bridge) {
        await startBridge()
        // Others may have come meanwhile.
        requireRoom(id)
      }
      const context = createContext({
        id,
        language,
        plan: { ...plan, cwd: own.cwd ?? plan.cwd, env: { ...plan.env, ...own.env } },
        limits: options.limits,
        send,
        unsentBytes,
        waiting,
        cpu,
        tell,
        clock,
        timeoutFactor,
        nextKernel: () => `${id}/${++kernels}`,
      })
      contexts.set(id, context)
      return context
    },
    async restart(context) {
      if (!bridge) await startBridge()
      context.restart()
    },
    remove(context) {
      contexts.delete(context.id)
      context.close('cancelled', 'its context was deleted')
    },
    close(status, message) {
      isClosed = true
      for (const context of contexts.values()) context.close(status, message)
    },
  }
}
