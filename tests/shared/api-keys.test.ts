import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { Compile } from 'typebox/compile'
import { createApiKeys } from '../../src/shared/access/api-keys.ts'
import { formatKey, looksLikeKey, newKeyText, parseKey } from '../../src/shared/access/key-text.ts'
import { NewApiKey, newApiKeyErrors } from '../../src/shared/access/new-api-key.ts'
import { DEFAULT_CEILINGS } from '../../src/shared/limits.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'

const namespace = `keys-${randomBytes(4).toString('hex')}`
const keys = createKeys(namespace)
const redisUrl = process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? ''
const redis = new Redis(redisUrl)
const DAY_MS = 24 * 3600 * 1000
let nowMs = Date.parse('2026-01-01T00:00:00Z')
const apiKeys = createApiKeys(redis, keys, () => nowMs)
const fields = { name: 'a laptop', tenant: 'acme' }

afterAll(async () => {
  await redis.del(...(await redis.keys(`{${namespace}}:*`)))
  redis.disconnect()
})

/** The commands that go to Redis on this connection during `work`. */
async function commandsOf(work: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = []
  const send = redis.sendCommand.bind(redis)
  redis.sendCommand = (command, ...rest) => {
    seen.push(command.name)
    return send(command, ...rest)
  }
  await work().finally(() => (redis.sendCommand = send))
  return seen
}

test('a key has the form ry_<id>_<secret> and is read back', () => {
  const text = newKeyText()
  expect(formatKey(text)).toMatch(/^ry_[0-9a-f]{12}_[0-9a-f]{64}$/)
  expect(parseKey(formatKey(text))).toEqual(text)
})

describe('no key, and not looked up, is', () => {
  const good = formatKey(newKeyText())
  test.each([
    { what: 'nothing', text: '' },
    { what: 'the beginning alone', text: 'ry_' },
    { what: 'a key without its last character', text: good.slice(0, -1) },
    { what: 'a key and a character more', text: `${good}0` },
    { what: 'a key and a line break', text: `${good}\n` },
    { what: 'a key in capital letters', text: good.toUpperCase() },
    { what: 'a key behind a space', text: ` ${good}` },
    { what: 'a key with another beginning', text: good.replace('ry_', 'rx_') },
    { what: 'a secret of other characters', text: good.replace(/_[^_]*$/, `_${'g'.repeat(64)}`) },
    { what: 'an id with the marks of Redis', text: good.replace(/^ry_[^_]*/, 'ry_{a}:*?[x]b') },
    { what: 'a megabyte', text: 'a'.repeat(1_000_000) },
  ])('$what', async ({ text }) => {
    expect(parseKey(text)).toBeUndefined()
    expect(await commandsOf(() => expect(apiKeys.verify(text)).resolves.toBeUndefined())).toEqual([])
  })
})

test.each([
  { text: 'ry_0123456789ab_0123456789abcdef', like: true },
  { text: 'Bearer ry_0123456789ab_0123456789abcdef', like: true },
  { text: 'RY_0123456789AB_01234567', like: true },
  { text: 'ry_x', like: false },
  { text: 'the library_of_alexandria', like: false },
  { text: 'cursor.ry_0123456789ab_0123456789abcdef', like: false },
])('$text looks like a key: $like', ({ text, like }) => expect(looksLikeKey(text)).toBe(like))

test('a new key opens what was asked for, and nothing else is set', async () => {
  const { record, secretKey } = await apiKeys.create(fields)
  expect(record).toEqual({
    id: parseKey(secretKey)?.id,
    name: 'a laptop',
    tenant: 'acme',
    scopes: ['jobs'],
    rate: null,
    maxRunningJobs: null,
    maxSessions: null,
    limits: {},
    screening: null,
    webhook: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
    revokedAt: null,
  })
  expect(await apiKeys.verify(secretKey)).toEqual(record)
  expect(await apiKeys.find(record.id)).toEqual(record)
})

test('what is asked for is kept', async () => {
  const all: NewApiKey = {
    ...fields,
    scopes: ['containers', 'admin'],
    rate: { perMinute: 5, burst: 2 },
    maxRunningJobs: 3,
    maxSessions: 2,
    limits: { wallMs: 1000 },
    screening: 'off',
    expiresAt: '2026-01-02T02:00:00+02:00',
  }
  const { secretKey } = await apiKeys.create(all)
  expect(await apiKeys.verify(secretKey)).toMatchObject({ ...all, expiresAt: '2026-01-02T00:00:00.000Z' })
})

