import { COMM_TYPES, type CommRequest } from '../../shared/sessions/comm.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import type { BridgeOrder, KernelMessage } from './bridge-lines.ts'
import type { KernelPlan } from './kernel-plan.ts'
import { jsonBytes, type RunningExecution } from './execution.ts'
import { ContextBusy, requireBridge, type WaitingBytes } from './waiting-bytes.ts'

/**
 * Comms of a context: messages between its kernel and whoever shows its results, passed on as they are. What a message of a client causes is
 * no execution; it is told as comms are, under the id of that message, until the kernel is idle again.
 */
export interface Comms {
  /** @throws ContextBusy */
  send(kernel: string, id: string, message: CommRequest): void
  /** What comms say from now on has a bound of its own. */
  renew(): void
  /**
   * Tells a message of the kernel that is of comms.
   * @param execution whose it is, if that runs
   * @returns whether it was caused by a message of a client, and is nothing else
   */
  take(said: KernelMessage, execution: RunningExecution | undefined): boolean
  /** The kernel is gone: nothing is answered any more. */
  endAll(): void
}

export interface CommsOptions {
  id: string
  plan: Pick<KernelPlan, 'protocol'>
  send: (order: BridgeOrder) => void
  /** Bytes of orders that the bridge has not taken. */
  unsentBytes: () => number
  waiting: WaitingBytes
  tell: (event: SessionEvent) => void
}

/** A kernel that is busy answers none of them. */
const MAX_UNANSWERED = 256
/** What comms may say for one execution, or for one message of a client, in bytes. */
const MAX_COMM_BYTES = 8 * 1024 * 1024
const ANSWERS: readonly string[] = ['stream', 'display_data', 'update_display_data', 'clear_output', 'error', 'status']
const isComm = (type: string): boolean => (COMM_TYPES as readonly string[]).includes(type)

/** The comms of one context, between its kernel and `tell`. */
export function createComms({ id: context, plan, send, unsentBytes, waiting, tell }: CommsOptions): Comms {
  /** Messages of clients that the kernel has not done with, and what gives back their room. */
  const unanswered = new Map<string, () => void>()
  let bytesLeft = MAX_COMM_BYTES

  const pass = (said: KernelMessage, execution: RunningExecution | undefined, parent: string | undefined) => {
    const { type, content, metadata, buffers, omitted } = said
    if (omitted !== undefined) return execution?.cut()
    const data = {
      context,
      type,
      content,
      metadata,
      ...(buffers && { buffers }),
      ...(execution && { execution: execution.id }),
      ...(parent !== undefined && { parent }),
    }
    const bytes = jsonBytes(data)
    if (bytes > bytesLeft) return execution?.cut()
    bytesLeft -= bytes
    tell({ type: 'comm', data })
  }

  const say = (parent: string, type: string, content: Record<string, unknown>) =>
    tell({ type: 'comm', data: { context, type, content, metadata: {}, parent } })
  /** The end of what a message causes. It is told however much was said before, without what else a kernel puts into it. */
  const tellIdle = (parent: string) => say(parent, 'status', { execution_state: 'idle' })

  /** What a kernel says that knows none. */
  const refuse = (parent: string, { type, content }: CommRequest) => {
    if (type === 'comm_open') say(parent, 'comm_close', { comm_id: content['comm_id'], data: {} })
    tellIdle(parent)
  }

  return {
    send(kernel, id, sent) {
      if (plan.protocol === 'lines') return refuse(id, sent)
      const { type, content, metadata = {}, buffers = [] } = sent
      if (unanswered.size >= MAX_UNANSWERED)
        throw new ContextBusy(`${MAX_UNANSWERED} messages to the kernel are not answered yet`)
      requireBridge(unsentBytes())
      const message = { type, content, metadata, buffers }
      unanswered.set(id, waiting.reserve(Buffer.byteLength(JSON.stringify(message))))
      bytesLeft = MAX_COMM_BYTES
      send({ do: 'send', context: kernel, channel: 'shell', id, ...message })
    },
    renew() {
      bytesLeft = MAX_COMM_BYTES
    },
    take(said, execution) {
      const { channel, type, parent, content } = said
      const release = parent === null ? undefined : unanswered.get(parent)
      if (parent === null || !release) {
        if (channel === 'iopub' && isComm(type)) pass(said, execution, undefined)
        return false
      }
      if (channel !== 'iopub' || !(isComm(type) || ANSWERS.includes(type))) return true
      if (type === 'status') {
        if (content['execution_state'] !== 'idle') return true
        release()
        unanswered.delete(parent)
        tellIdle(parent)
        return true
      }
      pass(said, undefined, parent)
      return true
    },
    endAll() {
      for (const release of unanswered.values()) release()
      unanswered.clear()
    },
  }
}
