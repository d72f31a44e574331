/** Wakes one who waits. Rung while nobody waits, it is heard by the next who does. */
export interface Bell {
  ring: () => void
  /** Resolves when it is rung, or the signal aborts. */
  wait: () => Promise<void>
}

export function createBell(signal: AbortSignal): Bell {
  let rung = false
  let wake = () => {}
  const ring = () => {
    rung = true
    wake()
  }
  signal.addEventListener('abort', ring, { once: true })
  return {
    ring,
    async wait() {
      if (!rung && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      rung = false
    },
  }
}