test('nothing of the secret is in Redis or in any record', async () => {
  const { record, secretKey } = await apiKeys.create(fields)
  const secret = parseKey(secretKey)?.secret ?? ''
  const stored = (await redis.get(keys.apiKey(record.id))) ?? ''
  expect(stored).not.toContain(secret)
  const { secretHash } = JSON.parse(stored) as { secretHash: string }
  expect(secretHash).toMatch(/^[0-9a-f]{64}$/)
  const told = JSON.stringify([
    record,
    await apiKeys.list(),
    await apiKeys.verify(secretKey),
    await apiKeys.revoke(record.id),
  ])
  expect(told).not.toContain(secretHash)
  expect(told).not.toContain('secretHash')
  expect(JSON.stringify([await apiKeys.revoke(record.id), await apiKeys.find(record.id)])).not.toContain(secretHash)
})

test('an unknown id, a wrong secret, a revoked and an expired key take the same steps to the same nothing', async () => {
  const wrong = newKeyText().secret
  const { record } = await apiKeys.create(fields)
  const revoked = await apiKeys.create(fields)
  await apiKeys.revoke(revoked.record.id)
  const expired = await apiKeys.create({ ...fields, expiresAt: new Date(nowMs + 1).toISOString() })
  nowMs += 1
  const shown = [
    formatKey({ id: newKeyText().id, secret: wrong }),
    formatKey({ id: record.id, secret: wrong }),
    revoked.secretKey,
    expired.secretKey,
  ]
  for (const text of shown) {
    const commands = await commandsOf(async () => expect(await apiKeys.verify(text)).toBeUndefined())
    expect(commands).toEqual(['get'])
  }
})

test('the secret of one key does not open another', async () => {
  const one = await apiKeys.create(fields)
  const other = await apiKeys.create(fields)
  const secret = parseKey(other.secretKey)?.secret ?? ''
  expect(await apiKeys.verify(formatKey({ id: one.record.id, secret }))).toBeUndefined()
})

test('a key opens until it expires', async () => {
  const { secretKey } = await apiKeys.create({ ...fields, expiresAt: new Date(nowMs + DAY_MS).toISOString() })
  nowMs += DAY_MS - 1
  expect(await apiKeys.verify(secretKey)).toBeDefined()
  nowMs += 1
  expect(await apiKeys.verify(secretKey)).toBeUndefined()
})

test('a revoked key opens nothing at once, stays in the list, and is told to whoever listens, once', async () => {
  const { record, secretKey } = await apiKeys.create(fields)
  const subscriber = new Redis(redisUrl)
  const heard: string[] = []
  subscriber.on('message', (_channel: string, id: string) => heard.push(id))
  await subscriber.subscribe(keys.revocations)
  const [first, ...others] = await Promise.all([record.id, record.id, record.id].map((id) => apiKeys.revoke(id)))
  expect(first?.revokedAt).toBe(new Date(nowMs).toISOString())
  nowMs += DAY_MS
  expect(await apiKeys.revoke(record.id)).toEqual(first)
  expect(others).toEqual([first, first])
  expect(await apiKeys.verify(secretKey)).toBeUndefined()
  expect(await apiKeys.list()).toContainEqual(first)
  await subscriber.unsubscribe(keys.revocations)
  subscriber.disconnect()
  expect(heard).toEqual([record.id])
})

test('a removed key is as if it had never been', async () => {
  const { record, secretKey } = await apiKeys.create(fields)
  await apiKeys.remove(record.id)
  await apiKeys.remove(record.id)
  expect(await apiKeys.verify(secretKey)).toBeUndefined()
  expect(await apiKeys.find(record.id)).toBeUndefined()
  expect((await apiKeys.list()).map(({ id }) => id)).not.toContain(record.id)
  expect(await redis.zscore(keys.apiKeys, record.id)).toBeNull()
})

test('of an unknown id there is nothing to revoke', async () => {
  expect(await apiKeys.revoke('000000000000')).toBeUndefined()
  expect(await apiKeys.find('000000000000')).toBeUndefined()
})

test('an installation without keys lists none, and there is none in it that nobody made', async () => {
  const fresh = createApiKeys(redis, createKeys(`${namespace}-fresh`))
  expect(await fresh.list()).toEqual([])
})

