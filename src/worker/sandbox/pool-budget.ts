/** What idle sandboxes may hold in memory together. */
export interface PoolBudget {
  bytes: number
  /** What an interpreter that waits in a sandbox of this image holds; 0 where none can. */
  waitingBytes: (image: string) => number
}

/** Ready sandboxes of one image that are wanted. */
export interface Demand {
  image: string
  count: number
  /** When one was last taken, in ms since the epoch; undefined when none was. */
  takenAt: number | undefined
  /** Whether an interpreter waits in one now. */
  isPrewarmed: boolean
}

/** How many ready sandboxes of an image there is room for, and in how many of them an interpreter. */
export interface Allowance {
  ready: number
  prewarmed: number
}

/** A ready sandbox without an interpreter: init in it and its conmon. */
export const SANDBOX_BYTES = 1_500_000
/** An image that was asked for so recently keeps what waits for it: those that take turns must not end each other's interpreters. */
const KEEPS_MS = 30_000

/**
 * Shares the budget out. Sandboxes come first, since each costs little, then interpreters; of both, images that were asked for come
 * before others, and of the others those that take little. What does not fit leaves its room to those behind it.
 * @param usedBytes what idle sandboxes hold that are not ready ones
 */
export function shareBudget(
  { bytes, waitingBytes }: PoolBudget,
  usedBytes: number,
  demands: readonly Demand[],
  now: number,
): Map<string, Allowance> {
  const ordered = demands
    .map((demand) => ({ ...demand, cost: waitingBytes(demand.image), rank: rankOf(demand, now) }))
    .sort((a, b) => a.rank - b.rank || (b.takenAt ?? 0) - (a.takenAt ?? 0) || a.cost - b.cost)
  let left = bytes - usedBytes
  /** Takes room for so many, or as many as there is room for. */
  const take = (count: number, each: number): number => {
    const granted = each === 0 ? count : Math.max(0, Math.min(count, Math.floor(left / each)))
    left -= granted * each
    return granted
  }
  const ready = ordered.map(({ count }) => take(count, SANDBOX_BYTES))
  return new Map(
    ordered.map(({ image, cost }, index) => {
      const count = ready[index] ?? 0
      return [image, { ready: count, prewarmed: take(count, cost) }]
    }),
  )
}

function rankOf({ takenAt, isPrewarmed }: Demand, now: number): number {
  if (takenAt === undefined) return isPrewarmed ? 2 : 3
  return isPrewarmed && now - takenAt < KEEPS_MS ? 0 : 1
}
