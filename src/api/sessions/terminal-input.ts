import { setTimeout as sleep } from 'node:timers/promises'
import { KIB } from '../../shared/limits.ts'
import { Problem, type ProblemCode } from '../../shared/problems.ts'
import type { InputMessage, SignalName } from '../../shared/redis/job-input.ts'
import type { Operations } from '../../shared/sessions/operations.ts'
import type { TerminalSize } from '../../shared/terminal-size.ts'
import { createPace, createWakeUp, MAX_FAULTS } from '../jobs/socket/client-input.ts'
import { readMessage, type Unusable } from '../jobs/socket/read-message.ts'
import type { CallOptions } from './session-calls.ts'

type InputOperation = 'writeInput' | 'signalCommand' | 'resizeCommand'
/** Asks the session of the command. */
export type TerminalCall = <O extends InputOperation>(
  operation: O,
  input: Operations[O]['input'],
  options: CallOptions,
) => Promise<unknown>

/** Takes what is typed, and what else a client says, to a command: in order, but signals and sizes overtake input that has to wait. */
export interface TerminalInput {
  push(data: Buffer, isBinary: boolean): void
  /** Until the signal. */
  run(): Promise<void>
}

export interface TerminalInputOptions {
  command: string
  call: TerminalCall
  /** Tells of a message that was not taken. Resolves when the client may be told more. */
  refused: (code: ProblemCode | 'invalid-message', detail: string) => Promise<void>
  /** Called, once, when too many messages come that cannot be used; it ends the connection. */
  flooded: () => void
  /** Whether more is to be read of the connection. */
  flow: (open: boolean) => void
  signal: AbortSignal
}

type Entry = Pick<InputMessage, 'kind' | 'data'>
type Message = Entry | { unusable: Unusable }

/** What may gather of one client before its connection is no longer read, and goes in one request, in bytes. */
const MAX_BUFFERED_BYTES = 256 * KIB
const MAX_REQUEST_BYTES = 64 * KIB
/** A message costs so much beside its bytes. */
const MESSAGE_BYTES = 64
/** A message that can be used makes up for so much of one that cannot: who mixes them for long is ended too. */
const FORGIVEN = 0.1
/** How long input waits for a program that reads none. */
const FULL_MS = 100
const URGENT: readonly InputMessage['kind'][] = ['signal', 'resize']
const ENDED: readonly ProblemCode[] = ['already-ended', 'session-ended', 'session-lost']

export function createTerminalInput(options: TerminalInputOptions): TerminalInput {
  const { command: id, call, refused, flooded, flow, signal } = options
  const wakeUp = createWakeUp(signal)
  const pace = createPace()
  let queue: Message[] = []
  let buffered = 0
  let isOpen = true
  let faults = 0

  const count = (bytes: number) => {
    buffered += bytes
    const open = buffered < MAX_BUFFERED_BYTES
    if (open !== isOpen) flow(open)
    isOpen = open
  }

  /** Removes what goes in the next request; of input as much as fits. */
  const take = (from: number): Message | undefined => {
    const [first, ...rest] = queue.slice(from)
    if (!first) return undefined
    if ('unusable' in first) {
      queue.splice(from, 1)
      count(-MESSAGE_BYTES)
      return first
    }
    const pieces = [first.data]
    let bytes = first.data.length
    for (const next of first.kind === 'stdin' ? rest : []) {
      if ('unusable' in next || next.kind !== 'stdin' || bytes + next.data.length > MAX_REQUEST_BYTES) break
      pieces.push(next.data)
      bytes += next.data.length
    }
    queue.splice(from, pieces.length)
    count(-bytes - pieces.length * MESSAGE_BYTES)
    return { kind: first.kind, data: Buffer.concat(pieces) }
  }
  const requeue = (entry: Entry) => {
    queue = [entry, ...queue]
    count(entry.data.length + MESSAGE_BYTES)
  }

  const perform = ({ kind, data }: Entry) => {
    switch (kind) {
      case 'stdin':
        return call('writeInput', { id, end: false }, { bytes: data, signal })
      case 'eof':
        return call('writeInput', { id, end: true }, { signal })
      case 'signal':
        return call('signalCommand', { id, signal: data.toString() as SignalName, tree: false }, { signal })
      case 'resize':
        return call('resizeCommand', { id, size: JSON.parse(data.toString()) as TerminalSize }, { signal })
    }
  }

  /** @returns whether it was taken, or never will be */
  const attempt = async (entry: Entry): Promise<boolean> => {
    try {
      await perform(entry)
    } catch (error) {
      if (signal.aborted) return true
      if (!(error instanceof Problem)) throw error
      if (error.code === 'not-waiting') return false
      // Its end comes as an event.
      if (!ENDED.includes(error.code)) await refused(error.code, error.message)
    }
    return true
  }

  return {
    push(data, isBinary) {
      const entry = isBinary ? { kind: 'stdin' as const, data } : readMessage(data.toString())
      queue.push(entry)
      count(('unusable' in entry ? 0 : entry.data.length) + MESSAGE_BYTES)
      wakeUp.set()
    },
    async run() {
      while (!signal.aborted) {
        const next = take(0)
        if (!next) {
          await wakeUp.wait()
          continue
        }
        await pace()
        if ('unusable' in next) {
          if (++faults > MAX_FAULTS) return flooded()
          await refused('invalid-message', next.unusable.detail)
          continue
        }
        if (await attempt(next)) {
          faults = Math.max(0, faults - FORGIVEN)
          continue
        }
        requeue(next)
        const urgent = queue.findIndex((message) => 'kind' in message && URGENT.includes(message.kind))
        const overtaking = urgent > 0 ? take(urgent) : undefined
        if (overtaking && 'kind' in overtaking) await attempt(overtaking)
        else await sleep(FULL_MS, undefined, { signal }).catch(() => undefined)
      }
    },
  }
}
