import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Command, CommanderError } from 'commander'
import { pino } from 'pino'
import type { RunningApi } from '../../src/api/serve.ts'
import { startApi } from '../../src/api/start.ts'
import { addAbuseCommands } from '../../src/cli/abuse.ts'
import { createApiKeys } from '../../src/shared/access/api-keys.ts'
import type { NewApiKey } from '../../src/shared/access/new-api-key.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import type { Block } from '../../src/shared/security/blocks.ts'
import type { StoredSecurityEvent } from '../../src/shared/security/security-event.ts'
import { testRoot } from '../support/platform.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'

let own: TestRedis
/** Two gateways on one Redis. */
let gateways: RunningApi[]
let admin: string

const settings = () => ({
  REDIS_URL: process.env['RUNYARD_TEST_REDIS'],
  RUNYARD_NAMESPACE: own.namespace,
  PORT: '0',
  LOG_LEVEL: 'silent',
  AUTH: 'optional',
  TRUST_PROXY: 'loopback',
  RATE_PER_MINUTE: '1000000',
  RATE_BURST: '1000',
  READ_RATE_PER_MINUTE: '1000000',
  READ_RATE_BURST: '1000',
})

const startGateway = (env: Record<string, string> = {}) => {
  const config = loadConfig(testRoot, { ...settings(), ...env })
  return startApi(config, testRoot, pino({ level: 'silent' }))
}

const newKey = async (fields: Partial<NewApiKey>) => {
  const keys = createApiKeys(own.redis, own.keys)
  const { secretKey, record } = await keys.create({ name: 'test', tenant: 'test', ...fields })
  return { secretKey, id: record.id }
}

beforeAll(async () => {
  own = await openTestRedis()
  gateways = [await startGateway(), await startGateway()]
  admin = (await newKey({ scopes: ['admin'] })).secretKey
})
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()))
  await own.close()
})

interface Options {
  /** Where the request comes from; this machine when absent. */
  from?: string
  key?: string
  method?: string
  body?: unknown
  gateway?: RunningApi | undefined
}

