import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import express, { type Request } from 'express'
import { createArrivals } from '../../../src/api/http/arrivals.ts'
import { type Received, readBulkBody } from '../../../src/api/http/bulk-body.ts'

const MAX_BYTES = 1000
/** For one body at a time. */
const arrivals = createArrivals(MAX_BYTES)

interface Arrival {
  req: Request
  /** Begins to read the body. */
  read: (bodyMs?: number) => Promise<Received>
}
let server: Server
let arrived: (arrival: Arrival) => void
beforeAll(async () => {
  const app = express()
  app.post('/', (req, res) => {
    res.locals.caller = { tenant: 'acme' } as typeof res.locals.caller
    const options = { member: 'archive', maxBytes: MAX_BYTES, arrivals }
    arrived({ req, read: (bodyMs) => readBulkBody(req, res, { ...options, ...(bodyMs !== undefined && { bodyMs }) }) })
  })
  server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

/** Sends the head of a request, and of its body so much. */
async function sent(body: Buffer, headers: Record<string, string | number>) {
  const coming = new Promise<Arrival>((resolve) => (arrived = resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const lines = Object.entries({ host: 'x', 'content-type': 'application/json', ...headers })
  socket.write(`POST / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  socket.write(body)
  return { socket, ...(await coming) }
}

/** Throws while there is none. */
const takeRoom = () => arrivals.enter('acme', MAX_BYTES)()

const BODY = '{"archive":"eA=="}'
const KINDS: [string, Buffer, Record<string, string>][] = [
  ['plain', Buffer.from(BODY), {}],
  ['compressed', gzipSync(BODY), { 'content-encoding': 'gzip' }],
]

test.each(KINDS)('a %s upload that is cut before it is read gives its room back at once', async (_, body, headers) => {
  const { socket, req, read } = await sent(body.subarray(0, 5), { 'content-length': body.length, ...headers })
  const closed = new Promise<void>((resolve) => req.once('close', resolve))
  socket.destroy()
  await closed
  // With a timer that is left to run out it would be `request-timeout`.
  await expect(read(1000)).rejects.toMatchObject({ code: 'invalid-json' })
  expect(takeRoom).not.toThrow()
})

test.each(KINDS)('a %s upload that is cut while it is read gives its room back', async (_, body, headers) => {
  const { socket, read } = await sent(body.subarray(0, 5), { 'content-length': MAX_BYTES, ...headers })
  const reading = read()
  expect(takeRoom).toThrow('as many large requests of yours')
  socket.destroy()
  await expect(reading).rejects.toMatchObject({ code: 'invalid-json' })
  expect(takeRoom).not.toThrow()
})

test.each(KINDS)(
  'a %s upload has come when its last byte has, and leaves when it is dealt with',
  async (_, body, headers) => {
    const { socket, req, read } = await sent(body, { 'content-length': body.length, ...headers })
    const { take, leave } = await read()
    expect([take().toString(), req.body]).toEqual(['x', { archive: '-' }])
    expect(takeRoom).toThrow('as many large requests of yours')
    leave()
    expect(takeRoom).not.toThrow()
    socket.destroy()
  },
)
