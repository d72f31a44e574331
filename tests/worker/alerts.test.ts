import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { Webhook } from 'standardwebhooks'
import { loadConfig } from '../../src/shared/config/config.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { ALERT_QUEUE_NAME, type Alert } from '../../src/shared/redis/alert-queue.ts'
import type { SecurityEvent } from '../../src/shared/security/security-event.ts'
import { createSecurityEvents, type SecurityEvents } from '../../src/shared/security/security-events.ts'
import { type AlertDelivery, deliverAlerts } from '../../src/worker/alerts/deliver-alerts.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'
import { testRoot } from '../support/platform.ts'
import { eventually } from '../support/eventually.ts'

interface Delivery {
  headers: IncomingHttpHeaders
  body: string
}

const SECRET = `whsec_${randomBytes(32).toString('base64')}`
const errors: Record<string, unknown>[] = []
const log = pino(
  { level: 'error' },
  { write: (line: string) => void errors.push(JSON.parse(line) as Record<string, unknown>) },
)

let own: TestRedis
let workerRedis: Redis
let server: Server
let url: string
let received: Delivery[] = []
/** Statuses of the next answers; 204 afterwards. */
let answers: number[] = []
/** Whether answers have a body that does not end. */
let isEndless = false
let events: SecurityEvents
let delivery: AlertDelivery
let queue: Queue<Alert>

beforeAll(async () => {
  server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      received.push({ headers: req.headers, body })
      const status = answers.shift() ?? 204
      res.writeHead(status, status === 302 ? { location: '/elsewhere' } : {})
      if (isEndless) res.write('and')
      else res.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts?from=runyard`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

beforeEach(async () => {
  received = []
  answers = []
  isEndless = false
  errors.splice(0)
  own = await openTestRedis()
  const config = loadConfig(testRoot, {
    REDIS_URL: process.env['RUNYARD_TEST_REDIS'],
    ALERT_WEBHOOK_URL: url,
    ALERT_WEBHOOK_SECRET: SECRET,
  })
  if (!config.redis || !config.abuse.alerts) throw new Error('RUNYARD_TEST_REDIS is not set')
  workerRedis = connectRedis(config.redis, 'wait', 'test-worker', pino({ level: 'silent' }))
  events = createSecurityEvents(own.redis, own.keys, config.abuse, pino({ level: 'silent' }))
  delivery = deliverAlerts(workerRedis, own.keys, config.abuse.alerts, log)
  queue = new Queue(ALERT_QUEUE_NAME, { connection: own.redis, prefix: own.keys.prefix })
})
afterEach(async () => {
  await delivery.close()
  await events.close()
  await queue.close()
  workerRedis.disconnect()
  await own.close()
})

/** Named, should it not come, by its own text. */
const until = (condition: () => boolean | Promise<boolean>) => eventually(String(condition), condition)

const escape = (address: string): SecurityEvent => ({
  kind: 'escape-attempt',
  address,
  keyId: null,
  tenant: `address:${address}`,
  requestId: 'request-1',
  jobId: 'job-1',
  detail: 'mount was refused',
})

const bodyOf = ({ body }: Delivery) => JSON.parse(body) as Alert['body']
const isIdle = async () => (await queue.getJobCountByTypes('waiting', 'active', 'delayed', 'failed', 'completed')) === 0

test('an escape attempt reaches the operator’s webhook, signed as Standard Webhooks are', async () => {
  await events.record(escape('192.0.2.1'))
  await until(() => received.length === 1)
  const [{ headers, body } = { headers: {}, body: '' }] = received
  expect(headers['content-type']).toBe('application/json')
  expect(JSON.parse(body)).toEqual({
    type: 'security.escape-attempt',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    data: { ...escape('192.0.2.1'), subject: 'address:192.0.2.1' },
  })
  const webhook = new Webhook(SECRET)
  expect(webhook.verify(body, headers as Record<string, string>)).toEqual(JSON.parse(body))
  expect(() => webhook.verify(`${body} `, headers as Record<string, string>)).toThrow()
  await until(isIdle)
})

test('a receiver whose answer does not end has been told all the same', async () => {
  isEndless = true
  answers = [200]
  await events.record(escape('192.0.2.9'))
  await until(() => received.length === 1)
  await until(isIdle)
  expect(received).toHaveLength(1)
  expect(errors).toEqual([])
})

test('a block that the score made is told with whom it is about and until when', async () => {
  for (let i = 0; i < 10; i++) {
    await events.record({ ...escape('192.0.2.2'), kind: 'submission-blocked', detail: 'rule fork-bomb' })
  }
  await until(() => received.length === 1)
  const [first] = received
  expect(first && bodyOf(first)).toMatchObject({
    type: 'security.caller-blocked',
    data: { kind: 'caller-blocked', subject: 'address:192.0.2.2', address: '192.0.2.2' },
  })
  expect(Date.parse(String(first && bodyOf(first).data['until']))).toBeGreaterThan(Date.now() - 60_000)
})

test('a receiver that fails is tried again later, with the same id', async () => {
  answers = [500, 302]
  await events.record(escape('192.0.2.3'))
  for (const attempt of [1, 2]) {
    await until(async () => received.length === attempt && (await queue.getDelayedCount()) === 1)
    const [job] = await queue.getDelayed()
    // It waits for 5 s, then 10 s; the test does not.
    expect(job?.delay).toBe(attempt * 5000)
    await job?.promote()
  }
  await until(() => received.length === 3)
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  await until(isIdle)
  expect(errors).toEqual([])
})

test('a receiver that fails five times is given up, which the log tells; nothing is left in Redis', async () => {
  answers = [500, 500, 500, 500, 500]
  await events.record(escape('192.0.2.4'))
  for (const attempt of [1, 2, 3, 4]) {
    await until(async () => received.length === attempt && (await queue.getDelayedCount()) === 1)
    const [job] = await queue.getDelayed()
    await job?.promote()
  }
  await until(() => errors.length === 1)
  expect(errors[0]).toMatchObject({ msg: 'alert not delivered', type: 'security.escape-attempt', attempts: 5 })
  await until(isIdle)
  expect(received).toHaveLength(5)
})

test('a flood about one caller is one alert, and does not hide another caller’s', async () => {
  for (let i = 0; i < 20; i++) {
    await events.record(escape('192.0.2.5'))
    // The first is delivered and gone long before the last.
    if (i === 10) await until(() => received.length > 0)
  }
  await events.record(escape('192.0.2.6'))
  const subjects = () => received.map(bodyOf).map(({ type, data }) => `${type} ${String(data['subject'])}`)
  await until(async () => subjects().includes('security.escape-attempt address:192.0.2.6') && (await isIdle()))
  expect(subjects().toSorted()).toEqual([
    'security.caller-blocked address:192.0.2.5',
    'security.escape-attempt address:192.0.2.5',
    'security.escape-attempt address:192.0.2.6',
  ])
})
