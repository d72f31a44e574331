import type { Redis } from 'ioredis'
import type { Rate } from '../../shared/access/api-key.ts'
import type { Config } from '../../shared/config/config.ts'
import { MINUTE } from '../../shared/limits.ts'
import type { Keys } from '../../shared/redis/keys.ts'
import { defineScripts, runScript, luaScript } from '../../shared/redis/lua-script.ts'
import type { BlockEntry } from '../../shared/security/block-entry.ts'
import { addressSubject, keySubject } from '../../shared/security/subject.ts'
import type { Caller } from '../http/caller.ts'
import { type Standing, standing } from './gcra.ts'
import { createLocalBuckets } from './local-buckets.ts'
import { onceASecond } from './once-a-second.ts'
import { RATE_LIMIT } from './rate-limit-script.ts'
import { createRememberedBlocks } from './remembered-blocks.ts'

/**
 * A caller has a bucket in Redis, which all gateways share, and one of the same size in each gateway it comes to. A request
 * takes from the local one first, then from the one in Redis. So, over all gateways, no more pass than the bucket allows; a
 * gateway that has lost Redis limits by itself; and a Redis that comes back empty gives nobody a second burst through a
 * gateway that has already served the first.
 */

/** `submit`: what runs something. `read`: everything else. */
export type Budget = 'submit' | 'read'

export type LimitedCaller = Pick<Caller, 'address' | 'keyId' | 'makerKeyId' | 'rate'> & {
  /** Subject of the end user of a key whose own bucket and blocks are meant. */
  endUser?: string
}

export type Verdict =
  | ({ outcome: 'passed'; budget: Budget; rate: Rate } & Standing)
  | ({ outcome: 'limited'; budget: Budget; rate: Rate; isFirstOfSecond: boolean } & Standing)
  | { outcome: 'blocked'; block: BlockEntry }

export interface RateLimiter {
  /**
   * Takes tokens from a caller's bucket, unless the caller is blocked. Never rejects.
   * @param tokens how many; a caller that asks for more than its burst never gets them
   */
  take: (caller: LimitedCaller, budget: Budget, tokens?: number) => Promise<Verdict>
  /** Puts tokens back that were taken for what was then refused. Never rejects. */
  refund: (caller: LimitedCaller, budget: Budget, tokens: number) => Promise<void>
  /**
   * When jobs may start that a caller has of Runyard itself, such as a rejudging: as many at once as its burst, then as its rate has it, after those that
   * were paced before. They take nothing from its bucket, which stays for people who wait.
   * @param jobs how many; negative: so many were paced and then refused
   * @throws when Redis does not answer
   */
  pace: (caller: LimitedCaller, jobs: number) => Promise<Pace>
}

export type Pace =
  | { outcome: 'paced'; delaysMs: number[] }
  /** The last would start later than within a day. */
  | { outcome: 'too many'; rate: Rate; waitingMs: number }

export interface RateLimitCounters {
  /**
   * What was decided of a request. `local`: by the bucket of this process, which was empty, before Redis was asked; `fallback`: by
   * this process alone, since Redis said nothing.
   */
  decided: (budget: Budget, outcome: Verdict['outcome'], by: 'redis' | 'local' | 'fallback') => void
}

export interface RateLimiterOptions {
  /** A `fail-fast` connection. */
  redis: Redis
  keys: Keys
  rates: Config['rates']
  /** How much of its key's rate one end user may have. */
  endUserPercent: number
  counters: RateLimitCounters
  /** Buckets this process keeps. */
  maxLocalBuckets?: number
}

const MAX_LOCAL_BUCKETS = 100_000
/** The latest start of what is paced. */
const MOST_PACED_MS = 24 * 60 * MINUTE

const nowMicros = () => Math.floor(performance.now() * 1000)
const nowMs = () => performance.now()

type PaceInput = {
  /** Whose jobs these are; see `keys.rate`. */
  bucket: string
  /** How many; negative: they were refused after all. */
  jobs: number
  intervalMs: number
  /** The latest that the last of them may start, from now on. */
  mostMs: number
}

/**
 * Gives jobs their places after those that were given theirs before, one interval apart, on Redis's clock. What is kept is when the last one's interval
 * ends, in ms.
 * @returns 1, or 0 when the last would start too late; then how far ahead the end of the one before lies, in ms
 */
const PACE = luaScript<PaceInput, [0 | 1, number]>(
  'runyardPace',
  `
local bucket = keys.rate(input.bucket)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = math.max(0, tonumber(redis.call('GET', bucket) or 0) - now)
local after = before + input.jobs * input.intervalMs
if input.jobs > 0 and after > input.mostMs then return {0, math.floor(before)} end
if after < 1 then
  redis.call('DEL', bucket)
else
  redis.call('SET', bucket, string.format('%.3f', now + after), 'PX', string.format('%.0f', math.ceil(after)))
end
return {1, math.floor(before)}`,
)

