import { AgentFault } from './agent-decoder.ts'
import type { KernelPlan } from './kernel-plan.ts'

/** What the bridge says, one line each; see `languages/kernel-bridge.py`. */
export type BridgeEvent =
  | { event: 'bridge' }
  | { event: 'ready'; context: string; info: Record<string, unknown> }
  | ({ event: 'message' } & KernelMessage)
  | { event: 'died'; context: string; code: number | null; signal: number | null; asked: boolean }
  | { event: 'failed'; context: string; detail: string }

/** A message of a kernel, as the Jupyter protocol has it. */
export interface KernelMessage {
  context: string
  channel: string
  type: string
  /** Its own id. */
  id: string
  /** Id of the message that it answers, or is about. */
  parent: string | null
  content: Record<string, unknown>
  metadata: Record<string, unknown>
  /** Base64. */
  buffers?: string[]
  /** Bytes of its content, which was left out for its size: all of it but the beginning of its text, printed or plain. */
  omitted?: number
}

/** Longest line, in bytes: a message of the most content that the bridge passes on, and what JSON adds to it. */
export const MAX_LINE_BYTES = 24 * 1024 * 1024

/**
 * Cuts the bridge's output into lines.
 * @returns a function of the next chunk
 * @throws AgentFault, from that function, when a line is too long or says nothing known: programs of the session can write there
 */
export function createBridgeReader(): (chunk: Buffer) => BridgeEvent[] {
  let pieces: Buffer[] = []
  let length = 0
  return (chunk) => {
    const events: BridgeEvent[] = []
    let from = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      pieces.push(chunk.subarray(from, end))
      events.push(parseLine(Buffer.concat(pieces).toString()))
      pieces = []
      length = 0
      from = end + 1
    }
    if (from < chunk.length) {
      pieces.push(chunk.subarray(from))
      length += chunk.length - from
    }
    if (length > MAX_LINE_BYTES) throw new AgentFault('a line of the kernel bridge is too long')
    return events
  }
}

/** @throws AgentFault */
function parseLine(line: string): BridgeEvent {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new AgentFault('the kernel bridge said what is no JSON', { cause })
  }
  const said = objectOf(value)
  const { event } = said
  const context = said['context']
  if (event === 'bridge') return { event }
  if (typeof context !== 'string') throw new AgentFault('the kernel bridge named no context')
  switch (event) {
    case 'ready':
      return { event, context, info: objectOf(said['info']) }
    case 'died':
      return {
        event,
        context,
        code: numberOrNull(said['code']),
        signal: numberOrNull(said['signal']),
        asked: said['asked'] === true,
      }
    case 'failed':
      return { event, context, detail: String(said['detail']).slice(0, 1000) }
    case 'message':
      return { event, ...messageOf(context, said) }
    default:
      throw new AgentFault('the kernel bridge said what is unknown')
  }
}

function messageOf(context: string, said: Record<string, unknown>): KernelMessage {
  const { buffers, omitted, parent } = said
  const text = (name: string) => {
    const one = said[name]
    if (typeof one !== 'string') throw new AgentFault(`a message of a kernel has no ${name}`)
    return one
  }
  return {
    context,
    channel: text('channel'),
    type: text('type'),
    id: text('id'),
    parent: typeof parent === 'string' ? parent : null,
    content: objectOf(said['content']),
    metadata: objectOf(said['metadata']),
    ...(Array.isArray(buffers) && { buffers: buffers.filter((one): one is string => typeof one === 'string') }),
    ...(typeof omitted === 'number' && { omitted }),
  }
}

const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null)

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new AgentFault('the kernel bridge said what is no object')
}

/** What the bridge is told. */
export type BridgeOrder =
  | ({ do: 'start'; context: string } & KernelPlan)
  | {
      do: 'send'
      context: string
      channel: 'shell' | 'control' | 'stdin'
      type: string
      id: string
      content: object
      metadata?: object
      /** Base64. */
      buffers?: readonly string[]
    }
  | { do: 'interrupt' | 'stop'; context: string }

export const bridgeLine = (order: BridgeOrder): Buffer => Buffer.from(`${JSON.stringify(order)}\n`)
