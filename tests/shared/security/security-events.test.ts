import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { loadConfig } from '../../../src/shared/config/config.ts'
import { type Block, createBlocks } from '../../../src/shared/security/blocks.ts'
import type { SecurityEvent } from '../../../src/shared/security/security-event.ts'
import { createSecurityEvents } from '../../../src/shared/security/security-events.ts'
import { testRoot } from '../../support/platform.ts'
import { openTestRedis, type TestRedis } from './test-redis.ts'
import { eventually } from '../../support/eventually.ts'

let own: TestRedis
beforeAll(async () => {
  own = await openTestRedis()
})
afterAll(() => own.close())

const lines: Record<string, unknown>[] = []
const log = pino(
  { level: 'warn' },
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>)
      done()
    },
  }),
)

/** Events and blocks as a gateway with these settings has them. */
async function gateway(env: Record<string, string> = {}) {
  const { abuse } = loadConfig(testRoot, { ABUSE_BLOCK_SCORE: '100', ABUSE_HALF_LIFE_SECONDS: '600', ...env })
  const redis = await own.connect()
  const events = createSecurityEvents(redis, own.keys, abuse, log)
  const blocks = createBlocks(redis, own.keys, events.record)
  return { redis, events, blocks }
}

let number = 0
const newAddress = () => `203.0.113.${++number}`
const event = (fields: Partial<SecurityEvent>): SecurityEvent => ({
  kind: 'submission-blocked',
  address: null,
  keyId: null,
  tenant: null,
  requestId: null,
  jobId: null,
  detail: 'it was a test',
  ...fields,
})

const secondsOf = ({ since, until }: Block) => (Date.parse(until ?? '') - Date.parse(since)) / 1000

describe('a score', () => {
  test('adds up, and blocks at the threshold, not before', async () => {
    const { events, blocks } = await gateway()
    const address = newAddress()
    const subject = `address:${address}`
    for (let i = 0; i < 9; i++) await events.record(event({ address }))
    expect(await blocks.list()).not.toContainEqual(expect.objectContaining({ subject }))
    await events.record(event({ kind: 'escape-attempt', address }))
    const block = (await blocks.list()).find((one) => one.subject === subject)
    expect(block).toMatchObject({ by: 'score', reason: 'score 140 of 100' })
    expect(block && secondsOf(block)).toBe(60)
  })

  test('halves with every half-life, and vanishes', async () => {
    const { events, redis } = await gateway({ ABUSE_HALF_LIFE_SECONDS: '600' })
    const address = newAddress()
    const key = own.keys.abuse(`address:${address}`)
    for (let i = 0; i < 8; i++) await events.record(event({ address }))
    expect(Number(await redis.hget(key, 'score'))).toBeCloseTo(80, 0)
    const ago = async (seconds: number) => redis.hincrby(key, 'at', -seconds * 1000)
    await ago(600)
    await events.record(event({ address }))
    expect(Number(await redis.hget(key, 'score'))).toBeCloseTo(50, 0)
    await ago(1800)
    await events.record(event({ address }))
    expect(Number(await redis.hget(key, 'score'))).toBeCloseTo(16.25, 0)
    const ttlMs = await redis.pttl(key)
    // From 16.25 to a hundredth is a little more than ten half-lives.
    expect(ttlMs).toBeGreaterThan(10 * 600_000)
    expect(ttlMs).toBeLessThan(11 * 600_000)
  })

  test('of a key is the key’s own, and light', async () => {
    const { events, redis, blocks } = await gateway()
    const address = newAddress()
    for (let i = 0; i < 30; i++) await events.record(event({ address, keyId: 'platform' }))
    expect(await redis.exists(own.keys.abuse('key:platform'))).toBe(0)
    expect(await redis.exists(own.keys.abuse(`address:${address}`))).toBe(0)
    for (let i = 0; i < 21; i++) await events.record(event({ kind: 'escape-attempt', address, keyId: 'platform' }))
    expect(await blocks.list()).toContainEqual(expect.objectContaining({ subject: 'key:platform', by: 'score' }))
  })

  test('never blocks when the threshold is 0', async () => {
    const { events, blocks } = await gateway({ ABUSE_BLOCK_SCORE: '0' })
    const address = newAddress()
    for (let i = 0; i < 20; i++) await events.record(event({ kind: 'escape-attempt', address }))
    expect(await blocks.list()).not.toContainEqual(expect.objectContaining({ subject: `address:${address}` }))
  })
})

