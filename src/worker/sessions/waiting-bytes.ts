import { KIB, MIB } from '../../shared/limits.ts'

/** The context takes no more executions, or no more questions, now. */
export class ContextBusy extends Error {
  override readonly name = 'ContextBusy'
}

/** What the clients of one session may have before its kernels: code that none has begun with, questions and messages of comms that are not answered. */
export interface WaitingBytes {
  /**
   * Takes room for so many bytes. What is small has room of its own, so that nothing large stands in its way. What is alone in its room
   * has it whatever its size: that is bounded where it comes in.
   * @returns gives it back; idempotent
   * @throws ContextBusy
   */
  reserve(bytes: number): () => void
}

/** Of what is small together, and of what is not. */
const MAX_WAITING_BYTES = 8 * MIB
/** What has less is small. */
const LARGE_BYTES = 64 * KIB
/** A bridge that takes nothing is asked nothing beyond this. */
const MAX_UNSENT_BYTES = 4 * MIB

export function createWaitingBytes(): WaitingBytes {
  const [small, large] = [createRoom(), createRoom()]
  return { reserve: (bytes) => (bytes < LARGE_BYTES ? small : large)(bytes) }
}

function createRoom(): WaitingBytes['reserve'] {
  let waiting = 0
  return (bytes) => {
    if (waiting > 0 && waiting + bytes > MAX_WAITING_BYTES) {
      throw new ContextBusy(
        `the kernels of the session have ${waiting} bytes of code, questions and messages before them; with ${bytes} more it would be over ${MAX_WAITING_BYTES}`,
      )
    }
    waiting += bytes
    let isReserved = true
    return () => {
      if (isReserved) waiting -= bytes
      isReserved = false
    }
  }
}

/** @param unsent what the bridge to the kernels has not taken, in bytes */
export const isBridgeFull = (unsent: number): boolean => unsent > MAX_UNSENT_BYTES

/**
 * To be asked before something is sent that a client can repeat without end.
 * @param unsent what the bridge to the kernels has not taken, in bytes
 * @throws ContextBusy
 */
export function requireBridge(unsent: number): void {
  if (!isBridgeFull(unsent)) return
  throw new ContextBusy(
    `the bridge to the kernels has not read ${unsent} bytes that it was sent; nothing more is sent beyond ${MAX_UNSENT_BYTES}`,
  )
}
