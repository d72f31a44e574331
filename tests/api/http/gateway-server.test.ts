import { once } from 'node:events'
import { Agent, get as httpGet, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express, { type Express } from 'express'
import { pino } from 'pino'
import { compress } from '../../../src/api/http/compress.ts'
import { createGatewayServer, type GatewayServer } from '../../../src/api/http/gateway-server.ts'
import { KIB } from '../../../src/shared/limits.ts'
import { startLoneGateway, type LoneGateway } from '../../support/lone-gateway.ts'
import { send } from '../../support/send.ts'

const LONG = 'words of a program. '.repeat(200)

const app: Express = express()
app.set('etag', false)
app.use(compress())
app.get('/long', (_req, res) => void res.set('ETag', '"1"').json({ stdout: LONG }))
const waited = express.Router().use((_req, res, next) => {
  res.set('Preference-Applied', 'wait=30')
  next()
})
waited.get('/long', (_req, res) => void res.json({ stdout: LONG }))
waited.get('/longest', (_req, res) => void res.json({ stdout: 'a'.repeat(64 * KIB) }))
app.use('/waited', waited)
app.get('/short', (_req, res) => void res.json({ stdout: 'short' }))
app.get('/secret', (_req, res) => void res.set('Cache-Control', 'no-store').json({ secret: LONG }))
app.get('/file', (_req, res) => void res.type('application/octet-stream').send(Buffer.from(LONG)))
app.get('/events', (_req, res) => {
  res.set('Content-Type', 'text/event-stream; charset=utf-8').write(`data: ${LONG}\n\n`)
  res.end()
})
app.post('/refused', (_req, res) => void res.status(413).json({ code: 'too-large' }))
app.get('/begun', (_req, res) => void res.write('begun\n'))

let gateway: GatewayServer
let port: number
beforeAll(async () => {
  gateway = createGatewayServer(app, 75_000, pino({ level: 'silent' }))
  gateway.server.listen(0, '127.0.0.1')
  await once(gateway.server, 'listening')
  port = (gateway.server.address() as AddressInfo).port
})
afterAll(() => gateway.close(100, () => undefined))

/** What comes back on a connection on which these bytes were sent. */
async function answerTo(bytes: string, to = port): Promise<string> {
  const socket = connect(to, '127.0.0.1')
  socket.write(bytes)
  return (await buffer(socket)).toString()
}

describe('what the parser refuses is answered with a problem, and the connection ends:', () => {
  test.each([
    ['a line that is no request', 'nonsense\r\n\r\n', 400, 'malformed-request'],
    ['a method that there is not', 'FETCH / HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'malformed-request'],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00', 400, 'malformed-request'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n', 400, 'malformed-request'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
      'malformed-request',
    ],
    [
      'a length beside chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'malformed-request',
    ],
    [
      'headers that are too large',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    ['a URL that is too long', `GET /${'x'.repeat(40_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431, 'headers-too-large'],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n', 405, 'method-not-allowed'],
  ])('%s', async (_what, bytes, status, code) => {
    const [head = '', body = ''] = (await answerTo(bytes)).split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(head).toMatch(/^content-type: application\/problem\+json/im)
    expect(head).toMatch(/^x-request-id: [0-9a-f-]{36}$/im)
    expect(head).toMatch(/^connection: close$/im)
    expect(JSON.parse(body)).toMatchObject({ status, code, type: `urn:runyard:problem:${code}` })
  })

  test('a request that does not come to its end in time', async () => {
    const socket = connect(port, '127.0.0.1')
    const [served] = (await once(gateway.server, 'connection')) as [Socket]
    socket.write('GET / HTTP/1.1\r\n')
    gateway.server.emit('clientError', Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), served)
    const answer = (await buffer(socket)).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer).toContain('"code":"request-timeout"')
  })

  test('but nothing is written into an answer that has begun', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /begun HTTP/1.1\r\nHost: a\r\n\r\n')
    const [first] = (await once(socket, 'data')) as [Buffer]
    socket.write('nonsense\r\n\r\n')
    const answer = first.toString() + (await buffer(socket).catch(() => '')).toString()
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(answer).not.toContain('malformed-request')
  })
})

test('an expectation that is not known is passed over', async () => {
  const answer = await send(`http://127.0.0.1:${port}/short`, { expect: 'nothing-known' })
  expect(answer.status).toBe(200)
})

describe('a client that closes after its request reads an answer that came before the end of its body', () => {
  // More than the buffers of two sockets take.
  const rest = Buffer.alloc(64 << 20, 'x')
  const head = 'POST /refused HTTP/1.1\r\nHost: a\r\nConnection: close\r\n'

  test.each([
    ['of a length that it told', `${head}Content-Length: ${rest.length}\r\n\r\n`, ''],
    ['in chunks', `${head}Transfer-Encoding: chunked\r\n\r\n${rest.length.toString(16)}\r\n`, '\r\n0\r\n\r\n'],
  ])('%s', async (_what, begin, end) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).pause()
    socket.write(begin)
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).write(rest, (error) => (error ? reject(error) : resolve()))
    })
    socket.end(end)
    expect((await buffer(socket)).toString()).toMatch(/^HTTP\/1\.1 413 [^]*\{"code":"too-large"\}$/)
  })

  test('and what it asks for after that is not done', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`${head}Content-Length: 4\r\n\r\nab`)
    const answer = buffer(socket)
    await once(socket, 'data')
    socket.write('cdGET /short HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await answer).toString().match(/HTTP\/1\.1 /g)).toHaveLength(1)
  })
})

