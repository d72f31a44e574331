/**
 * Bounds what is held in memory at one time on its way to clients: whoever wants to hold so many bytes waits until there is
 * room, in turn. What is small goes through.
 */
export interface ByteSemaphore {
  /**
   * @param bytes more than there is room for at all counts as all of it
   * @returns a function that gives the room back; asked twice, it does so once
   * @throws the signal's reason when it aborts first
   */
  enter(bytes: number, signal: AbortSignal): Promise<() => void>
}

const SMALL_BYTES = 64 * 1024
const nothing = () => {}

export function createByteSemaphore(limitBytes: number): ByteSemaphore {
  let free = limitBytes
  const waiting: { bytes: number; go: () => void }[] = []

  const next = () => {
    for (let first = waiting[0]; first && first.bytes <= free; first = waiting[0]) {
      waiting.shift()
      free -= first.bytes
      first.go()
    }
  }
  const leave = (bytes: number) => {
    let left = false
    return () => {
      if (left) return
      left = true
      free += bytes
      next()
    }
  }

  return {
    async enter(bytes, signal) {
      if (bytes <= SMALL_BYTES) return nothing
      signal.throwIfAborted()
      const wanted = Math.min(bytes, limitBytes)
      let onAbort = nothing
      try {
        await new Promise<void>((resolve, reject) => {
          const entry = { bytes: wanted, go: resolve }
          onAbort = () => {
            const index = waiting.indexOf(entry)
            if (index < 0) return
            waiting.splice(index, 1)
            reject(signal.reason as Error)
            next()
          }
          signal.addEventListener('abort', onAbort)
          waiting.push(entry)
          next()
        })
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
      return leave(wanted)
    },
  }
}
