import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import express from 'express'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { answerProblem } from '../../src/api/http/answer-problem.ts'
import { bindRoutes } from '../../src/api/http/route.ts'
import { mountRoutes } from '../../src/api/http/router.ts'
import { createByteSemaphore } from '../../src/api/jobs/byte-semaphore.ts'
import { problemRoutes } from '../../src/api/problems/problem-routes.ts'
import type { ProblemContent, ProblemStore } from '../../src/shared/judging/problem-store.ts'
import { zip } from '../support/archives.ts'
import { eventually } from '../support/eventually.ts'
import { problemOf, send } from '../support/send.ts'

const MIB = 1024 ** 2
const MAX_BYTES = MIB

let stored: { name: string; content: ProblemContent }[] = []
/** Requests that have come whole. */
let arrived = 0
let storing = 0
let mostStoring = 0
/** Until when each is stored. */
let release: () => Promise<unknown> = () => Promise.resolve()

const problems: Pick<ProblemStore, 'put'> = {
  async put(_tenant, { name }, content) {
    mostStoring = Math.max(mostStoring, ++storing)
    await release()
    storing--
    stored.push({ name, content })
    return true
  },
}
let server: Server
let url: string
beforeAll(async () => {
  const app = express()
  app.use((req, res, next) => {
    req.once('end', () => arrived++)
    res.locals.caller = { tenant: req.get('tenant') ?? 'acme' } as typeof res.locals.caller
    next()
  })
  const needs = {
    problems: problems as ProblemStore,
    languages: [],
    maxProblemBytes: MAX_BYTES,
    handling: createByteSemaphore(MAX_BYTES),
  }
  mountRoutes(app, bindRoutes(needs, problemRoutes), {
    allow: () => (_req, _res, next) => next(),
    bounds: { maxBodyBytes: 1024, maxProblemBytes: MAX_BYTES },
  })
  app.use(answerProblem(new Redis({ lazyConnect: true }), pino({ level: 'silent' })))
  server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/problems`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})
beforeEach(() => {
  stored = []
  arrived = mostStoring = 0
  release = () => Promise.resolve()
})

const ARCHIVE = zip([
  ['1.in', 'a'.repeat(100_000)],
  ['1.ans', 'b'],
])
const bodyOf = (archive: string, name = 'Sum') => JSON.stringify({ name, archive })
const post = (body: string | Buffer, headers: Record<string, string> = {}, at = url) =>
  send(at, { 'content-type': 'application/json', ...headers }, { method: 'POST', body })

test.each([
  ['plain', bodyOf(ARCHIVE.toString('base64')), {}],
  ['with escaped slashes', bodyOf(ARCHIVE.toString('base64')).replaceAll('/', '\\/'), {}],
  ['compressed', gzipSync(bodyOf(ARCHIVE.toString('base64'))), { 'content-encoding': 'gzip' }],
])('an archive is stored from a body that is %s', async (_, body, headers) => {
  const { status } = await post(body, headers as Record<string, string>)
  expect(status).toBe(201)
  expect(stored).toEqual([
    {
      name: 'Sum',
      content: {
        tests: [{ name: '1', stdin: 'a'.repeat(100_000), stdinEncoding: 'utf-8', answer: 'b' }],
        examples: [],
        validators: [],
      },
    },
  ])
})

test.each([
  ['no base64 in it', bodyOf('!!'), 422, 'invalid-request'],
  ['an empty archive', bodyOf(''), 422, 'invalid-request'],
  ['no archive', '{"name":"Sum"}', 422, 'invalid-request'],
  ['a number for an archive', '{"name":"Sum","archive":1}', 422, 'invalid-request'],
  ['two archives', '{"name":"Sum","archive":"eA==","archive":"eA=="}', 422, 'invalid-request'],
  ['more members', '{"name":"Sum","archive":"eA==","more":1}', 422, 'invalid-request'],
  ['no end', '{"name":"Sum","archive":"eA==', 400, 'invalid-json'],
  ['more than is allowed', bodyOf('A'.repeat(2 * MIB)), 413, 'too-large'],
  ['a long name', bodyOf('eA==', 'x'.repeat(100_000)), 413, 'too-large'],
])('a body with %s is refused', async (_, body, status, code) => {
  const answer = await post(body)
  expect([answer.status, problemOf(answer).code, stored]).toEqual([status, code, []])
})

const errorsOf = ({ text }: { text: string }) =>
  (JSON.parse(text) as { errors: { pointer: string; detail: string }[] }).errors
const JUDGE = { language: 'python', file: 'judge.py', files: ['judge.py', { file: 'own.py', path: 'own.py' }] }
const folderOf = (settings: object) =>
  zip([
    ['1.in', 'a'],
    ['1.ans', 'a'],
    ['judge.py', ''],
    ['own.py', ''],
    ['problem.json', JSON.stringify(settings)],
  ])

test.each([
  ['out of its folder', '../own.py', 'must not contain ".."'],
  ['absolute', '/own.py', 'must be relative'],
  ['that of another', 'judge.py', 'is also the path of another file'],
  ['below another', 'judge.py/own.py', 'is a folder that contains another file'],
  ['where input and answer lie', '.judge/own.py', 'is in .judge, the folder of input, answer and output'],
  ['with a name of over 255 bytes', 'x'.repeat(256), 'must not contain a name of over 255 bytes'],
])('a judge of a problem with a file whose path is %s is refused at its place', async (_, path, reason) => {
  const judge = { ...JUDGE, files: ['judge.py', { file: 'own.py', path }] }
  const place = reason.startsWith('is a folder') ? 'files/0' : 'files/1'
  for (const [name, settings] of [
    ['checker', { checker: { type: 'program', ...judge } }],
    ['interactor', { interactor: judge }],
  ] as const) {
    const answer = await post(bodyOf(folderOf(settings).toString('base64')))
    // The one that is seen before the file is read.
    const where = reason.startsWith('is also') ? /^problem\.json: line 1, column \d+: / : /^/
    const [error, ...more] = errorsOf(answer)
    expect([answer.status, error?.pointer, more]).toEqual([422, '/archive', []])
    expect(error?.detail).toMatch(where)
    expect(error?.detail.replace(where, '')).toBe(`/${name}/${place}/path ${reason}`)
  }
  expect(stored).toEqual([])
})

test('what no job can have of a judge is refused at its place: arguments with a NUL, paths that are too long', async () => {
  const refused = async (interactor: object) => {
    const answer = await post(bodyOf(folderOf({ interactor }).toString('base64')))
    expect(answer.status).toBe(422)
    return errorsOf(answer).map(({ detail }) => detail)
  }
  expect(await refused({ ...JUDGE, args: ['a\0b'] })).toEqual(['/interactor/args/0 must not contain a NUL character'])
  const path = 'x/'.repeat(600) + 'own.py'
  expect(await refused({ ...JUDGE, files: ['judge.py', { file: 'own.py', path }] })).toEqual([
    expect.stringMatching(/^problem\.json: line 1, column \d+: \/interactor\/files\/1\/path .*1024/),
  ])
  expect((await post(bodyOf(folderOf({ interactor: JUDGE }).toString('base64')))).status).toBe(201)
})

test('a body that unpacks to more than is allowed, or is cut, is refused', async () => {
  const gzip = { 'content-encoding': 'gzip' }
  const large = await post(gzipSync(bodyOf('A'.repeat(2 * MIB))), gzip)
  const cut = await post(gzipSync(bodyOf(ARCHIVE.toString('base64'))).subarray(0, 60), gzip)
  const odd = await post('{}', { 'content-encoding': 'zip' })
  const member = await post('{}', { 'content-encoding': 'constructor' })
  expect([large, cut, odd, member].map((one) => [one.status, problemOf(one).code])).toEqual([
    [413, 'too-large'],
    [400, 'invalid-json'],
    [415, 'unsupported-media-type'],
    [415, 'unsupported-media-type'],
  ])
})

test('of many that come at once one is held with its tests at a time', async () => {
  // Nothing is stored before all have arrived.
  release = () => eventually('all arrive', () => arrived === 4)
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => post(bodyOf(ARCHIVE.toString('base64'), name))))
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
  expect(mostStoring).toBe(1)
})

test('whoever goes away while another is stored is not waited for', async () => {
  let go = () => {}
  const going = new Promise<void>((resolve) => (go = resolve))
  release = () => going
  const first = post(bodyOf(ARCHIVE.toString('base64'), 'first'))
  await eventually('the first is stored', () => storing === 1)
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  const body = bodyOf(ARCHIVE.toString('base64'), 'gone')
  socket.write(
    `POST /v1/problems HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await eventually('the second has come', () => arrived === 2)
  socket.destroy()
  await eventually('it has gone', async () => {
    const open = await new Promise<number>((resolve, reject) =>
      server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
    return open === 1
  })
  go()
  expect((await first).status).toBe(201)
  expect((await post(bodyOf(ARCHIVE.toString('base64'), 'last'))).status).toBe(201)
  expect(stored.map(({ name }) => name)).toEqual(['first', 'last'])
})