describe('a block', () => {
  /** Enough at once to be blocked. */
  const misbehave = async ({ events }: Awaited<ReturnType<typeof gateway>>, address: string) => {
    for (let i = 0; i < 2; i++) await events.record(event({ kind: 'escape-attempt', address }))
  }
  const blockOf = async ({ blocks }: Awaited<ReturnType<typeof gateway>>, address: string) =>
    (await blocks.list()).find(({ subject }) => subject === `address:${address}`)

  test('is twice as long as the one before within a day, and has a longest', async () => {
    const one = await gateway({ ABUSE_BLOCK_SECONDS: '60', ABUSE_MAX_BLOCK_SECONDS: '400' })
    const address = newAddress()
    const lengths: number[] = []
    for (let i = 0; i < 5; i++) {
      await misbehave(one, address)
      const block = await blockOf(one, address)
      lengths.push(block ? secondsOf(block) : 0)
      // It ends.
      await one.redis.del(own.keys.block(`address:${address}`))
    }
    expect(lengths).toEqual([60, 120, 240, 400, 400])
  })

  test('starts short again a day after the last', async () => {
    const one = await gateway()
    const address = newAddress()
    const key = own.keys.abuse(`address:${address}`)
    await misbehave(one, address)
    await one.redis.del(own.keys.block(`address:${address}`))
    const at = Number(await one.redis.hget(key, 'blocks'))
    expect(at).toBeGreaterThan(Date.now() - 60_000)
    await one.redis.hset(key, 'blocks', at - 86_400_000)
    await misbehave(one, address)
    const block = await blockOf(one, address)
    expect(block && secondsOf(block)).toBe(60)
  })

  test('leaves half of the threshold as score', async () => {
    const one = await gateway()
    const address = newAddress()
    await misbehave(one, address)
    expect(Number(await one.redis.hget(own.keys.abuse(`address:${address}`), 'score'))).toBe(50)
  })

  test('is made once, however many gateways see the threshold crossed at once', async () => {
    const gateways = await Promise.all([gateway(), gateway(), gateway(), gateway()])
    const address = newAddress()
    await Promise.all(
      gateways.flatMap(({ events }) => Array.from({ length: 30 }, () => events.record(event({ address })))),
    )
    const { events } = await (gateways[0] ?? gateway()).events.list({ limit: 500, kinds: ['caller-blocked'] })
    expect(events.filter((one) => one.address === address)).toHaveLength(1)
  })

  test('never comes upon who is allowed, and is told of when it comes', async () => {
    const one = await gateway()
    const address = newAddress()
    const subject = `address:${address}`
    await one.blocks.allow(subject, { reason: 'campus', by: 'test' })
    await misbehave(one, address)
    expect(await blockOf(one, address)).toBeUndefined()
    expect(await one.blocks.allowed()).toContainEqual(
      expect.objectContaining({ subject, reason: 'campus', by: 'test' }),
    )
    expect(await one.blocks.disallow(subject, { reason: '', by: 'test' })).toBe(true)
    expect(await one.blocks.disallow(subject, { reason: '', by: 'test' })).toBe(false)
    // The score went on counting, so the first event blocks; the second comes upon a block that is there.
    await misbehave(one, address)
    expect(await blockOf(one, address)).toBeDefined()
    const { events } = await one.events.list({ limit: 500 })
    expect(events.filter((event) => event.address === address).map(({ kind }) => kind)).toEqual([
      'escape-attempt',
      'caller-blocked',
      'escape-attempt',
      'caller-disallowed',
      'escape-attempt',
      'escape-attempt',
      'caller-allowed',
    ])
  })

  test('by an operator has any length, is recorded with who did it and why, and forgives when lifted', async () => {
    const one = await gateway()
    const address = newAddress()
    const subject = `address:${address}`
    await misbehave(one, address)
    const block = await one.blocks.block(subject, { seconds: null, reason: 'enough', by: 'key:op' })
    expect(block).toMatchObject({ subject, until: null, reason: 'enough', by: 'key:op' })
    expect(await one.redis.ttl(own.keys.block(subject))).toBe(-1)
    expect((await one.blocks.list()).at(-1)).toEqual(block)
    expect(await one.blocks.unblock(subject, { reason: '', by: 'key:op' })).toBe(true)
    expect(await one.blocks.unblock(subject, { reason: '', by: 'key:op' })).toBe(false)
    expect(await one.redis.exists(own.keys.abuse(subject))).toBe(0)
    const { events } = await one.events.list({ limit: 2 })
    expect(events).toMatchObject([
      { kind: 'caller-unblocked', address, detail: 'unblocked by key:op' },
      { kind: 'caller-blocked', address, detail: 'blocked by key:op: enough' },
    ])
  })

  test('that has ended is not listed', async () => {
    const { redis, blocks } = await gateway()
    const address = newAddress()
    await blocks.block(`address:${address}`, { seconds: 1, reason: '', by: 'test' })
    await eventually('the block is over', async () => (await redis.exists(own.keys.block(`address:${address}`))) !== 1)
    expect(await blocks.list()).not.toContainEqual(expect.objectContaining({ subject: `address:${address}` }))
  })
})