async function ask<T = Record<string, unknown>>(path: string, options: Options = {}) {
  const { from, key, method = 'GET', body, gateway = gateways[0] } = options
  const answer = await fetch(`${gateway?.url}${path}`, {
    method,
    headers: {
      ...(from !== undefined && { 'x-forwarded-for': from }),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const content = await answer.text()
  return { status: answer.status, headers: answer.headers, body: (content === '' ? {} : JSON.parse(content)) as T }
}

const wrongKey = `ry_${'a'.repeat(12)}_${'b'.repeat(43)}`

/** Enough failed authentications for a score of 100. */
async function tryKeys(from?: string, times = 20, gateway = gateways[0]): Promise<number[]> {
  const statuses: number[] = []
  for (let i = 0; i < times; i++) {
    statuses.push((await ask('/v1/runtimes', { key: wrongKey, gateway, ...(from !== undefined && { from }) })).status)
  }
  return statuses
}

describe('a caller that misbehaves', () => {
  test('is blocked on every gateway at once and on every route but health, and others are not', async () => {
    const from = '203.0.113.1'
    expect(await tryKeys(from)).toEqual(Array.from({ length: 20 }, () => 401))
    for (const gateway of gateways) {
      for (const path of ['/v1/runtimes', '/v1/jobs/x', '/', '/nowhere']) {
        const { status, headers, body } = await ask(path, { from, gateway })
        expect([path, status, body['code']]).toEqual([path, 403, 'caller-blocked'])
        const seconds = Number(headers.get('retry-after'))
        expect(seconds).toBeGreaterThan(0)
        expect(seconds).toBeLessThanOrEqual(60)
        expect(Date.parse(String(body['until']))).toBeGreaterThan(Date.now() - 60_000)
      }
      const submitted = await ask('/v1/jobs', {
        from,
        gateway,
        method: 'POST',
        body: { language: 'python', code: '1' },
      })
      expect(submitted.status).toBe(403)
      expect((await ask('/v1/runtimes', { from, gateway, key: wrongKey })).status).toBe(403)
      expect((await ask('/healthz', { from, gateway })).status).toBe(200)
      expect((await ask('/v1/runtimes', { from: '203.0.113.2', gateway })).status).toBe(200)
    }
  })

  test('is known by its IPv6 network, whatever address of it is used', async () => {
    await tryKeys('2001:db8:7:7::1', 10)
    await tryKeys('2001:db8:7:7:ffff::2', 10)
    expect((await ask('/v1/runtimes', { from: '2001:db8:7:7:1:2:3:4' })).status).toBe(403)
    expect((await ask('/v1/runtimes', { from: '2001:db8:7:8::1' })).status).toBe(200)
  })

  test('on this machine itself is never blocked by itself, and can be by hand', async () => {
    expect(new Set(await tryKeys(undefined, 40))).toEqual(new Set([401]))
    const subject = encodeURIComponent('address:127.0.0.1')
    await ask(`/v1/admin/blocks/${subject}`, { method: 'PUT', key: admin, from: '203.0.113.9', body: {} })
    expect((await ask('/v1/runtimes')).status).toBe(403)
    await ask(`/v1/admin/blocks/${subject}`, { method: 'DELETE', key: admin, from: '203.0.113.9' })
    expect((await ask('/v1/runtimes')).status).toBe(200)
  })

  test('cannot try keys faster than it may submit', async () => {
    const gateway = await startGateway({ RATE_PER_MINUTE: '1', RATE_BURST: '5', ABUSE_BLOCK_SCORE: '0' })
    try {
      expect(await tryKeys('203.0.113.3', 8, gateway)).toEqual([401, 401, 401, 401, 401, 429, 429, 429])
    } finally {
      await gateway.close()
    }
  })

  test('that floods is told of once a second', async () => {
    const gateway = await startGateway({ READ_RATE_PER_MINUTE: '1', READ_RATE_BURST: '1', ABUSE_BLOCK_SCORE: '0' })
    try {
      const from = '203.0.113.4'
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask('/v1/runtimes', { from, gateway })))
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(49)
      const { body } = await ask<Page>('/v1/admin/security-events?kind=rate-limited', { key: admin })
      const told = body.events.filter(({ address }) => address === from)
      expect(told.length).toBeGreaterThan(0)
      expect(told.length).toBeLessThan(20)
      expect(told[0]).toMatchObject({ kind: 'rate-limited', keyId: null, requestId: expect.any(String) })
    } finally {
      await gateway.close()
    }
  })
})

interface Page {
  events: StoredSecurityEvent[]
  next: string | null
}

describe('the admin API', () => {
  test('blocks, lists and lifts, and keeps who did it', async () => {
    const { secretKey, id } = await newKey({ scopes: ['admin'] })
    const block = await ask<Block>('/v1/admin/blocks/address:198.51.100.1', {
      method: 'PUT',
      key: secretKey,
      body: { seconds: 3600, reason: 'miner' },
    })
    expect(block.status).toBe(200)
    expect(block.body).toMatchObject({ subject: 'address:198.51.100.1', reason: 'miner', by: `key:${id}` })
    expect((await ask('/v1/runtimes', { from: '198.51.100.1' })).status).toBe(403)
    const { body } = await ask<{ blocks: Block[] }>('/v1/admin/blocks', { key: admin })
    expect(body.blocks).toContainEqual(block.body)
    expect((await ask('/v1/admin/blocks/address:198.51.100.1', { method: 'DELETE', key: secretKey })).status).toBe(204)
    expect((await ask('/v1/admin/blocks/address:198.51.100.1', { method: 'DELETE', key: secretKey })).status).toBe(404)
    expect((await ask('/v1/runtimes', { from: '198.51.100.1' })).status).toBe(200)
    const events = await ask<Page>('/v1/admin/security-events?limit=2&kind=caller-blocked&kind=caller-unblocked', {
      key: admin,
    })
    expect(events.body.events).toMatchObject([
      { kind: 'caller-unblocked', address: '198.51.100.1', detail: `unblocked by key:${id}` },
      { kind: 'caller-blocked', address: '198.51.100.1', detail: `blocked for 3600 s by key:${id}: miner` },
    ])
  })

  test('blocks a key wherever it is used, until it is lifted', async () => {
    const { secretKey, id } = await newKey({})
    await ask(`/v1/admin/blocks/key:${id}`, { method: 'PUT', key: admin, body: {} })
    const { status, headers, body } = await ask('/v1/runtimes', { key: secretKey, from: '198.51.100.2' })
    expect([status, headers.has('retry-after'), body['until']]).toEqual([403, false, null])
    expect((await ask('/v1/runtimes', { from: '198.51.100.2' })).status).toBe(200)
  })

  test('spares who is allowed: an operator’s key works from an address that is blocked', async () => {
    const { secretKey, id } = await newKey({ scopes: ['admin'] })
    const from = '198.51.100.3'
    await ask(`/v1/admin/blocks/address:${from}`, { method: 'PUT', key: admin, body: {} })
    expect((await ask('/v1/admin/blocks', { key: secretKey, from })).status).toBe(403)
    const allowed = await ask(`/v1/admin/allowed/key:${id}`, { method: 'PUT', key: admin, body: { reason: 'on call' } })
    expect(allowed.body).toMatchObject({ subject: `key:${id}`, reason: 'on call' })
    expect((await ask('/v1/admin/blocks', { key: secretKey, from })).status).toBe(200)
    const list = await ask<{ allowed: unknown[] }>('/v1/admin/allowed', { key: admin })
    expect(list.body.allowed).toContainEqual(allowed.body)
    expect((await ask(`/v1/admin/allowed/key:${id}`, { method: 'DELETE', key: admin })).status).toBe(204)
    expect((await ask(`/v1/admin/allowed/key:${id}`, { method: 'DELETE', key: admin })).status).toBe(404)
    expect((await ask('/v1/admin/blocks', { key: secretKey, from })).status).toBe(403)
  })

  test('pages through events', async () => {
    const ids: string[] = []
    let cursor = ''
    do {
      const { body } = await ask<Page>(`/v1/admin/security-events?limit=3${cursor && `&cursor=${cursor}`}`, {
        key: admin,
      })
      ids.push(...body.events.map(({ id }) => id))
      cursor = body.next ?? ''
    } while (cursor !== '' && ids.length < 12)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.length).toBeGreaterThanOrEqual(12)
  })

  test.each([
    { path: '/v1/admin/security-events?limit=0', pointer: '/limit' },
    { path: '/v1/admin/security-events?limit=501', pointer: '/limit' },
    { path: '/v1/admin/security-events?limit=1e2', pointer: '/limit' },
    { path: '/v1/admin/security-events?limit=1&limit=2', pointer: '/limit' },
    { path: '/v1/admin/security-events?kind=nonsense', pointer: '/kind/0' },
    { path: '/v1/admin/security-events?cursor=nonsense', pointer: '/cursor' },
    { path: '/v1/admin/security-events?nonsense=1', pointer: '/nonsense' },
    { path: '/v1/admin/security-events?__proto__=1', pointer: '/__proto__' },
    { path: '/v1/admin/blocks?limit=1', pointer: '/limit' },
    { path: '/v1/admin/allowed?x', pointer: '/x' },
    { path: '/v1/admin/blocks/nobody', method: 'PUT', body: {}, pointer: '/subject' },
    { path: '/v1/admin/blocks/address:192.0.2.0%2F24', method: 'PUT', body: {}, pointer: '/subject' },
    { path: '/v1/admin/blocks/nobody', method: 'DELETE', pointer: '/subject' },
    { path: '/v1/admin/blocks/key:a', method: 'PUT', body: { seconds: 0 }, pointer: '/seconds' },
    { path: '/v1/admin/blocks/key:a', method: 'PUT', body: { seconds: 1.5 }, pointer: '/seconds' },
    { path: '/v1/admin/blocks/key:a', method: 'PUT', body: { for: '1h' }, pointer: '/for' },
    { path: '/v1/admin/allowed/key:a', method: 'PUT', body: { seconds: 1 }, pointer: '/seconds' },
    { path: '/v1/admin/allowed/key:a', method: 'PUT', body: { reason: 'x'.repeat(201) }, pointer: '/reason' },
  ])('names $pointer where it cannot be used: $path', async ({ path, pointer, ...options }) => {
    const { status, body } = await ask<{ errors: { pointer: string }[] }>(path, { key: admin, ...options })
    expect(status).toBe(422)
    expect(body.errors.map((error) => error.pointer)).toEqual([pointer])
  })

  test('is for keys of the scope admin', async () => {
    const { secretKey } = await newKey({ scopes: ['jobs', 'containers'] })
    const path = '/v1/admin/blocks/address:198.51.100.4'
    expect((await ask(path, { method: 'PUT', key: secretKey, body: {}, from: '198.51.100.5' })).status).toBe(403)
    expect((await ask(path, { method: 'PUT', body: {}, from: '198.51.100.5' })).status).toBe(401)
    expect((await ask('/v1/runtimes', { from: '198.51.100.4' })).status).toBe(200)
    const answer = await ask('/v1/admin/allowed', { method: 'POST', key: admin, body: {} })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET'])
  })
})

