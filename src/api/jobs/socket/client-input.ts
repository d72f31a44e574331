import { setTimeout as sleep } from 'node:timers/promises'
import { KIB } from '../../../shared/limits.ts'
import {
  INPUT_LIMIT_BYTES,
  type InputAnswer,
  type InputMessage,
  type JobInputs,
  MESSAGE_COST_BYTES,
} from '../../../shared/redis/job-input.ts'
import type { WakeUps } from '../../../shared/redis/wake-ups.ts'
import { readMessage, type Unusable } from './read-message.ts'
import type { ErrorMessage, Reply } from './reply.ts'

/**
 * Takes what one client sends to its job, in order, one after another. When there is no room for input it waits, and reads no
 * more of the connection once a little has gathered; signals overtake what waits then.
 */
export interface ClientInput {
  /** A text message of the client. */
  push(text: string): void
  /** Takes them to the job, until the signal. @throws what Redis answered, when it fails, or TooManyFaults */
  run(): Promise<void>
}

/** The client sends nothing but what cannot be used. */
export class TooManyFaults extends Error {
  override readonly name = 'TooManyFaults'
}

export interface ClientInputOptions {
  jobId: string
  interactive: boolean
  inputs: Pick<JobInputs, 'send'>
  wakeUps: WakeUps
  /** The channel that tells of room. */
  channel: string
  /** Resolves when the client may be told more. */
  reply: (reply: Reply) => Promise<void>
  /** Whether more is to be read of the connection. */
  flow: (open: boolean) => void
  signal: AbortSignal
}

/** What may gather of one client before its connection is no longer read, in bytes. */
const MAX_BUFFERED_BYTES = 256 * KIB
/** Messages of one connection are taken no faster: each costs Redis something, and none of them counts for the rate limit. */
const PACE = { messages: 100, everyMs: 100 }
/** Messages in a row that cannot be used. */
export const MAX_FAULTS = 100

const REFUSED: Record<
  Exclude<InputAnswer, 'taken' | 'known' | 'full'>,
  [code: ErrorMessage['code'], detail: string]
> = {
  limit: ['input-limit', `a job takes at most ${INPUT_LIMIT_BYTES} bytes of input; the rest is refused`],
  closed: ['input-closed', 'the input of the job has ended; it takes no more'],
  'not-running': ['not-running', 'the job still waits; send signals while it runs'],
  ended: ['job-ended', 'the job has ended'],
}

export function createClientInput(options: ClientInputOptions): ClientInput {
  const { jobId, interactive, inputs, wakeUps, channel, reply, flow, signal } = options
  const queue: (InputMessage | { unusable: Unusable })[] = []
  const wakeUp = createWakeUp(signal)
  let buffered = 0
  let isOpen = true
  let faults = 0
  let leave: (() => void) | undefined
  const pace = createPace()

  const buffer = (bytes: number) => {
    buffered += bytes
    // One threshold for both: what waits for room below it must never keep a signal behind it from being read.
    const open = buffered < MAX_BUFFERED_BYTES
    if (open === isOpen) return
    isOpen = open
    flow(open)
  }

  /** @returns false when there is no room for it */
  const take = async (message: InputMessage): Promise<boolean> => {
    const { seq } = message
    const numbered = seq === null ? {} : { seq }
    if (!interactive) {
      const detail = 'the job was not submitted with "interactive": true'
      await reply({ type: 'error', code: 'not-interactive', detail, ...numbered })
      return true
    }
    const answer = await inputs.send(jobId, message)
    if (answer === 'full') return false
    if (answer === 'taken' || answer === 'known') await reply({ type: 'ack', seq })
    else {
      const [code, detail] = REFUSED[answer]
      await reply({ type: 'error', code, detail, ...numbered })
    }
    return true
  }

  const room = async () => {
    if (!leave) {
      leave = await wakeUps.listen(channel, wakeUp.set)
      return // There may be room by now.
    }
    await wakeUp.wait()
  }

  const step = async (index: number): Promise<boolean> => {
    const next = queue[index]
    if (!next) return false
    if ('unusable' in next) {
      if (++faults > MAX_FAULTS) throw new TooManyFaults('too many messages that cannot be used')
      await reply(refusal(next.unusable))
    } else {
      if (!(await take(next))) return false
      faults = 0
    }
    queue.splice(index, 1)
    buffer(-costOf(next))
    return true
  }

  return {
    push(text) {
      const message = readMessage(text)
      queue.push(message)
      buffer(costOf(message))
      wakeUp.set()
    },
    async run() {
      try {
        while (!signal.aborted) {
          if (queue.length === 0) {
            await wakeUp.wait()
            continue
          }
          await pace()
          if (!(await step(0))) {
            const signals = queue.findIndex((message) => 'kind' in message && message.kind === 'signal')
            if (signals < 0 || !(await step(signals))) await room()
          }
        }
      } finally {
        leave?.()
      }
    },
  }
}

const costOf = (message: object): number =>
  MESSAGE_COST_BYTES + ('data' in message && Buffer.isBuffer(message.data) ? message.data.length : 0)

function refusal({ detail, errors }: Unusable): Reply {
  return { type: 'error', code: 'invalid-message', detail, ...(errors.length > 0 && { errors }) }
}

/** @returns a function that resolves when the next message of a connection may be taken */
export function createPace(): () => Promise<void> {
  let endsAt = 0
  let left = 0
  return async () => {
    const waitMs = endsAt - Date.now()
    if (waitMs > 0 && left === 0) await sleep(waitMs)
    if (waitMs <= 0 || left === 0) {
      endsAt = Date.now() + PACE.everyMs
      left = PACE.messages
    }
    left--
  }
}

/** Wakes one who waits. Set while nobody waits, it wakes the next who does. */
export interface WakeUp {
  set: () => void
  /** Resolves when it is set, or the signal aborts. */
  wait: () => Promise<void>
}

export function createWakeUp(signal: AbortSignal): WakeUp {
  let isSet = false
  let wake = () => {}
  const set = () => {
    isSet = true
    wake()
  }
  signal.addEventListener('abort', set, { once: true })
  return {
    set,
    async wait() {
      if (!isSet && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      isSet = false
    },
  }
}