test('an idle connection is kept for as long as the setting says, which the answer tells', async () => {
  const agent = new Agent({ keepAlive: true })
  const [res] = (await once(httpGet({ port, path: '/short', agent }), 'response')) as [IncomingMessage]
  res.resume()
  expect(res.headers['keep-alive']).toMatch(/^timeout=75\b/)
  expect(gateway.server.headersTimeout).toBeGreaterThan(gateway.server.keepAliveTimeout)
  expect(gateway.server.requestTimeout).toBeGreaterThanOrEqual(gateway.server.headersTimeout)
  agent.destroy()
})

describe('an answer', () => {
  const read = async (path: string, encodings = 'gzip, br') => {
    const request = httpGet({ port, path, headers: { 'accept-encoding': encodings }, agent: false })
    const [res] = (await once(request, 'response')) as [IncomingMessage]
    return { headers: res.headers, body: await buffer(res) }
  }

  test.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const)('is compressed for who takes %s, under a weak tag', async (encoding, decompress) => {
    const { headers, body } = await read('/long', encoding)
    expect(headers).toMatchObject({ 'content-encoding': encoding, etag: 'W/"1"' })
    expect(headers.vary).toMatch(/accept-encoding/i)
    expect(body.length).toBeLessThan(LONG.length / 4)
    expect(JSON.parse(decompress(body).toString())).toEqual({ stdout: LONG })
  })

  test('is compressed beyond 64 KiB also for a client that waited for it', async () => {
    const { headers } = await read('/waited/longest')
    expect(headers['content-encoding']).toBe('br')
  })

  test.each([
    ['for who takes nothing', '/long', 'identity'],
    ['that is short', '/short', 'gzip, br'],
    ['that its client waited for', '/waited/long', 'gzip, br'],
    ['that may not be stored, where secrets stand', '/secret', 'gzip, br'],
    ['of events, which would wait for others', '/events', 'gzip, br'],
    ['with a file of a job, which is bytes', '/file', 'gzip, br'],
  ])('%s is sent as it is', async (_what, path, encodings) => {
    const { headers, body } = await read(path, encodings)
    expect(headers['content-encoding']).toBeUndefined()
    expect(body.length).toBeGreaterThan(0)
  })
})

describe('a whole gateway', () => {
  let whole: LoneGateway
  beforeAll(async () => {
    whole = await startLoneGateway({ KEEP_ALIVE_SECONDS: '7' })
  })
  afterAll(() => whole.close())

  test('keeps connections as set, compresses, and answers what cannot be read with a problem', async () => {
    const answer = await fetch(`${whole.url}/v1/runtimes`)
    expect(answer.headers.get('keep-alive')).toMatch(/^timeout=7\b/)
    expect(answer.headers.get('content-encoding')).toMatch(/gzip|br/)
    expect(((await answer.json()) as { runtimes: unknown[] }).runtimes.length).toBeGreaterThan(0)
    expect(await answerTo('nonsense\r\n\r\n', Number(new URL(whole.url).port))).toContain('"code":"malformed-request"')
    expect(whole.log()).toContain('request refused before it was read')
  })
})
