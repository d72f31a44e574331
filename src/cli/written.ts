import type { Writable } from 'node:stream'

/**
 * Writes bytes and waits until they have been taken, so that nothing piles up before a slow reader.
 * @returns false when nobody reads them
 */
export function written(stream: Writable, bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => stream.write(bytes, (error) => resolve(!error)))
}
