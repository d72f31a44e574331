import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import type { Rate } from '../../../src/shared/access/api-key.ts'
import {
  type Arrival,
  arrivalOf,
  debtAt,
  standing,
  takeTokens,
  TICKS_PER_TOKEN,
} from '../../../src/api/rate-limit/gcra.ts'
import { RATE_LIMIT } from '../../../src/api/rate-limit/rate-limit-script.ts'
import { defineScripts, runScript } from '../../../src/shared/redis/lua-script.ts'
import { createRateLimiter, type LimitedCaller, type RateLimiter } from '../../../src/api/rate-limit/rate-limiter.ts'
import { connectRedis } from '../../../src/shared/redis/connect.ts'
import { createBlocks } from '../../../src/shared/security/blocks.ts'
import { openTestRedis, type TestRedis } from '../../shared/security/test-redis.ts'
import { eventually } from '../../support/eventually.ts'

let own: TestRedis
beforeAll(async () => {
  own = await openTestRedis()
})
afterAll(() => own.close())

let number = 0
/** A caller that no other test has. */
const newCaller = (keyed = false): LimitedCaller => {
  number++
  return { address: `198.51.100.${number}`, keyId: keyed ? `key${number}` : null, rate: null }
}

const limitedBy: string[] = []
afterEach(() => void limitedBy.splice(0))

const limiterOn = (redis: Redis, submit: Rate, options: { maxLocalBuckets?: number } = {}) =>
  createRateLimiter({
    redis,
    keys: own.keys,
    rates: { submit, read: { perMinute: 600, burst: 100 } },
    endUserPercent: 50,
    counters: { decided: (budget, outcome, by) => void (outcome === 'limited' && limitedBy.push(`${budget} ${by}`)) },
    ...options,
  })

/** A gateway's limiter, with a connection of its own. */
async function newLimiter(submit: Rate, options: { maxLocalBuckets?: number } = {}) {
  const redis = await own.connect()
  return { limiter: limiterOn(redis, submit, options), redis }
}

async function outcomes(limiter: RateLimiter, caller: LimitedCaller, times: number, tokens = 1): Promise<string[]> {
  const found: string[] = []
  for (let i = 0; i < times; i++) found.push((await limiter.take(caller, 'submit', tokens)).outcome)
  return found
}

const passedOf = (found: readonly string[]) => found.filter((outcome) => outcome === 'passed').length

/** One a minute: nothing comes back while a test runs. */
const SLOW = { perMinute: 1, burst: 5 }