export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { redis, keys, rates, endUserPercent, counters, maxLocalBuckets = MAX_LOCAL_BUCKETS } = options
  defineScripts(redis, [RATE_LIMIT, PACE])
  const buckets = createLocalBuckets(maxLocalBuckets, nowMicros)
  const remembered = createRememberedBlocks()
  const isFirstOfSecond = onceASecond(nowMs)

  /** @returns undefined when Redis is away */
  const askRedis = async (bucket: string, rate: Rate, tokens: number, subjects: string[]) => {
    if (redis.status !== 'ready') return undefined
    const { perMinute, burst } = rate
    try {
      return await runScript(redis, keys.prefix, RATE_LIMIT, { bucket, perMinute, burst, tokens, subjects })
    } catch {
      // The connection's own listener logs its loss.
      return undefined
    }
  }

  const share = (most: number) => Math.max(1, Math.ceil((most * endUserPercent) / 100))

  /** Whose bucket it is, how large, and whose blocks hold. */
  const allowanceOf = (caller: LimitedCaller, budget: Budget) => {
    const rate = (budget === 'submit' ? caller.rate : null) ?? rates[budget]
    const { endUser } = caller
    if (endUser !== undefined) {
      const own = { perMinute: share(rate.perMinute), burst: share(rate.burst) }
      return { rate: own, subjects: [endUser], bucket: `${budget}:${endUser}` }
    }
    // The address first: the script knows them by their order.
    const ofAddress = addressSubject(caller.address)
    if (caller.keyId === null) return { rate, subjects: [ofAddress], bucket: `${budget}:${ofAddress}` }
    const own = keySubject(caller.keyId)
    const ofMaker = caller.makerKeyId === undefined ? [] : [keySubject(caller.makerKeyId)]
    return { rate, subjects: [ofAddress, own, ...ofMaker], bucket: `${budget}:${own}` }
  }

  return {
    async pace(caller, jobs) {
      const { rate, bucket } = allowanceOf(caller, 'submit')
      const intervalMs = MINUTE / rate.perMinute
      const burstMs = rate.burst * intervalMs
      const input = { bucket: `paced:${bucket}`, jobs, intervalMs, mostMs: MOST_PACED_MS + burstMs }
      const [fits, aheadMs] = await runScript(redis, keys.prefix, PACE, input)
      if (fits === 0) return { outcome: 'too many', rate, waitingMs: Math.max(0, aheadMs - burstMs) }
      const delayOf = (place: number) => Math.max(0, Math.ceil(aheadMs + (place + 1) * intervalMs - burstMs))
      return { outcome: 'paced', delaysMs: Array.from({ length: Math.max(0, jobs) }, (_, place) => delayOf(place)) }
    },
    async refund(caller, budget, tokens) {
      const { rate, bucket } = allowanceOf(caller, budget)
      buckets.add(bucket, rate, tokens)
      await askRedis(bucket, rate, -tokens, [])
    },
    async take(caller, budget, tokens = 1) {
      const { rate, subjects, bucket } = allowanceOf(caller, budget)

      const holds = ({ subject, by }: BlockEntry) => caller.keyId === null || subject !== subjects[0] || by !== 'score'
      const passed = (debt: number): Verdict => ({ outcome: 'passed', budget, rate, ...standing(debt, rate, tokens) })
      const limited = (debt: number): Verdict => {
        const first = isFirstOfSecond(bucket)
        return { outcome: 'limited', budget, rate, isFirstOfSecond: first, ...standing(debt, rate, tokens) }
      }

      const { ticket, debt, shared } = buckets.take(bucket, rate, tokens)
      const refund = () => ticket && buckets.refund(ticket)
      // Who has no local bucket of its own is left to Redis, while it is there.
      const isAsked = ticket !== undefined || shared
      const answer = isAsked ? await askRedis(bucket, rate, tokens, subjects) : undefined
      const by = answer ? 'redis' : isAsked ? 'fallback' : 'local'
      const decided = (verdict: Verdict) => {
        counters.decided(budget, verdict.outcome, by)
        return verdict
      }
      if (answer?.[0] === 'blocked') {
        refund()
        const block = JSON.parse(answer[1]) as BlockEntry
        remembered.remember(block)
        return decided({ outcome: 'blocked', block })
      }
      if (answer) {
        remembered.forget(subjects, holds)
        if (answer[0] === 'passed') return decided(passed(answer[1]))
        refund()
        return decided(limited(answer[1]))
      }
      const block = remembered.find(subjects, holds)
      if (block) {
        refund()
        return decided({ outcome: 'blocked', block })
      }
      return decided(ticket ? passed(debt) : limited(debt))
    },
  }
}
