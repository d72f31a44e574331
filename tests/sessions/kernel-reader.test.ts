import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

/** Of the state that the reader shares with the kernel, as in `kernel.cjs`. */
const [SEEN, OVER] = [0, 3]

/** The reader, with timers that tell how many of them are set and never go off. */
const READER = `
const { parentPort, workerData } = require('node:worker_threads')
const timers = new Set()
const tell = () => parentPort.postMessage({ type: 'timers', count: timers.size })
globalThis.setTimeout = () => {
  const timer = {}
  timers.add(timer)
  tell()
  return timer
}
globalThis.clearTimeout = (timer) => void timers.delete(timer)
require(workerData.reader)
`

interface Said {
  type: string
  number?: number
  count?: number
}

test("the reader of JavaScript's kernel looks after one interrupt at a time: the next execution's takes the place of the last one's", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reader-'))
  execFileSync('mkfifo', [join(folder, 'requests')])
  // Open for both, so that neither waits for the other.
  const [fd, requests] = [openSync(join(folder, 'requests'), 'r+'), openSync(join(folder, 'requests'), 'r+')]
  const state = new Int32Array(new SharedArrayBuffer(16))
  const answers = new MessageChannel()
  const reader = join(packageRoot(), 'languages/javascript/kernel/kernel-reader.cjs')
  const worker = new Worker(READER, {
    eval: true,
    workerData: { state, answers: answers.port2, fd, reader },
    transferList: [answers.port2],
  })
  const said: Said[] = []
  const waiting: (() => void)[] = []
  worker.on('message', (message: Said) => {
    said.push(message)
    if (message.type === 'interrupt') {
      Atomics.add(state, SEEN, 1)
      Atomics.notify(state, SEEN)
    }
    for (const look of waiting.splice(0)) look()
  })
  const heard = async (is: (message: Said) => boolean): Promise<Said> => {
    for (;;) {
      const found = said.find(is)
      if (found) return found
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
  const send = (type: string, id: string) => writeSync(requests, `${JSON.stringify({ type, id, content: {} })}\n`)
  try {
    for (const number of [1, 2]) {
      send('execute_request', `m${number}`)
      await heard(({ type, number: is }) => type === 'execute_request' && is === number)
      send('interrupt_request', `i${number}`)
      await heard(({ type, number: is }) => type === 'interrupt' && is === number)
      const timers = await heard(({ type }) => type === 'timers')
      expect({ number, timers: timers.count }).toEqual({ number, timers: 1 })
      said.length = 0
      Atomics.store(state, OVER, number)
    }
  } finally {
    await worker.terminate()
    answers.port1.close()
    closeSync(requests)
    rmSync(folder, { recursive: true, force: true })
  }
})
