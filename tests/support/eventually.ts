import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

/** Far beyond what anything waited for takes on a machine that is slow or busy; what never comes fails with its name. */
const DEADLINE_MS = 120_000

/**
 * Waits until a probe gives something truthy.
 * @param description what is waited for, as the failure names it
 * @param probe is asked again 10 ms after each answer
 * @param deadlineMs from the first question on
 * @returns what the probe gave at last
 * @throws Error with the description and the last value when it does not come in time; what the probe throws
 */
export async function eventually<Value>(
  description: string,
  probe: () => Value | Promise<Value>,
  deadlineMs = DEADLINE_MS,
): Promise<Value> {
  for (const deadline = Date.now() + deadlineMs; ; await sleep(10)) {
    const value = await probe()
    if (value) return value
    if (Date.now() >= deadline) {
      throw new Error(`${description}: not within ${deadlineMs} ms; last: ${inspect(value, { depth: 3 })}`)
    }
  }
}
