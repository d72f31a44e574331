import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { createSocketWriter, EVENTS_HIGH_WATER } from '../../../../src/api/jobs/socket/socket-writer.ts'
import { MIB } from '../../../../src/shared/limits.ts'

let server: WebSocketServer
beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
})
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())))

async function pair(): Promise<{ ours: WebSocket; theirs: WebSocket }> {
  const theirs = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const [[ours]] = (await Promise.all([once(server, 'connection'), once(theirs, 'open')])) as [[WebSocket], unknown]
  return { ours, theirs }
}

const DATA = JSON.stringify('x'.repeat(60_000))

test('events are read no faster than the client takes them: what gathers is bounded, and all of it arrives', async () => {
  const { ours, theirs } = await pair()
  const writer = createSocketWriter(ours, new AbortController().signal)
  const count = Math.ceil((64 * MIB) / DATA.length)
  let most = 0
  let read = 0
  async function* events() {
    for (; read < count; read++) {
      most = Math.max(most, ours.bufferedAmount)
      yield { id: `${read}-0`, type: 'stdout', data: DATA }
      // The client begins to read only when the writer waits for it.
      if (ours.bufferedAmount > EVENTS_HIGH_WATER - 2 * DATA.length) theirs.resume()
    }
  }
  theirs.pause()
  const ids: string[] = []
  const got = new Promise<void>((resolve) =>
    theirs.on('message', (data) => {
      ids.push((JSON.parse((data as Buffer).toString()) as { id: string }).id)
      if (ids.length === count) resolve()
    }),
  )
  await writer.events(events())
  await got
  expect(ids).toEqual(Array.from({ length: count }, (_, i) => `${i}-0`))
  expect(most).toBeGreaterThan(EVENTS_HIGH_WATER / 4)
  expect(most).toBeLessThanOrEqual(EVENTS_HIGH_WATER + DATA.length + 100)
  theirs.terminate()
})

test('a client that takes nothing holds the reading, and its going ends it', async () => {
  const { ours, theirs } = await pair()
  const gone = new AbortController()
  const writer = createSocketWriter(ours, gone.signal)
  theirs.pause()
  let isOver = false
  async function* endless() {
    try {
      for (let i = 0; ; i++) {
        yield { id: `${i}-0`, type: 'stdout', data: DATA }
        // Full for good: the kernel's share and ours.
        if (ours.bufferedAmount > EVENTS_HIGH_WATER - DATA.length) setImmediate(() => gone.abort())
      }
    } finally {
      isOver = true
    }
  }
  await writer.events(endless())
  expect(isOver).toBe(true)
  ours.terminate()
  // Paused, it never hears of that.
  theirs.terminate()
})
