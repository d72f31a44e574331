import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import express from 'express'
import { createUpgrades } from '../../../src/api/http/upgrades.ts'

const upgrades = createUpgrades()
let server: Server
/** Status of the responses that closed. */
const closed: number[] = []
let socket: Socket
beforeAll(async () => {
  const app = express()
  app.use(express.text({ type: '*/*', limit: '1mb' }))
  app.get('/io', async (req, res) => {
    res.once('close', () => closed.push(res.statusCode))
    const webSocket = await upgrades.accept(req)
    webSocket.on('message', (data) => webSocket.send(`echo ${(data as Buffer).toString()}`))
    webSocket.resume()
  })
  app.all('/plain', (req, res) => {
    const listeners = req.socket.eventNames().map((name) => req.socket.listenerCount(name))
    res.json({
      method: req.method,
      bytes: typeof req.body === 'string' ? req.body.length : 0,
      upgrade: req.headers.upgrade ?? null,
      connection: req.headers.connection ?? null,
      asks: upgrades.asksFor(req),
      listeners: Math.max(...listeners),
    })
  })
  app.use(
    ((error: Error, _req, res, _next) =>
      void res.status(400).json({ message: error.message })) as express.ErrorRequestHandler,
  )
  server = createServer(app)
  upgrades.serve(server, app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(async () => {
  upgrades.destroyAll()
  await new Promise((resolve) => server.close(resolve))
})

function open(): Socket {
  socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.setEncoding('latin1')
  return socket
}

/** Reads until the text is complete in somebody's eyes. */
async function readUntil(from: Socket, complete: (text: string) => boolean): Promise<string> {
  let text = ''
  const over = new AbortController()
  const end = once(from, 'close', over).catch(() => undefined)
  for (;;) {
    const chunk: unknown = from.read()
    if (typeof chunk === 'string') text += chunk
    if (complete(text)) {
      over.abort()
      return text
    }
    const result = await Promise.race([once(from, 'readable'), end.then(() => 'end')])
    if (result === 'end') return text
  }
}
const answered = (text: string) => /\r\n\r\n\{.*\}$/s.test(text)
const bodyOf = (text: string) => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>

const OFFER = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n'

test('an offer of another protocol is passed over, with the body, on a connection that stays', async () => {
  const client = open()
  for (let i = 0; i < 20; i++) {
    const size = i % 5 === 4 ? 300_000 : i
    client.write(
      `POST /plain HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n${OFFER}Content-Length: ${size}\r\n\r\n`,
    )
    client.write('x'.repeat(Math.floor(size / 2)))
    await new Promise((resolve) => setImmediate(resolve))
    client.write('x'.repeat(Math.ceil(size / 2)))
    const body = bodyOf(await readUntil(client, answered))
    expect(body).toMatchObject({ method: 'POST', bytes: size, upgrade: null, connection: null, asks: false })
    expect(body['listeners']).toBeLessThan(6)
  }
  client.write('GET /plain HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n')
  expect(bodyOf(await readUntil(client, answered))).toMatchObject({ upgrade: null, connection: 'keep-alive' })
  client.destroy()
})

test('a chunked body behind such an offer arrives too', async () => {
  const client = open()
  client.write(
    `POST /plain HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n${OFFER}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`,
  )
  client.write('lo\r\n0\r\n\r\n')
  expect(bodyOf(await readUntil(client, answered))).toMatchObject({ bytes: 5 })
  client.destroy()
})

const WEB_SOCKET = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
const HANDSHAKE = `${WEB_SOCKET}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n`

test('a WebSocket asked for where there is none gets the answer of that place, and the connection closes', async () => {
  const client = open()
  client.write(`GET /plain HTTP/1.1\r\nHost: a\r\n${HANDSHAKE}\r\n`)
  const text = await readUntil(client, () => false)
  expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/)
  expect(text).toMatch(/\r\nConnection: close\r\n/)
  expect(bodyOf(text)).toMatchObject({ method: 'GET', asks: true })
})

test.each([
  { what: 'without a version', head: `${WEB_SOCKET}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n` },
  { what: 'without a key', head: `${WEB_SOCKET}Sec-WebSocket-Version: 13\r\n` },
  { what: 'with a protocol twice', head: `${HANDSHAKE}Sec-WebSocket-Protocol: runyard, runyard\r\n` },
])('a handshake $what is answered as an error of the app', async ({ head }) => {
  const client = open()
  client.write(`GET /io HTTP/1.1\r\nHost: a\r\n${head}\r\n`)
  const text = await readUntil(client, () => false)
  expect(text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
  expect(bodyOf(text)['message']).toMatch(/Sec-WebSocket/)
})

test('a message that comes with the handshake is not lost', async () => {
  const client = open()
  const masked = Buffer.concat([Buffer.from([0x81, 0x82, 0, 0, 0, 0]), Buffer.from('hi')])
  client.write(Buffer.concat([Buffer.from(`GET /io HTTP/1.1\r\nHost: a\r\n${HANDSHAKE}\r\n`), masked]))
  const text = await readUntil(client, (got) => got.includes('echo hi'))
  expect(text).toMatch(/^HTTP\/1.1 101 /)
  // What waits for the end of a response (the log, the watch of a key) learns of it.
  closed.length = 0
  client.destroy()
  while (closed.length === 0) await new Promise((resolve) => setImmediate(resolve))
  expect(closed).toEqual([101])
})
