import type { Rate } from '../../shared/access/api-key.ts'
import { type Arrival, arrivalOf, debtAt, takeTokens, TICKS_PER_TOKEN } from './gcra.ts'

/** What was taken, to give it back. */
export interface Ticket {
  bucket: string
  rate: Rate
  tokens: number
  arrival: Arrival
}

export interface LocalTake {
  /** Undefined when the bucket holds fewer tokens. */
  ticket: Ticket | undefined
  /** In ticks, after the take. */
  debt: number
  /** True when this process keeps too many buckets to give the caller one of its own: it shares the last with others. */
  shared: boolean
}

export interface LocalBuckets {
  take: (bucket: string, rate: Rate, tokens: number) => LocalTake
  refund: (ticket: Ticket) => void
  /** Puts tokens into a bucket that were taken some time ago. */
  add: (bucket: string, rate: Rate, tokens: number) => void
}

/** Buckets looked at, oldest first, for each new one: more than one, so that those that are full go faster than others come. */
const SWEPT_PER_NEW = 4

/**
 * The buckets of one process. A full bucket is the same as none, so only those in use are kept, and at most `maxBuckets`: who comes
 * when all are in use shares one bucket with everybody else who does and has the same rate.
 * @param nowMicros a clock that never goes back, in whole microseconds
 */
export function createLocalBuckets(maxBuckets: number, nowMicros: () => number): LocalBuckets {
  // In order of when they were last looked at, so that the sweep goes round.
  const arrivals = new Map<string, { arrival: Arrival; rate: Rate }>()

  const sweep = (now: number) => {
    let left = SWEPT_PER_NEW
    for (const [bucket, entry] of arrivals) {
      if (left-- === 0) return
      arrivals.delete(bucket)
      if (debtAt(entry.arrival, now, entry.rate) > 0) arrivals.set(bucket, entry)
    }
  }

  return {
    take(bucket, rate, tokens) {
      const now = nowMicros()
      if (!arrivals.has(bucket)) sweep(now)
      const shared = !arrivals.has(bucket) && arrivals.size >= maxBuckets
      const name = shared ? `shared ${rate.perMinute} ${rate.burst}` : bucket
      const debt = debtAt(arrivals.get(name)?.arrival, now, rate)
      const after = takeTokens(debt, rate, tokens)
      const arrival = arrivalOf(after ?? debt, now, rate)
      arrivals.set(name, { arrival, rate })
      if (after === undefined) return { ticket: undefined, debt, shared }
      return { ticket: { bucket: name, rate, tokens, arrival }, debt: after, shared }
    },
    add(bucket, rate, tokens) {
      const now = nowMicros()
      const debt = debtAt(arrivals.get(bucket)?.arrival, now, rate) - tokens * TICKS_PER_TOKEN
      if (debt <= 0) arrivals.delete(bucket)
      else arrivals.set(bucket, { arrival: arrivalOf(debt, now, rate), rate })
    },
    refund({ bucket, rate, tokens, arrival }) {
      const now = nowMicros()
      const debt = debtAt(arrivals.get(bucket)?.arrival, now, rate)
      // What time has paid back since is not given a second time: it may already cover what others took.
      const owed = Math.min(tokens * TICKS_PER_TOKEN, debtAt(arrival, now, rate))
      if (debt <= owed) arrivals.delete(bucket)
      else arrivals.set(bucket, { arrival: arrivalOf(debt - owed, now, rate), rate })
    },
  }
}