test('keys are listed oldest first', async () => {
  const oldest = await apiKeys.create(fields)
  nowMs += 1
  const newest = await apiKeys.create(fields)
  const ids = (await apiKeys.list()).map(({ id }) => id)
  expect(ids.indexOf(newest.record.id)).toBe(ids.length - 1)
  expect(ids.indexOf(oldest.record.id)).toBe(ids.length - 2)
})

describe('a new key', () => {
  const schema = Compile(NewApiKey)
  test.each<{ title: string; wrong: Record<string, unknown> }>([
    { title: 'a name of nothing', wrong: { name: '' } },
    { title: 'a name of 101 characters', wrong: { name: 'x'.repeat(101) } },
    { title: 'a line break in its name', wrong: { name: 'a\nb' } },
    { title: 'an escape sequence in its name', wrong: { name: 'a\u001b[2J' } },
    { title: 'a change of writing direction in its name', wrong: { name: 'a\u202eb' } },
    { title: 'capital letters in its tenant', wrong: { tenant: 'Acme' } },
    { title: 'a colon in its tenant', wrong: { tenant: 'a:b' } },
    { title: 'a line break behind its tenant', wrong: { tenant: 'acme\n' } },
    { title: 'a tenant of 65 characters', wrong: { tenant: 'x'.repeat(65) } },
    { title: 'no scope', wrong: { scopes: [] } },
    { title: 'an unknown scope', wrong: { scopes: ['root'] } },
    { title: 'a scope twice', wrong: { scopes: ['jobs', 'jobs'] } },
    { title: 'a rate of nothing', wrong: { rate: { perMinute: 0, burst: 1 } } },
    { title: 'a rate without a burst', wrong: { rate: { perMinute: 1 } } },
    { title: 'half a job at one time', wrong: { maxRunningJobs: 0.5 } },
    { title: 'an unknown limit', wrong: { limits: { wall: 1 } } },
    { title: 'a limit below what a program needs', wrong: { limits: { memoryBytes: 1024 } } },
    { title: 'an unknown policy', wrong: { screening: 'none' } },
    { title: 'an id of its own', wrong: { id: 'x' } },
  ])('with $title is refused', ({ wrong }) => expect(schema.Check({ ...fields, ...wrong })).toBe(false))

  test.each([
    { pointer: '/name', wrong: { name: '   ' } },
    { pointer: '/tenant', wrong: { tenant: 'local' } },
    { pointer: '/tenant', wrong: { tenant: 'anonymous' } },
    { pointer: '/tenant', wrong: { tenant: 'anonymous-203.0.113.7' } },
    { pointer: '/limits/wallMs', wrong: { limits: { wallMs: DEFAULT_CEILINGS.wallMs + 1 } } },
    { pointer: '/expiresAt', wrong: { expiresAt: 'tomorrow' } },
    { pointer: '/expiresAt', wrong: { expiresAt: '2027-01-31' } },
    { pointer: '/expiresAt', wrong: { expiresAt: '2027-13-31T00:00:00Z' } },
    { pointer: '/expiresAt', wrong: { expiresAt: '2027-02-31T00:00:00Z' } },
    { pointer: '/expiresAt', wrong: { expiresAt: '2026-01-01T00:00:00Z' } },
  ])('with $wrong is refused for its $pointer', ({ pointer, wrong }) => {
    const asked = { ...fields, ...wrong }
    expect(schema.Check(asked)).toBe(true)
    const errors = newApiKeyErrors(asked, DEFAULT_CEILINGS, Date.parse('2026-01-01T00:00:00Z'))
    expect(errors.map((error) => error.pointer)).toEqual([pointer])
  })

  test('that asks for all it may is accepted', () => {
    const asked: NewApiKey = {
      name: 'Éva’s 💻',
      tenant: 'a.b-c_9',
      scopes: ['jobs', 'containers', 'admin'],
      rate: { perMinute: 1, burst: 1 },
      maxRunningJobs: 1,
      limits: DEFAULT_CEILINGS,
      screening: 'strict',
      expiresAt: '2026-01-01T00:00:00.001Z',
    }
    expect(schema.Check(asked)).toBe(true)
    expect(newApiKeyErrors(asked, DEFAULT_CEILINGS, Date.parse('2026-01-01T00:00:00Z'))).toEqual([])
  })
})
