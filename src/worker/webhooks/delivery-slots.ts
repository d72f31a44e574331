import { SECOND } from '../../shared/limits.ts'

/** A place among those that deliver now. */
export interface Slot {
  release: () => void
}

/**
 * Shares the places of a worker: at most so many deliveries at a time, and at most half of them of one party (a tenant, a
 * host), so that one that answers slowly cannot hold them all. Parties that answer fast get their next place by waiting a
 * moment; slow ones are sent back to the queue, so that those behind them get their turn.
 */
export interface DeliverySlots {
  /**
   * @param parties whom the delivery counts for
   * @returns a place, or after how many ms to come again
   */
  take: (parties: readonly string[]) => Promise<Slot | { againMs: number }>
  /** Sends back whoever waits for a place. */
  close: () => void
}

interface Party {
  running: Set<{ sinceMs: number }>
  /** Whether its last delivery took long. */
  wasSlow: boolean
  /** When the last one that was sent back is to come again. */
  lineEndsMs: number
}

/** A delivery that takes longer is slow. */
const SLOW_MS = SECOND / 2
const FIRST_AGAIN_MS = SECOND
/** Between two of a party that were sent back, so that they do not all come again at once. */
const SPACING_MS = 100
const LAST_AGAIN_MS = 60 * SECOND

/**
 * @param places deliveries at a time
 * @param clock a time in ms that only rises; that of this process unless given
 */
export function createDeliverySlots(places: number, clock: () => number = () => performance.now()): DeliverySlots {
  const share = Math.max(1, Math.floor(places / 2))
  const parties = new Map<string, Party>()
  const waiting = new Set<() => void>()
  let taken = 0
  let closed = false

  const partyOf = (name: string): Party => {
    const party = parties.get(name) ?? { running: new Set(), wasSlow: false, lineEndsMs: 0 }
    parties.set(name, party)
    return party
  }
  const fullOf = (names: readonly string[]): Party[] =>
    names.flatMap((name) => parties.get(name) ?? []).filter(({ running }) => running.size >= share)
  const isSlow = ({ running, wasSlow }: Party) =>
    wasSlow || [...running].some(({ sinceMs }) => clock() - sinceMs > SLOW_MS)

  const sendBack = (names: readonly string[]) => {
    const now = clock()
    const full = fullOf(names)
    for (const party of full) {
      const next = Math.max(now + FIRST_AGAIN_MS, party.lineEndsMs + SPACING_MS)
      party.lineEndsMs = Math.min(next, now + LAST_AGAIN_MS)
    }
    return { againMs: Math.ceil(Math.max(FIRST_AGAIN_MS, ...full.map(({ lineEndsMs }) => lineEndsMs - now))) }
  }

  const occupy = (names: readonly string[]): Slot => {
    const entry = { sinceMs: clock() }
    taken++
    for (const name of names) partyOf(name).running.add(entry)
    return {
      release() {
        taken--
        for (const name of names) {
          const party = partyOf(name)
          party.running.delete(entry)
          party.wasSlow = clock() - entry.sinceMs > SLOW_MS
          if (party.running.size === 0 && party.lineEndsMs < clock()) parties.delete(name)
        }
        for (const wake of waiting) wake()
      },
    }
  }

  return {
    async take(names) {
      const deadline = clock() + SLOW_MS
      for (;;) {
        const full = fullOf(names)
        if (taken < places && full.length === 0) return occupy(names)
        const leftMs = deadline - clock()
        if (closed || leftMs <= 0 || full.some(isSlow)) return sendBack(names)
        await wakeOrTimeout(waiting, leftMs)
      }
    },
    close() {
      closed = true
      for (const wake of waiting) wake()
    },
  }
}

function wakeOrTimeout(waiting: Set<() => void>, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer)
      waiting.delete(wake)
      resolve()
    }
    const timer = setTimeout(wake, timeoutMs)
    waiting.add(wake)
  })
}