describe('with Redis', () => {
  test('paces jobs of the service itself by the rate of their caller, and takes nothing from its bucket', async () => {
    const { limiter } = await newLimiter({ perMinute: 1, burst: 2 })
    const caller = newCaller()
    const minutes = async (jobs: number) => {
      const pace = await limiter.pace(caller, jobs)
      return pace.outcome === 'paced' ? pace.delaysMs.map((ms) => Math.round(ms / 60_000)) : pace.outcome
    }
    expect(await minutes(4)).toEqual([0, 0, 1, 2])
    expect(await minutes(1)).toEqual([3])
    expect(await minutes(-1)).toEqual([])
    expect(await minutes(2)).toEqual([3, 4])
    expect(await minutes(24 * 60)).toBe('too many')
    expect(await minutes(1)).toEqual([5])
    expect(passedOf(await outcomes(limiter, caller, 3))).toBe(2)
  })

  test('several gateways together let through what one bucket holds', async () => {
    const gateways = await Promise.all(Array.from({ length: 4 }, () => newLimiter(SLOW)))
    const caller = newCaller()
    const all = await Promise.all(gateways.map(({ limiter }) => outcomes(limiter, caller, 10)))
    expect(passedOf(all.flat())).toBe(5)
    expect(limitedBy).toContain('submit redis')
  })

  test('a refusal by Redis costs nothing in the gateway it came through', async () => {
    const first = await newLimiter({ perMinute: 60_000, burst: 5 })
    const second = await newLimiter({ perMinute: 60_000, burst: 5 })
    const caller = { ...newCaller(), rate: SLOW }
    expect(passedOf(await outcomes(first.limiter, caller, 5))).toBe(5)
    expect(passedOf(await outcomes(second.limiter, caller, 20))).toBe(0)
    expect(new Set(limitedBy)).toEqual(new Set(['submit redis']))
  })

  test('keys have buckets of their own, with a rate of their own; the two budgets are apart', async () => {
    const { limiter } = await newLimiter(SLOW)
    const caller = newCaller()
    const keyed = { ...caller, keyId: 'platform', rate: { perMinute: 1, burst: 7 } }
    expect(passedOf(await outcomes(limiter, caller, 10))).toBe(5)
    expect(passedOf(await outcomes(limiter, keyed, 10))).toBe(7)
    expect(await limiter.take(caller, 'read')).toMatchObject({ outcome: 'passed', remaining: 99 })
    expect(await limiter.take(keyed, 'read')).toMatchObject({ outcome: 'passed', remaining: 99 })
  })

  test('the bucket vanishes when it is full again', async () => {
    const { limiter, redis } = await newLimiter({ perMinute: 60, burst: 5 })
    const caller = newCaller()
    await outcomes(limiter, caller, 3)
    const key = own.keys.rate(`submit:address:${caller.address}`)
    const ttlMs = await redis.pttl(key)
    expect(ttlMs).toBeGreaterThan(0)
    expect(ttlMs).toBeLessThanOrEqual(3001)
  })

  test('several tokens are taken together or not at all, and more than the burst never', async () => {
    const { limiter } = await newLimiter(SLOW)
    const caller = newCaller()
    expect(await limiter.take(caller, 'submit', 6)).toMatchObject({ outcome: 'limited', waitMicros: null })
    expect(await outcomes(limiter, caller, 2, 3)).toEqual(['passed', 'limited'])
    expect(await limiter.take(caller, 'submit', 2)).toMatchObject({ outcome: 'passed', remaining: 0 })
  })

  test('a refusal is told of once a second, and counted each time', async () => {
    const { limiter } = await newLimiter({ perMinute: 1, burst: 1 })
    const caller = newCaller()
    const told: boolean[] = []
    const began = performance.now()
    for (let i = 0; i < 200; i++) {
      const verdict = await limiter.take(caller, 'submit')
      if (verdict.outcome === 'limited') told.push(verdict.isFirstOfSecond)
    }
    expect(limitedBy).toHaveLength(199)
    expect(told[0]).toBe(true)
    const seconds = (performance.now() - began) / 1000
    expect(told.filter(Boolean).length).toBeLessThanOrEqual(Math.ceil(seconds) + 1)
  })

  test('callers that find no room in the gateway are left to Redis', async () => {
    const { limiter, redis } = await newLimiter(SLOW, { maxLocalBuckets: 2 })
    for (let i = 0; i < 20; i++) expect(passedOf(await outcomes(limiter, newCaller(), 6))).toBe(5)
    redis.disconnect()
    // Without Redis they share one bucket, and it is empty by now.
    for (let i = 0; i < 20; i++) expect(passedOf(await outcomes(limiter, newCaller(), 6))).toBe(0)
  })
})

