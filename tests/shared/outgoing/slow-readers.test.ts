import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createS3Store } from '../../../src/shared/files/s3-store.ts'
import { createAgent } from '../../../src/shared/outgoing/agent.ts'
import { request } from '../../../src/shared/outgoing/request.ts'
import { createUpstream } from '../../../src/worker/way-out/upstream.ts'
import { sendWebhook } from '../../../src/worker/webhooks/send-webhook.ts'
import { eventually } from '../../support/eventually.ts'
import { type RawServer, settle, startRawServer } from './raw-server.ts'

// What is read of a connection at one time is 64 KiB: an answer of about that size is there, and its connection closed by the other side,
// before its reader has begun.
const SIZES = [65_536 - 40, 65_536, 65_537, 70_000, 300_000]
const allow = ['127.0.0.1']

let server: RawServer
beforeAll(async () => {
  server = await startRawServer()
})
afterAll(() => server.close())
afterEach(() => eventually('the server has no connection', () => server.open() === 0))

/** Says that there are `told` bytes, sends some, and closes. */
const closingAfter =
  (bytes: number, told = bytes) =>
  (socket: Socket) =>
    void socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${told}\r\n\r\n${'a'.repeat(bytes)}`)

/** Begins to read when all has come that comes. */
async function readLate(pieces: AsyncIterable<Uint8Array>): Promise<number> {
  await settle()
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    await settle()
  }
  return bytes
}

interface Reader {
  who: string
  /** Makes a request and reads its answer late. @returns how many bytes it had */
  read: () => Promise<number>
}
const READERS: Reader[] = [
  {
    who: 'a request',
    async read() {
      const agent = createAgent({ connectTimeoutMs: 5000 })
      const { body } = await request(server.url, { agent })
      return readLate(body).finally(() => agent.close())
    },
  },
  {
    who: 'a package index',
    async read() {
      const bounds = { maxBytes: 1e9, maxRequests: 10, maxMs: 60_000 }
      const upstream = createUpstream({ allow }, bounds, new AbortController().signal)
      const { pieces } = await upstream.get(new URL(server.url), {})
      return readLate(pieces).finally(() => upstream.close())
    },
  },
  {
    who: 'an S3 server',
    async read() {
      const settings = { endpoint: server.url, bucket: 'b', region: 'r', accessKeyId: 'k', secretAccessKey: 's' }
      const store = createS3Store(settings, 'p')
      const body = await store.open(randomUUID())
      return readLate(body as AsyncIterable<Buffer>).finally(() => store.close())
    },
  },
]

describe.each(READERS)('the answer of $who that closes before it is read', ({ read }) => {
  test.each(SIZES)('is whole: %d bytes', async (bytes) => {
    server.answer(closingAfter(bytes))
    expect(await read()).toBe(bytes)
  })

  test('fails when it is not whole', async () => {
    for (const bytes of SIZES) {
      server.answer(closingAfter(bytes, bytes + 1))
      await expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' })
    }
  })
})

test.each(SIZES)('a receiver of webhooks that answers %d bytes and closes is read in part', async (bytes) => {
  server.answer(closingAfter(bytes))
  const sent = await sendWebhook(server.url, {}, '{}', { allow, timeoutMs: 60_000 })
  expect(sent).toMatchObject({ status: 200, error: null, answer: 'a'.repeat(1024) })
})
