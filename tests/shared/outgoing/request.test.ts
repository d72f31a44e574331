import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { MIB } from '../../../src/shared/limits.ts'
import { type Agent, createAgent } from '../../../src/shared/outgoing/agent.ts'
import { discard, request } from '../../../src/shared/outgoing/request.ts'
import { eventually } from '../../support/eventually.ts'
import { head, type RawServer, settle, startRawServer } from './raw-server.ts'

let server: RawServer
let agent: Agent
beforeAll(async () => {
  server = await startRawServer()
})
afterAll(() => server.close())
beforeEach(() => {
  agent = createAgent({ connectTimeoutMs: 5000, keepAlive: true })
})
afterEach(async () => {
  await agent.close()
  await eventually('the server has no connection', () => server.open() === 0)
})

const ok = (socket: Socket) => void socket.write(`${head(2)}ok`)

test('a connection serves the next request once its answer was read or discarded', async () => {
  server.answer(ok)
  const before = server.connections()
  for (let i = 0; i < 3; i++) {
    const { body } = await request(server.url, { agent, method: 'POST', body: '{}' })
    if (i === 0) expect(await text(body)).toBe('ok')
    else {
      discard(body)
      await once(body, 'close')
    }
  }
  expect(server.connections()).toBe(before + 1)
})

test('a connection that waits and is closed by the other side is not used again', async () => {
  server.answer((socket) => void socket.end(`${head(2)}ok`), ok)
  expect(await text((await request(server.url, { agent })).body)).toBe('ok')
  await eventually('the connection is closed', () => server.open() === 0)
  expect(await text((await request(server.url, { agent })).body)).toBe('ok')
})

test('without keepAlive no connection is used twice, and what is discarded holds none', async () => {
  const single = createAgent({ connectTimeoutMs: 5000 })
  server.answer(ok)
  const before = server.connections()
  for (let i = 0; i < 3; i++) discard((await request(server.url, { agent: single })).body)
  await eventually('the server has no connection', () => server.open() === 0)
  expect(server.connections()).toBe(before + 3)
})

test('a body is not read faster than its reader reads, and a large one that is discarded ends its connection', async () => {
  server.answer((socket) => void socket.write(head(16 * MIB) + 'x'.repeat(16 * MIB - 1)))
  const { body } = await request(server.url, { agent })
  await settle()
  expect(body.readableLength).toBeGreaterThan(0)
  expect(body.readableLength).toBeLessThan(MIB)
  discard(body)
  await eventually('the server has no connection', () => server.open() === 0)
})

test('what happens to a connection behind an answer that was let go concerns nobody', async () => {
  let socket: Socket | undefined
  server.answer((one) => ok((socket = one)))
  const { body } = await request(server.url, { agent })
  discard(body)
  await once(body, 'close')
  socket?.resetAndDestroy()
  await eventually('the connection is gone', () => server.open() === 0)
  server.answer((one) => void one.write(`${head(10)}ok`, () => one.resetAndDestroy()))
  const { body: unread } = await request(server.url, { agent })
  await eventually('the answer failed', () => unread.destroyed)
  expect(unread.errored).toMatchObject({ code: 'ECONNRESET' })
})

test('a body without a length that ends by a reset is not taken for a whole one', async () => {
  let socket: Socket | undefined
  server.answer((one) => void (socket = one).write('HTTP/1.1 200 OK\r\n\r\nhalf'))
  const { body } = await request(server.url, { agent })
  await once(body, 'readable')
  socket?.resetAndDestroy()
  await expect(text(body)).rejects.toMatchObject({ code: 'ECONNRESET' })
})

test('an answer that stalls fails, before its headers and within its body', async () => {
  server.answer(() => undefined)
  await expect(request(server.url, { agent, stallMs: 50 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  server.answer((socket) => void socket.write(`${head(10)}half`))
  const stalled = request(server.url, { agent, stallMs: 500 }).then(({ body }) => text(body))
  await expect(stalled).rejects.toMatchObject({ code: 'ETIMEDOUT' })
})

test('a reader that stalls is waited for', async () => {
  server.answer((socket) => void socket.write(head(16 * MIB) + 'x'.repeat(16 * MIB)))
  const { body } = await request(server.url, { agent, stallMs: 60_000 })
  const { socket } = body as IncomingMessage
  await eventually('the connection is paused', () => socket.isPaused())
  // As Node says that nothing has moved for so long.
  socket.emit('timeout')
  expect(body.destroyed).toBe(false)
  expect(Buffer.byteLength(await text(body))).toBe(16 * MIB)
})

test('a signal ends a request, and a body whose end has come but was not read', async () => {
  const leave = new AbortController()
  const reason = new Error('enough')
  let isHeard = false
  server.answer(() => void (isHeard = true), ok)
  const waiting = request(server.url, { agent, signal: leave.signal })
  await eventually('it is heard', () => isHeard)
  const { body } = await request(server.url, { agent, signal: leave.signal })
  await settle()
  leave.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  await expect(text(body)).rejects.toBe(reason)
  await expect(request(server.url, { agent, signal: leave.signal })).rejects.toBe(reason)
})

test('closing the agent ends what is under way, and no request is sent afterwards', async () => {
  server.answer(
    (socket) => void socket.write(`${head(10)}half`),
    () => undefined,
  )
  const { body } = await request(server.url, { agent })
  const waiting = request(server.url, { agent })
  const refused = expect(waiting).rejects.toMatchObject({ code: 'ECONNRESET' })
  await eventually('both are connected', () => server.open() === 2)
  await Promise.all([agent.close(), agent.close()])
  await refused
  await expect(text(body)).rejects.toMatchObject({ code: 'ECONNRESET' })
  await expect(request(server.url, { agent })).rejects.toThrow('the agent is closed')
})

test('a connection that is not made in time fails, and a lookup that ends later connects to nothing', async () => {
  let found: (() => void) | undefined
  const lookup = createAgent({
    connectTimeoutMs: 50,
    lookupFor: () => (_name, _options, callback) => {
      found = () => callback(null, [{ address: '127.0.0.1', family: 4 }])
    },
  })
  const before = server.connections()
  const late = request(`http://a.example:${new URL(server.url).port}/`, { agent: lookup })
  await expect(late).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  found?.()
  await settle()
  expect(server.connections()).toBe(before)
  await lookup.close()
})

test.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'nothing'])(
  'a URL that is not of HTTP is refused: %s',
  async (url) => {
    await expect(request(url, { agent })).rejects.toThrow()
  },
)
