import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { pino } from 'pino'
import type { RunningApi } from '../../src/api/serve.ts'
import { startApi } from '../../src/api/start.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { testRoot } from '../support/platform.ts'
import { openRedisLink, type RedisLink } from '../support/redis-link.ts'
import { problemOf, send } from '../support/send.ts'
import { parseSamples, scrape, total } from './scrape.ts'
import { eventually } from '../support/eventually.ts'

let gateway: LoneGateway
let link: RedisLink
/** Another gateway of the same installation, whose metrics have a port of their own and whose Redis can be taken away. */
let api: RunningApi
let metricsUrl: string
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required' })
  link = await openRedisLink(process.env['RUNYARD_TEST_REDIS'] ?? '')
  const env = {
    REDIS_URL: link.url,
    RUNYARD_NAMESPACE: gateway.keys.prefix.slice(1, -1),
    AUTH: 'required',
    PORT: '0',
    METRICS_PORT: '0',
  }
  api = await startApi(loadConfig(testRoot, env), testRoot, pino({ level: 'silent' }))
  metricsUrl = api.metricsUrl ?? ''
})
afterAll(async () => {
  await api.close()
  await link.close()
  await gateway.close()
})

test('a connection on the port of metrics is kept from one scrape to the next', async () => {
  const { headers } = await fetch(metricsUrl)
  expect(headers.get('keep-alive')).toBe('timeout=300')
})

test('without a port of their own, metrics take a key of an operator', async () => {
  const admin = await gateway.makeKey('ops', { scopes: ['admin'] })
  const jobs = await gateway.makeKey('acme', { scopes: ['jobs'] })
  const ask = (headers: Record<string, string> = {}) => send(`${gateway.url}/metrics`, headers)
  expect((await ask()).status).toBe(401)
  expect((await ask(jobs.headers)).status).toBe(403)
  const { status, headers, text } = await ask(admin.headers)
  expect({ status, type: headers['content-type'] }).toEqual({
    status: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
  })
  expect(total(parseSamples(text), 'runyard_redis_up')).toBe(1)
  await eventually('the request that was refused first is counted', async () => {
    const samples = parseSamples((await ask(admin.headers)).text)
    return total(samples, 'runyard_http_request_duration_seconds_count', { status: '401' }) === 1
  })
})

describe('on a port of their own', () => {
  test('metrics take no key, and are gone from the public one', async () => {
    expect(total(await scrape(metricsUrl), 'runyard_redis_up')).toBe(1)
    const admin = await gateway.makeKey('ops', { scopes: ['admin'] })
    const answer = await send(`${api.url}/metrics`, admin.headers)
    expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status: 404, code: 'not-found' })
  })

  test('nothing else is there', async () => {
    for (const path of ['/', '/v1/jobs', '/v1/admin/keys', '/healthz', '/metrics/']) {
      expect((await send(new URL(path, metricsUrl).href)).status).toBe(404)
    }
    expect((await send(metricsUrl, {}, { method: 'POST', body: 'x' })).status).toBe(405)
    const head = await send(metricsUrl, {}, { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
  })

  test('on loopback, a page whose own name leads there gets nothing', async () => {
    for (const host of ['attacker.example', 'attacker.example:9464', '127.0.0.1.attacker.example']) {
      expect((await send(metricsUrl, { host })).status).toBe(421)
    }
    expect((await send(metricsUrl, { host: 'localhost:1' })).status).toBe(200)
  })

  test('a port that is taken keeps the gateway from starting, and says so', async () => {
    const env = { REDIS_URL: link.url, PORT: '0', METRICS_PORT: new URL(metricsUrl).port }
    const config = loadConfig(testRoot, env)
    await expect(startApi(config, testRoot, pino({ level: 'silent' }))).rejects.toThrow('EADDRINUSE')
  })

  test('metrics are told while Redis is away: that it is, and nothing that is not known', async () => {
    link.cut()
    const away = async () => {
      const samples = await scrape(metricsUrl)
      return total(samples, 'runyard_redis_up') === 0 ? samples : undefined
    }
    let samples = await away()
    while (!samples) samples = await away()
    const names = new Set(samples.map(({ name }) => name))
    for (const name of [
      'queued_jobs',
      'delayed_jobs',
      'workers',
      'slots',
      'redis_used_bytes',
      'bullmq_jobs',
      'security_events_total',
    ]) {
      expect({ name, isTold: names.has(`runyard_${name}`) }).toEqual({ name, isTold: false })
    }
    expect(names).toContain('process_resident_memory_bytes')
    link.mend()
    await eventually('Redis counts as up', async () => total(await scrape(metricsUrl), 'runyard_redis_up') !== 0)
    expect(total(await scrape(metricsUrl), 'runyard_queue_limit_jobs')).toBe(10_000)
  })

  test('a Redis that says nothing does not hold up who scrapes', async () => {
    link.freeze()
    // That it is answered says it all: the link stays frozen until after.
    expect(total(await scrape(metricsUrl), 'runyard_redis_up')).toBe(0)
    link.cut()
    link.mend()
  })
})

test('one port for both is refused, and any free one is not', () => {
  expect(() => loadConfig(testRoot, { PORT: '3001', METRICS_PORT: '3001' })).toThrow('METRICS_PORT (3001) is PORT too')
  expect(loadConfig(testRoot, { PORT: '0', METRICS_PORT: '0' }).metrics.port).toBe(0)
})

test.each(['x', '-1', '65536', '1.5'])('METRICS_PORT=%s is refused', (value) => {
  for (const name of ['METRICS_PORT', 'WORKER_METRICS_PORT']) {
    expect(() => loadConfig(testRoot, { [name]: value })).toThrow(
      `${name} is "${value}"; allowed is a whole number from 0 to 65535, or empty`,
    )
  }
})
