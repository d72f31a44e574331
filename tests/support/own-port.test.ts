import { createServer } from 'node:net'
import { expect, test } from '@jest/globals'
import { ownPort } from './own-port.ts'

test('a port that another process was given, and does not listen on yet, is not given', async () => {
  const first = await ownPort()
  // The lock of the next, as another process has it.
  const lock = createServer()
  await new Promise<void>((resolve, reject) => {
    lock.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve() : reject(error)))
    lock.listen(`\0runyard-test-port-${first + 1}`, resolve)
  })
  try {
    const others = [await ownPort(), await ownPort()]
    expect(new Set([first, first + 1, ...others]).size).toBe(4)
  } finally {
    lock.close()
  }
})
