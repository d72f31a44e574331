import { MIB } from '../../shared/limits.ts'
import type { Clock } from './clock.ts'

/** What terminals of one session may write, in bytes a second: they have no limit of output, and all of it becomes events. */
export const TERMINAL_RATE = 2 * MIB
/**
 * What the bridge of one session may say: it has no limit either, and the worker reads every line of it for all its sessions and jobs, also what it leaves
 * out then.
 */
export const BRIDGE_RATE = 8 * MIB
const BURST_MS = 2000

/**
 * Lets output go on at a bounded rate, in the order in which it came.
 * @param perSecond bytes
 * @returns a function of the bytes that came, and what is to be called when more may come
 */
export function createOutputPace(clock: Clock, perSecond: number): (bytes: number, resume: () => void) => void {
  const now = clock.now ?? (() => performance.now())
  /** When all that came will have been let through at the rate. */
  let paidAt = 0
  return (bytes, resume) => {
    const at = now()
    paidAt = Math.max(paidAt, at) + (1000 * bytes) / perSecond
    const waitMs = paidAt - at - BURST_MS
    if (waitMs <= 0) resume()
    else clock.after(waitMs, resume)
  }
}