describe('the command line', () => {
  /** What `runyard abuse` prints, in this namespace. */
  async function runyard(...args: string[]): Promise<string> {
    let output = ''
    const config = loadConfig(testRoot, settings())
    const print = (text: string) => void (output += `${text}\n`)
    const program = new Command('runyard').exitOverride().configureOutput({ writeErr: (text) => void (output += text) })
    addAbuseCommands(program, async () => ({ root: testRoot, config, print }))
    await program.parseAsync(['abuse', ...args], { from: 'user' }).catch((error: unknown) => {
      if (!(error instanceof CommanderError)) throw error
    })
    return output
  }

  test('blocks and lifts for the gateways that run, and lists', async () => {
    const subject = 'address:192.0.2.77'
    const from = '192.0.2.77'
    const blocked = await runyard('block', subject, '--for', '1h', '--reason', 'port\u001b[31m scans')
    expect(blocked).toMatch(/^address:192\.0\.2\.77 is blocked until \d{4}-\d\d-\d\d \d\d:\d\d UTC\n$/)
    expect((await ask('/v1/runtimes', { from })).status).toBe(403)
    expect(await runyard('blocks')).toMatch(/^address:192\.0\.2\.77 .* command line \(\w+\) +port\?\[31m scans$/m)
    expect(await runyard('allow', subject)).toBe(`${subject} is allowed: it is never blocked\n`)
    expect((await ask('/v1/runtimes', { from })).status).toBe(200)
    const list = JSON.parse(await runyard('allowed', '--json')) as { allowed: { subject: string }[] }
    expect(list.allowed.map((one) => one.subject)).toContain(subject)
    expect(await runyard('disallow', subject)).toBe(`${subject} can be blocked again\n`)
    expect(await runyard('unblock', subject)).toBe(`${subject} is no longer blocked\n`)
    expect(await runyard('unblock', subject)).toBe(`${subject} was not blocked\n`)
    const { events } = JSON.parse(await runyard('events', '--limit', '4', '--json')) as Page
    expect(events.map(({ kind }) => kind)).toEqual([
      'caller-unblocked',
      'caller-disallowed',
      'caller-allowed',
      'caller-blocked',
    ])
    expect(await runyard('events', '--kind', 'caller-unblocked', '--limit', '1')).toMatch(
      /^TIME \(UTC\) +KIND +WHO +WHAT\n\d{4}-\d\d-\d\d [\d:]{8} +caller-unblocked +address:192\.0\.2\.77 +unblocked by command line/,
    )
  })

  test.each([
    {
      args: ['block', 'nobody'],
      says: 'It must be "address:" and an IP address, "key:" and the id of a key, or "end-user:", a tenant',
    },
    { args: ['block', 'key:a', '--for', 'soon'], says: 'It must be a time like 90s, 30m, 12h or 7d.' },
    { args: ['events', '--kind', 'x'], says: 'Allowed choices are submission-blocked' },
    { args: ['events', '--limit', '0'], says: 'It must be a whole number from 1 to 999999.' },
  ])('refuses $args in words', async ({ args, says }) => {
    expect(await runyard(...args)).toContain(says)
  })
})

describe('an end user that a platform names', () => {
  const bomb = (endUser?: string) => ({
    language: 'bash',
    code: ':(){ :|:& };:',
    ...(endUser !== undefined && { endUser }),
  })
  const codeOf = async (key: string, body: unknown, path = '/v1/jobs', gateway = gateways[0]) =>
    (await ask<{ code?: string }>(path, { key, method: 'POST', body, gateway })).body.code

  test('is blocked for what it has refused, alone among those of its key', async () => {
    const { secretKey } = await newKey({ tenant: 'school' })
    for (let i = 0; i < 10; i++) expect(await codeOf(secretKey, bomb('ada'))).toBe('submission-blocked')
    for (const [index, path] of ['/v1/jobs', '/api/repl/execute', '/api/repl/execute/stream'].entries()) {
      expect(await codeOf(secretKey, bomb('ada'), path, gateways[index % 2])).toBe('caller-blocked')
    }
    const answer = await ask('/v1/jobs', { key: secretKey, method: 'POST', body: bomb('ada') })
    expect(answer).toMatchObject({ status: 403, body: { errors: [{ pointer: '/endUser' }] } })
    expect(answer.body['detail']).toMatch(/^this end user is blocked until 2/)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    const batch = { jobs: [bomb('bob'), bomb('ada')] }
    expect(await ask('/v1/batches', { key: secretKey, method: 'POST', body: batch })).toMatchObject({
      body: { code: 'caller-blocked', errors: [{ pointer: '/jobs/1/endUser' }] },
    })
    for (const other of [bomb('bob'), bomb()]) expect(await codeOf(secretKey, other)).toBe('submission-blocked')
    expect((await ask('/v1/jobs', { key: secretKey })).status).toBe(200)
    const elsewhere = await newKey({ tenant: 'another-school' })
    expect(await codeOf(elsewhere.secretKey, bomb('ada'))).toBe('submission-blocked')
  })

  test('is told of in events and blocks, and unblocked and allowed by operators', async () => {
    const subject = 'end-user:school:ada'
    const { body } = await ask<{ blocks: Block[] }>('/v1/admin/blocks', { key: admin })
    expect(body.blocks).toContainEqual(expect.objectContaining({ subject, by: 'score' }))
    const events = await ask<{ events: StoredSecurityEvent[] }>('/v1/admin/security-events?kind=caller-blocked', {
      key: admin,
    })
    expect(events.body.events).toContainEqual(
      expect.objectContaining({ tenant: 'school', endUser: 'ada', keyId: null, address: null }),
    )
    const { secretKey } = await newKey({ tenant: 'school' })
    expect(await codeOf(secretKey, bomb('ada'))).toBe('caller-blocked')
    expect((await ask(`/v1/admin/blocks/${subject}`, { key: admin, method: 'DELETE' })).status).toBe(204)
    expect(await codeOf(secretKey, bomb('ada'))).toBe('submission-blocked')
    const allowed = await ask(`/v1/admin/allowed/${subject}`, { key: admin, method: 'PUT', body: {} })
    expect(allowed.status).toBe(200)
    for (let i = 0; i < 12; i++) expect(await codeOf(secretKey, bomb('ada'))).toBe('submission-blocked')
  })

  test('takes nothing from the others of its key with a flood', async () => {
    const { secretKey } = await newKey({ tenant: 'flooded', rate: { perMinute: 1, burst: 8 } })
    const codes: unknown[] = []
    for (let i = 0; i < 12; i++) codes.push(await codeOf(secretKey, bomb('ada')))
    expect(codes.filter((code) => code === 'submission-blocked')).toHaveLength(4)
    expect(codes.filter((code) => code === 'rate-limited')).toHaveLength(8)
    for (let i = 0; i < 4; i++) expect(await codeOf(secretKey, bomb('bob'))).toBe('submission-blocked')
  })

  test('does not save a stranger, who could name another each time', async () => {
    const from = '203.0.113.77'
    for (let i = 0; i < 10; i++) await ask('/v1/jobs', { from, method: 'POST', body: bomb(`user-${i}`) })
    expect((await ask('/v1/jobs', { from })).body['code']).toBe('caller-blocked')
  })
})

test('a key is not blocked for what screening refuses of it', async () => {
  const { secretKey } = await newKey({ tenant: 'platform' })
  const body = { language: 'bash', code: ':(){ :|:& };:' }
  for (let i = 0; i < 60; i++) {
    const answer = await ask('/v1/jobs', { key: secretKey, method: 'POST', body })
    expect(answer.body['code']).toBe('submission-blocked')
  }
})
