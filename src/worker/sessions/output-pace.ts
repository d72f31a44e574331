import { MIB } from '../../shared/limits.ts'
import type { Clock } from './context.ts'

/** What terminals of one session may write: they have no limit of output, and all of it becomes events. */
const BYTES_PER_MS = (2 * MIB) / 1000
const BURST_MS = 2000

/**
 * Lets output go on at a bounded rate, in the order in which it came.
 * @param now in milliseconds
 * @returns a function of the bytes that came, and what is to be called when more may come
 */
export function createOutputPace(
  clock: Clock,
  now: () => number = () => performance.now(),
): (bytes: number, resume: () => void) => void {
  /** When all that came will have been let through at the rate. */
  let paidAt = 0
  return (bytes, resume) => {
    const at = now()
    paidAt = Math.max(paidAt, at) + bytes / BYTES_PER_MS
    const waitMs = paidAt - at - BURST_MS
    if (waitMs <= 0) resume()
    else clock.after(waitMs, resume)
  }
}
