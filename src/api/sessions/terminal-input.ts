import { setTimeout as sleep } from 'node:timers/promises'
import { KIB } from '../../shared/limits.ts'
import { Problem, type ProblemCode } from '../../shared/problems.ts'
import type { InputMessage, SignalName } from '../../shared/redis/job-input.ts'
import type { Operations } from '../../shared/sessions/operations.ts'
import type { TerminalSize } from '../../shared/terminal-size.ts'
import { createWakeUp } from '../jobs/socket/client-input.ts'
import { readMessage } from '../jobs/socket/read-message.ts'
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
  /** Tells of a message that was not taken. */
  refused: (code: ProblemCode | 'invalid-message', detail: string) => Promise<void>
  /** Called when nothing but messages come that cannot be used. */
  flooded: () => void
  /** Whether more is to be read of the connection. */
  flow: (open: boolean) => void
  signal: AbortSignal
}

type Entry = Pick<InputMessage, 'kind' | 'data'>

/** What may gather of one client before its connection is no longer read, and goes in one request, in bytes. */
const MAX_BUFFERED_BYTES = 256 * KIB
const MAX_REQUEST_BYTES = 64 * KIB
/** A message costs so much beside its bytes. */
const MESSAGE_BYTES = 64
/** Messages in a row that cannot be used. */
const MAX_FAULTS = 100
/** How long input waits for a program that reads none. */
const FULL_MS = 100
const ENDED: readonly ProblemCode[] = ['already-ended', 'session-ended', 'session-lost']

export function createTerminalInput(options: TerminalInputOptions): TerminalInput {
  const { command: id, call, refused, flooded, flow, signal } = options
  const wakeUp = createWakeUp(signal)
  let queue: Entry[] = []
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
  const take = (from: number): Entry | undefined => {
    const [first, ...rest] = queue.slice(from)
    if (!first) return undefined
    const pieces = [first.data]
    let bytes = first.data.length
    for (const next of first.kind === 'stdin' ? rest : []) {
      if (next.kind !== 'stdin' || bytes + next.data.length > MAX_REQUEST_BYTES) break
      pieces.push(next.data)
      bytes += next.data.length
    }
    queue.splice(from, pieces.length)
    count(-bytes - pieces.length * MESSAGE_BYTES)
    return { kind: first.kind, data: Buffer.concat(pieces) }
  }
  const putBack = (entry: Entry) => {
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
      if ('unusable' in entry) {
        if (++faults > MAX_FAULTS) return flooded()
        return void refused('invalid-message', entry.unusable.detail)
      }
      faults = 0
      queue.push(entry)
      count(entry.data.length + MESSAGE_BYTES)
      wakeUp.set()
    },
    async run() {
      while (!signal.aborted) {
        const next = take(0)
        if (!next) {
          await wakeUp.wait()
          continue
        }
        if (await attempt(next)) continue
        putBack(next)
        const urgent = queue.findIndex(({ kind }) => kind === 'signal' || kind === 'resize')
        const overtaking = urgent > 0 ? take(urgent) : undefined
        if (overtaking) await attempt(overtaking)
        else await sleep(FULL_MS, undefined, { signal }).catch(() => undefined)
      }
    },
  }
}
