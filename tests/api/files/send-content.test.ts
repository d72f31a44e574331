import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import express, { type Response } from 'express'
import { sendContent } from '../../../src/api/files/send-content.ts'
import type { FileStore } from '../../../src/shared/files/file-store.ts'
import { KIB, MIB } from '../../../src/shared/limits.ts'
import { eventually } from '../../support/eventually.ts'

const PIECE = Buffer.alloc(256 * KIB, 'x')
const PIECES = 256

/** What was read of the store, and how much of it the response held at most when the next piece was read. */
let read = 0
let mostHeld = 0
let isClosed = false
let response: ServerResponse

const store: Pick<FileStore, 'open'> = {
  open() {
    ;[read, mostHeld, isClosed] = [0, 0, false]
    function* pieces() {
      for (; read < PIECES; read++) {
        mostHeld = Math.max(mostHeld, response.writableLength)
        yield PIECE
      }
    }
    return Promise.resolve(Readable.from(pieces(), { highWaterMark: 1 }).once('close', () => (isClosed = true)))
  },
}
const open = {
  admit(res: Response) {
    const ended = new AbortController()
    res.once('close', () => ended.abort('client'))
    return ended.signal
  },
  watch: () => new AbortController().signal,
  count: 0,
}
const file = { blob: 'blob', bytes: PIECES * PIECE.length, name: 'large', tag: '"tag"' }
const app = express().get('/', (req, res) => {
  response = res
  return sendContent({ store: store as FileStore, open }, file, req, res)
})
const server = createServer(app)
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const download = async (): Promise<IncomingMessage> => {
  const { port } = server.address() as AddressInfo
  const [answer] = (await once(get(`http://127.0.0.1:${port}/`), 'response')) as [IncomingMessage]
  return answer
}

test('a download holds a piece or two of the file, however slowly its client reads', async () => {
  const answer = await download()
  let bytes = 0
  for await (const piece of answer) {
    bytes += (piece as Buffer).length
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(bytes).toBe(64 * MIB)
  expect(mostHeld).toBeLessThanOrEqual(2 * PIECE.length)
})

test('a client that goes away ends the reading of the file', async () => {
  const answer = await download()
  await once(answer, 'readable')
  answer.destroy()
  await eventually('the file is closed', () => isClosed)
  expect(read).toBeLessThan(PIECES)
})