describe('events', () => {
  test('go to the log as a constant message with fields, those of a block too', async () => {
    const { events } = await gateway()
    const address = newAddress()
    lines.splice(0)
    for (let i = 0; i < 2; i++) await events.record(event({ kind: 'escape-attempt', address, jobId: 'job-1' }))
    expect(lines.map(({ level, msg, kind }) => [level, msg, kind])).toEqual([
      [40, 'security event', 'escape-attempt'],
      [40, 'security event', 'escape-attempt'],
      [40, 'security event', 'caller-blocked'],
    ])
    expect(lines[0]).toMatchObject({ address, keyId: null, jobId: 'job-1', detail: 'it was a test' })
    expect(lines[2]).toMatchObject({ address, detail: 'score 100 of 100; blocked for 60 s' })
  })

  test('are read newest first, page by page, by kind', async () => {
    const { events } = await gateway()
    const address = newAddress()
    for (let i = 0; i < 7; i++) await events.record(event({ kind: 'time-limit', address, jobId: `${i}` }))
    await events.record(event({ kind: 'scope-refused', address }))
    const seen: (string | null)[] = []
    let before: string | undefined
    do {
      const page = await events.list({ limit: 3, before, kinds: ['time-limit'] })
      seen.push(...page.events.map(({ jobId }) => jobId))
      before = page.next ?? undefined
    } while (before !== undefined)
    expect(seen).toEqual(['6', '5', '4', '3', '2', '1', '0'])
    const [newest] = (await events.list({ limit: 1 })).events
    expect(newest).toMatchObject({ kind: 'scope-refused', address })
    expect(Date.now() - Date.parse(newest?.timestamp ?? '')).toBeLessThan(60_000)
  })

  test('of a cursor that is none are a RangeError', async () => {
    const { events } = await gateway()
    await expect(events.list({ limit: 1, before: 'nonsense' })).rejects.toThrow(RangeError)
  })

  test('are counted for ever and kept up to a number', async () => {
    const { events, redis } = await gateway({ SECURITY_EVENTS_KEPT: '100', ABUSE_BLOCK_SCORE: '0' })
    const before = (await events.counts())['key-created']
    for (let i = 0; i < 500; i++) await events.record(event({ kind: 'key-created' }))
    expect((await events.counts())['key-created']).toBe(before + 500)
    // Redis drops whole nodes of a stream, which hold 100 entries.
    expect(await redis.xlen(own.keys.securityEvents)).toBeLessThanOrEqual(200)
  })

  test('reach the log, and nothing waits or fails, while Redis is away', async () => {
    const { events, redis } = await gateway()
    redis.disconnect()
    lines.splice(0)
    await expect(events.record(event({ address: newAddress() }))).resolves.toBeUndefined()
    expect(lines.map(({ msg }) => msg)).toEqual(['security event', 'security event not stored'])
  })

  test('with anything in their texts come back as they were', async () => {
    const { events } = await gateway()
    const detail = '"\\ \u0000 \u2028 é 🦊 </script> %s %d'
    await events.record(event({ kind: 'key-revoked', tenant: '__proto__', detail }))
    expect((await events.list({ limit: 1 })).events[0]).toMatchObject({ tenant: '__proto__', detail })
  })
})