/** Numbers from 0 up to 1, the same in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

test.each([
  { perMinute: 1, burst: 20 },
  { perMinute: 60_000, burst: 20 },
  { perMinute: 7_777_777, burst: 100_000 },
  { perMinute: 1_000_000_000, burst: 1_000_000 },
])('the script reckons as the gateway does ($perMinute a minute, burst $burst)', async (rate) => {
  const random = seeded(rate.perMinute)
  const redis = await own.connect()
  defineScripts(redis, [RATE_LIMIT])
  const moment = ([seconds, micros]: readonly unknown[]) => Number(seconds) * 1e6 + Number(micros)
  const bucket = `agreement ${rate.perMinute}`
  const key = own.keys.rate(bucket)
  // The script's moment lies between two readings of the same clock, and a later one never leaves an earlier arrival behind:
  // what it stores lies between what the gateway's arithmetic makes of both.
  const full = rate.burst * TICKS_PER_TOKEN
  let earliest: Arrival | undefined
  let latest: Arrival | undefined
  const add = (arrival: Arrival | undefined, now: number, tokens: number): Arrival =>
    arrivalOf(Math.min(debtAt(arrival, now, rate) + tokens * TICKS_PER_TOKEN, full), now, rate)
  const seen = { passed: 0, limited: 0, certain: 0 }
  for (let batch = 0; batch < 20; batch++) {
    const asked = Array.from({ length: 20 }, () => 1 + Math.floor(random() ** 3 * rate.burst))
    // In one go, so that however busy the machine is, next to no time lies between the two readings and tokens run out.
    const pipeline = redis.pipeline()
    for (const tokens of asked) {
      pipeline.time()
      // A pipeline has the scripts of its connection, and answers as a whole.
      const one = pipeline as unknown as Redis
      void runScript(one, own.keys.prefix, RATE_LIMIT, { bucket, ...rate, tokens, subjects: ['address:none'] })
      pipeline.time()
      pipeline.get(key)
    }
    const answers = (await pipeline.exec())?.map(([error, answer]) => {
      if (error) throw error
      return answer
    })
    for (const [index, tokens] of asked.entries()) {
      const [began, decided, ended, stored] = (answers ?? []).slice(4 * index) as [
        unknown[],
        ['passed' | 'limited', number],
        unknown[],
        string | null,
      ]
      const [before, after] = [moment(began), moment(ended)]
      const [outcome, debt] = decided
      seen[outcome]++
      const least = debtAt(earliest, after, rate)
      const most = debtAt(latest, before, rate)
      const couldPass = takeTokens(least, rate, tokens) !== undefined
      const mustPass = takeTokens(most, rate, tokens) !== undefined
      if (couldPass === mustPass) {
        seen.certain++
        expect(outcome).toBe(mustPass ? 'passed' : 'limited')
      }
      if (outcome === 'passed') {
        earliest = add(earliest, before, tokens)
        latest = add(latest, after, tokens)
      }
      expect(debt).toBeLessThanOrEqual(full)
      expect(Number.isInteger(debt)).toBe(true)
      expect(standing(debt, rate, 1).remaining).toBeGreaterThanOrEqual(0)
      if (stored !== null && latest && earliest) {
        const [micros = Number.NaN, ticks = Number.NaN] = stored.split(' ').map(Number)
        expect(compare({ micros, ticks }, earliest)).toBeGreaterThanOrEqual(0)
        expect(compare({ micros, ticks }, latest)).toBeLessThanOrEqual(0)
      }
    }
  }
  expect(Math.min(seen.passed, seen.limited)).toBeGreaterThan(5)
  expect(seen.certain).toBeGreaterThan(20)
})

const compare = (a: Arrival, b: Arrival) => a.micros - b.micros || a.ticks - b.ticks

describe('a block', () => {
  const blocksOf = () => createBlocks(own.redis, own.keys, async () => undefined)
  const action = { reason: '', by: 'test' }

  test('holds on every gateway from the next request on, and ends as soon as it is lifted', async () => {
    const gateways = await Promise.all([newLimiter(SLOW), newLimiter(SLOW)])
    const caller = newCaller()
    const subject = `address:${caller.address}`
    const ask = () => Promise.all(gateways.map(async ({ limiter }) => (await limiter.take(caller, 'read')).outcome))
    expect(await ask()).toEqual(['passed', 'passed'])
    await blocksOf().block(subject, { seconds: 60, ...action })
    expect(await ask()).toEqual(['blocked', 'blocked'])
    await blocksOf().unblock(subject, action)
    expect(await ask()).toEqual(['passed', 'passed'])
  })

  test('costs no tokens', async () => {
    const { limiter } = await newLimiter(SLOW)
    const caller = newCaller()
    await blocksOf().block(`address:${caller.address}`, { seconds: 60, ...action })
    expect(await outcomes(limiter, caller, 20)).toEqual(Array.from({ length: 20 }, () => 'blocked'))
    await blocksOf().unblock(`address:${caller.address}`, action)
    expect(passedOf(await outcomes(limiter, caller, 6))).toBe(5)
  })

  test.each([
    { blocked: ['address'], allowed: [], passes: false },
    { blocked: ['key'], allowed: [], passes: false },
    { blocked: ['address'], allowed: ['address'], passes: true },
    { blocked: ['address'], allowed: ['key'], passes: true },
    { blocked: ['key'], allowed: ['key'], passes: true },
    { blocked: ['address', 'key'], allowed: ['key'], passes: true },
    // Who is allowed at an address may not be there with a key that was stolen.
    { blocked: ['key'], allowed: ['address'], passes: false },
    { blocked: ['address', 'key'], allowed: ['address'], passes: false },
  ])('of $blocked, with $allowed allowed: passes $passes', async ({ blocked, allowed, passes }) => {
    const { limiter } = await newLimiter(SLOW)
    const caller = newCaller(true)
    const subject = (kind: string) => (kind === 'key' ? `key:${caller.keyId}` : `address:${caller.address}`)
    for (const kind of blocked) await blocksOf().block(subject(kind), { seconds: 60, ...action })
    for (const kind of allowed) await blocksOf().allow(subject(kind), action)
    expect((await limiter.take(caller, 'read')).outcome).toBe(passes ? 'passed' : 'blocked')
  })

  test('that an address got by its score does not hold for who shows a key there, with Redis or without', async () => {
    const { limiter, redis } = await newLimiter(SLOW)
    const keyed = newCaller(true)
    const keyless = { ...keyed, keyId: null }
    await blocksOf().block(`address:${keyed.address}`, { seconds: 60, ...action, by: 'score' })
    expect((await limiter.take(keyless, 'read')).outcome).toBe('blocked')
    expect((await limiter.take(keyed, 'read')).outcome).toBe('passed')
    redis.disconnect()
    expect((await limiter.take(keyless, 'read')).outcome).toBe('blocked')
    expect((await limiter.take(keyed, 'read')).outcome).toBe('passed')
  })

  test('is remembered while Redis is away, until it ends', async () => {
    const { limiter, redis } = await newLimiter(SLOW)
    const caller = newCaller()
    const other = newCaller()
    await blocksOf().block(`address:${caller.address}`, { seconds: 2, ...action })
    await blocksOf().block(`address:${other.address}`, { seconds: null, ...action })
    expect((await limiter.take(caller, 'read')).outcome).toBe('blocked')
    expect((await limiter.take(other, 'read')).outcome).toBe('blocked')
    redis.disconnect()
    expect((await limiter.take(caller, 'read')).outcome).toBe('blocked')
    const isFree = async () => (await limiter.take(caller, 'read')).outcome === 'passed'
    await eventually('the bucket has room', () => isFree())
    expect((await limiter.take(other, 'read')).outcome).toBe('blocked')
  })
})

describe('without Redis', () => {
  test('each gateway limits by itself', async () => {
    const { limiter, redis } = await newLimiter(SLOW)
    redis.disconnect()
    expect(passedOf(await outcomes(limiter, newCaller(), 20))).toBe(5)
    expect(new Set(limitedBy)).toEqual(new Set(['submit local']))
  })

  test('a gateway that served a burst serves no second one when Redis forgets the first', async () => {
    const { limiter, redis } = await newLimiter(SLOW)
    const caller = newCaller()
    expect(passedOf(await outcomes(limiter, caller, 5))).toBe(5)
    await redis.del(own.keys.rate(`submit:address:${caller.address}`))
    expect(passedOf(await outcomes(limiter, caller, 20))).toBe(0)
  })

  test('a Redis that can answer only with errors is as good as away', async () => {
    const { limiter, redis } = await newLimiter(SLOW)
    const caller = newCaller()
    await redis.hset(own.keys.rate(`submit:address:${caller.address}`), 'not', 'a bucket')
    expect(passedOf(await outcomes(limiter, caller, 20))).toBe(5)
  })

  test('a Redis that does not answer is as good as away, and requests do not wait for it for ever', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runyard-frozen-'))
    const path = join(folder, 'redis.sock')
    const args = ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', '', '--appendonly', 'no']
    const server = spawn('redis-server', args, { stdio: 'ignore' })
    const ended = once(server, 'exit')
    const redis = connectRedis({ kind: 'path', path, db: 0 }, 'fail-fast', 'test', pino({ level: 'silent' }))
    try {
      await new Promise((resolve) => redis.once('ready', resolve))
      const limiter = limiterOn(redis, SLOW)
      expect((await limiter.take(newCaller(), 'submit')).outcome).toBe('passed')
      server.kill('SIGSTOP')
      const caller = newCaller()
      const verdicts = await Promise.all(Array.from({ length: 20 }, () => limiter.take(caller, 'submit')))
      expect(passedOf(verdicts.map(({ outcome }) => outcome))).toBe(5)
    } finally {
      redis.disconnect()
      server.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    }
  })
})

test('an end user has a share of its key’s rate, and what is given back can be taken again', async () => {
  const { limiter } = await newLimiter({ perMinute: 1, burst: 4 })
  const caller = newCaller(true)
  const user = (name: string) => ({ ...caller, endUser: `end-user:acme:${name} ${caller.keyId}` })
  const outcomes = async (who: LimitedCaller, times: number) => {
    const found: string[] = []
    for (let i = 0; i < times; i++) found.push((await limiter.take(who, 'submit')).outcome)
    return found
  }
  expect(await outcomes(user('ada'), 3)).toEqual(['passed', 'passed', 'limited'])
  expect(await outcomes(user('bob'), 1)).toEqual(['passed'])
  expect(await outcomes(caller, 5)).toEqual(['passed', 'passed', 'passed', 'passed', 'limited'])
  await limiter.refund(caller, 'submit', 2)
  expect(await outcomes(caller, 3)).toEqual(['passed', 'passed', 'limited'])
  await limiter.refund(user('carol'), 'submit', 5)
  expect(await outcomes(user('carol'), 3)).toEqual(['passed', 'passed', 'limited'])
})
