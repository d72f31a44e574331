import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express from 'express'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { answerProblem } from '../../../src/api/http/answer-problem.ts'
import { jsonBody } from '../../../src/api/http/body.ts'
import { problemOf, type RawAnswer, send } from '../../support/send.ts'

const MAX_BYTES = 1024

let redis: Redis
let server: Server
let url: string
beforeAll(async () => {
  redis = new Redis(process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? '')
  await redis.ping()
  const app = express()
  app.post('/', jsonBody(MAX_BYTES), (req, res) => void res.json({ got: req.body as unknown }))
  app.post('/soon', jsonBody(MAX_BYTES, { bodyMs: 50 }), (_req, res) => void res.json({}))
  app.use(answerProblem(redis, pino({ level: 'silent' })))
  server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(async () => {
  server.close()
  await once(server, 'close')
  redis.disconnect()
})

const postBytes = (body: string | Buffer, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  send(url, { 'content-type': 'application/json', ...headers }, { method: 'POST', body })
/** As `curl -X POST` sends it: without a body, and without what would tell of one. */
const postNothing = async (headers: Record<string, string>): Promise<RawAnswer> => {
  const asked = request(url, { method: 'POST', headers })
  for (const name of ['transfer-encoding', 'content-length']) if (!(name in headers)) asked.removeHeader(name)
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: await text(answer) }
}
const outcome = (answer: RawAnswer) =>
  answer.status === 200 ? (JSON.parse(answer.text) as object) : [answer.status, problemOf(answer).code]

describe('a body', () => {
  test.each([
    { what: 'is what it says', body: '{"a":["ü",1,null]}', got: { a: ['ü', 1, null] } },
    { what: 'may begin with a byte order mark', body: '\uFEFF{"a":1}', got: { a: 1 } },
    { what: 'may be compressed', body: gzipSync('{"a":1}'), headers: { 'content-encoding': 'gzip' }, got: { a: 1 } },
    { what: 'that is empty counts as an empty object', body: '', got: {} },
  ])('$what', async ({ body, headers, got }) => {
    expect(outcome(await postBytes(body, headers))).toEqual({ got })
  })

  test.each([
    { what: 'no length and no type', headers: {} },
    { what: 'no length and a type', headers: { 'content-type': 'application/json' } },
    { what: 'the length 0 and no type', headers: { 'content-length': '0' } },
  ])('that is not there counts as an empty object: $what', async ({ headers }) => {
    expect(outcome(await postNothing(headers))).toEqual({ got: {} })
  })

  test.each([
    { what: 'not JSON', body: '{"a":', code: 'invalid-json', status: 400 },
    { what: 'not UTF-8', body: Buffer.from([0x22, 0xff, 0x22]), code: 'invalid-json', status: 400 },
    { what: 'half a name with a broken escape', body: '{"\\u00', code: 'invalid-json', status: 400 },
    { what: 'closed more often than opened', body: '}]}]', code: 'invalid-json', status: 400 },
    { what: 'too long', body: `"${'x'.repeat(MAX_BYTES)}"`, code: 'too-large', status: 413 },
    {
      what: 'too long when unpacked',
      body: gzipSync(`"${'x'.repeat(MAX_BYTES)}"`),
      headers: { 'content-encoding': 'gzip' },
      code: 'too-large',
      status: 413,
    },
    {
      what: 'packed and cut off',
      body: gzipSync('{"a":1}').subarray(0, 15),
      headers: { 'content-encoding': 'gzip' },
      code: 'invalid-json',
      status: 400,
    },
    {
      what: 'packed in a way nobody knows',
      body: '{}',
      headers: { 'content-encoding': 'zip' },
      code: 'unsupported-media-type',
      status: 415,
    },
    {
      what: 'of another type',
      body: 'a=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      code: 'unsupported-media-type',
      status: 415,
    },
    {
      what: 'said to be in UTF-16',
      body: '{}',
      headers: { 'content-type': 'application/json; charset=utf-16le' },
      code: 'unsupported-media-type',
      status: 415,
    },
  ])('that is $what is refused: $code', async ({ body, headers, code, status }) => {
    expect(outcome(await postBytes(body, headers))).toEqual([status, code])
  })

  test.each([
    'application/json; charset=utf-8; charset=utf-16le',
    'application/json; x-charset=utf-8; charset=utf-16le',
    'application/json; a="charset=utf-8"; charset=utf-16le',
  ])('is read as UTF-8 and nothing else, whatever the header says: %s', async (type) => {
    const body = Buffer.from('{"\\u006canguage":"bash","code":""}', 'utf16le')
    const answer = await postBytes(body, { 'content-type': type })
    expect([400, 415]).toContain(answer.status)
    expect(outcome(await postBytes('{"still":"there"}'))).toEqual({ got: { still: 'there' } })
  })
})

test('a body that takes too long to arrive is refused: request-timeout', async () => {
  const req = request(`${url}soon`, { method: 'POST', headers: { 'content-type': 'application/json' } })
  req.on('error', () => undefined)
  req.write('{')
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  expect(res.statusCode).toBe(408)
  req.destroy()
})
