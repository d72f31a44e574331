import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

/** Far beyond what anything waited for takes on a machine that is slow or busy; what never comes fails with its name. */
const DEADLINE_MS = 120_000

/**
 * Waits until a probe gives something truthy. A probe that throws, an expectation among them, is asked again: what is
 * waited for may not exist yet.
 * @param description what is waited for, as the failure names it
 * @param probe is asked again 10 ms after each answer
 * @param deadlineMs from the first question on
 * @returns what the probe gave at last
 * @throws Error with the description and the last value when it does not come in time, with what the probe threw last as
 *   its cause
 */
export async function eventually<Value>(
  description: string,
  probe: () => Value | Promise<Value>,
  deadlineMs = DEADLINE_MS,
): Promise<NonNullable<Value>> {
  for (const deadline = Date.now() + deadlineMs; ; await sleep(10)) {
    const last = await attempt(probe)
    if ('value' in last && last.value) return last.value
    if (Date.now() >= deadline) {
      const words = 'value' in last ? inspect(last.value, { depth: 3 }) : String(last.error)
      throw new Error(`${description}: not within ${deadlineMs} ms; last: ${words}`, { cause: last })
    }
  }
}

async function attempt<Value>(probe: () => Value | Promise<Value>): Promise<{ value: Value } | { error: unknown }> {
  try {
    return { value: await probe() }
  } catch (error) {
    return { error }
  }
}
