import { open } from 'node:fs/promises'

/** The last lines of a file, at most 16 KiB of it; empty when there is none. */
export async function logTail(file: string, lines = 15): Promise<string[]> {
  const handle = await open(file).catch(() => undefined)
  if (handle === undefined) return []
  try {
    const { size } = await handle.stat()
    const length = Math.min(size, 16 * 1024)
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines)
  } finally {
    await handle.close()
  }
}
