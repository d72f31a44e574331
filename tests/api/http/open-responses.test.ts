import { EventEmitter, getEventListeners, once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import express from 'express'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import type { Caller } from '../../../src/api/http/caller.ts'
import { answerProblem } from '../../../src/api/http/answer-problem.ts'
import { createOpenResponses, type OpenResponses } from '../../../src/api/http/open-responses.ts'
import { problemOf, send } from '../../support/send.ts'
import { eventually } from '../../support/eventually.ts'

const MOST = 100
let closing: AbortController
let open: OpenResponses
/** Ends the key of whoever has something open. */
const keys = new EventEmitter()
/** What the responses that stayed open were ended by. */
let ends: unknown[]
/** Aborts when the work that goes on without its client is done, */
let done: AbortController
/** and how many of its responses have closed. */
let closed: number
let redis: Redis
let server: Server
let url: string
beforeAll(async () => {
  redis = new Redis(process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? '')
  await redis.ping()
  const app = express()
  app.use((req, res, next) => {
    res.locals.caller = { tenant: req.get('tenant') ?? 'one' } as Caller
    res.locals.keyEnds = () => {
      const controller = new AbortController()
      keys.once('end', () => controller.abort())
      return controller.signal
    }
    next()
  })
  app.get('/short', (_req, res) => {
    open.admit(res)
    res.end('done')
  })
  app.get('/long', (_req, res) => {
    const signal = open.admit(res)
    res.write('begun')
    signal.addEventListener('abort', () => {
      ends.push(signal.reason)
      res.end()
    })
  })
  app.get('/work', (_req, res) => {
    const signal = open.admit(res, done.signal)
    res.write('begun')
    signal.addEventListener('abort', () => ends.push(signal.reason))
    res.once('close', () => closed++)
  })
  app.use(answerProblem(redis, pino({ level: 'silent' })))
  // A client that is slow must not find a connection closed that it has just sent a request on.
  server = createServer({ keepAliveTimeout: 600_000 }, app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  closing = new AbortController()
  open = createOpenResponses(closing.signal, MOST)
  ends = []
  done = new AbortController()
  closed = 0
  keys.removeAllListeners()
  keys.setMaxListeners(0)
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
  redis.disconnect()
})

/** Named, should it not come, by its own text. */
const until = (condition: () => boolean) => eventually(String(condition), condition)

test('thousands of short responses leave nothing behind at the gateway', async () => {
  for (let i = 0; i < 60; i++) {
    await Promise.all(Array.from({ length: 50 }, async () => expect((await fetch(`${url}/short`)).status).toBe(200)))
  }
  await until(() => open.count === 0)
  expect(getEventListeners(closing.signal, 'abort')).toHaveLength(1)
  // `AbortSignal.any` notes each signal it makes at those it is made of, and never takes all of the note away.
  const names = Object.getOwnPropertySymbols(closing.signal).map(({ description }) => description)
  expect(names).not.toContain('kDependantSignals')
})

test('a tenant that holds as many as it may is refused another one, and another tenant is not', async () => {
  const leave = new AbortController()
  const held = Array.from({ length: MOST }, () => fetch(`${url}/long`, { signal: leave.signal }))
  expect(new Set((await Promise.all(held)).map(({ status }) => status))).toEqual(new Set([200]))
  const refused = await send(`${url}/short`)
  expect([refused.status, problemOf(refused).code, refused.headers['retry-after']]).toEqual([429, 'too-many-open', '5'])
  expect((await send(`${url}/short`, { tenant: 'two' })).status).toBe(200)
  leave.abort()
  await until(() => open.count === 0)
  expect((await send(`${url}/short`)).status).toBe(200)
  expect(ends).toEqual(held.map(() => 'client'))
})

test.each([
  { by: 'key', end: () => keys.emit('end') },
  { by: 'gateway', end: () => closing.abort() },
])('what is open is told that it ends by the $by', async ({ by, end }) => {
  const held = await Promise.all([fetch(`${url}/long`), fetch(`${url}/long`)])
  end()
  await Promise.all(held.map((response) => response.text()))
  expect(ends).toEqual([by, by])
  await until(() => open.count === 0)
})

test.each([
  { by: 'key', end: () => keys.emit('end') },
  { by: 'gateway', end: () => closing.abort() },
])('work that goes on without its client is open until it is done, and ends by the $by', async ({ by, end }) => {
  const leave = new AbortController()
  await fetch(`${url}/work`, { signal: leave.signal })
  leave.abort()
  await until(() => closed === 1)
  expect({ ends, count: open.count }).toEqual({ ends: [], count: 1 })
  end()
  expect({ ends, count: open.count }).toEqual({ ends: [by], count: 1 })
  done.abort()
  expect(open.count).toBe(0)
})

test('what would open while the gateway closes ends at once', async () => {
  closing.abort()
  const response = await fetch(`${url}/short`)
  expect(await response.text()).toBe('done')
  expect(open.count).toBe(0)
})
