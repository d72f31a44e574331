/** A message for an interactive job, and how many bytes of input it has. */
export interface QueuedInput {
  message: Record<string, unknown>
  bytes: number
}

export interface InputQueue {
  /** @param first before all that waits. Resolves when all messages were taken. @throws why one was refused */
  add(messages: QueuedInput[], first?: boolean): Promise<void>
  /** What has a number up to this one was taken, or the message of this number refused. */
  taken(seq: number | null, refusal?: Error): void
  /** There is a new connection: what was not acknowledged is sent again. */
  again(): void
  /** Nothing more is sent; a signal on its way counts as taken. */
  refuse(reason: unknown): void
}

/** The service wants less than 256 KiB on its way that it has not acknowledged, a message counted as 64 bytes and its own. */
const WINDOW_BYTES = 128 * 1024
const FRAME_BYTES = 64

interface Waiting extends QueuedInput {
  /** 0 until it is sent. */
  seq: number
  settle: (refusal?: unknown) => void
}

/**
 * Input in its order. A message gets its number when it is first sent, so that numbers rise although a signal may pass the input
 * that waits.
 * @param send returns false when there is no connection
 */
export function createInputQueue(send: (text: string) => boolean): InputQueue {
  let onTheirWay: Waiting[] = []
  let waiting: Waiting[] = []
  let lastSeq = 0
  let refused: { reason: unknown } | undefined

  const post = ({ message, seq }: Waiting) => send(JSON.stringify({ ...message, seq }))

  const flush = () => {
    let bytes = onTheirWay.reduce((sum, one) => sum + one.bytes + FRAME_BYTES, 0)
    for (let next = waiting[0]; next; next = waiting[0]) {
      bytes += next.bytes + FRAME_BYTES
      const fits = bytes <= WINDOW_BYTES || onTheirWay.length === 0 || next.bytes === 0
      if (!fits) return
      next.seq = lastSeq + 1
      if (!post(next)) return
      lastSeq += 1
      waiting.shift()
      onTheirWay.push(next)
    }
  }

  return {
    async add(messages, first = false) {
      if (refused) throw refused.reason
      const all = messages.map(
        (one) =>
          new Promise<void>((resolve, reject) => {
            const settle = (refusal?: unknown) => (refusal === undefined ? resolve() : reject(refusal as Error))
            waiting[first ? 'unshift' : 'push']({ ...one, seq: 0, settle })
          }),
      )
      flush()
      await Promise.all(all)
    },
    taken(seq, refusal) {
      if (seq === null) return
      const done = onTheirWay.filter((one) => one.seq <= seq)
      onTheirWay = onTheirWay.filter((one) => one.seq > seq)
      for (const one of done) one.settle(one.seq === seq ? refusal : undefined)
      flush()
    },
    again() {
      for (const one of onTheirWay) if (!post(one)) return
      flush()
    },
    refuse(reason) {
      refused = { reason }
      // The end of the job may be what a signal was for, and comes before its acknowledgement then.
      for (const one of onTheirWay) one.settle(one.message['type'] === 'signal' ? undefined : reason)
      for (const one of waiting) one.settle(reason)
      onTheirWay = []
      waiting = []
    },
  }
}
