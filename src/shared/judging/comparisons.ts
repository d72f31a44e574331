import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Redis } from 'ioredis'
import { MIB, MINUTE } from '../limits.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../redis/lua-script.ts'
import { createQueue } from '../redis/queue.ts'
import { type Comparison, isOver, type SimilarPair } from './similarity.ts'

const pack = promisify(gzip)
const unpack = promisify(gunzip)

/** A comparison and whose it is. */
export interface ComparisonRecord {
  tenant: string
  problem: string
  view: Comparison
}

/** Names which part of which two programs are alike; it quotes neither. */
export type KeptPair = Omit<SimilarPair, 'endUsers'>

/** After its last change. */
const KEPT_SECONDS = 7 * 24 * 3600
/** Comparisons of one tenant that wait or run. */
const MAX_UNDECIDED = 5
/** Of the pairs of one comparison, but for those that have no parts. */
export const MAX_KEPT_BYTES = 2 * MIB
/** None waits and runs for longer. */
export const UNDECIDED_MS = 120 * MINUTE

/** Bulk: the record. Where one is under way it is that. Answers nothing when the problem is gone, `full` when the tenant has as many as it may. */
const BEGIN = luaScript<
  {
    problem: string
    tenant: string
    at: number
    keepSeconds: number
    maxUndecided: number
    undecidedMs: number
  },
  string
>(
  'runyardComparisonBegin',
  `
if not redis.call('ZSCORE', keys.tenantProblems(input.tenant), input.problem) then return '' end
local own = keys.problemSimilarity(input.problem)
local undecided = keys.tenantComparisons(input.tenant)
redis.call('ZREMRANGEBYSCORE', undecided, '-inf', input.at - input.undecidedMs)
if redis.call('ZSCORE', undecided, input.problem) then
  local known = redis.call('HGET', own, 'record')
  if known then return known end
end
if redis.call('ZCARD', undecided) >= input.maxUndecided then return 'full' end
redis.call('ZADD', undecided, input.at, input.problem)
redis.call('PEXPIRE', undecided, input.undecidedMs)
redis.call('DEL', own)
redis.call('HSET', own, 'record', bulk[1])
redis.call('EXPIRE', own, input.keepSeconds)
return bulk[1]`,
)

/** Bulk: the record, and the pairs of one that has finished. Nothing is written when it is gone or over, or another has begun. */
const UPDATE = luaScript<{ problem: string; tenant: string; id: string; isOver: boolean; keepSeconds: number }, number>(
  'runyardComparisonUpdate',
  `
local own = keys.problemSimilarity(input.problem)
local known = redis.call('HGET', own, 'record')
if not known then return 0 end
local view = cjson.decode(known).view
if view.id ~= input.id or view.state == 'finished' or view.state == 'failed' then return 0 end
if input.isOver then redis.call('ZREM', keys.tenantComparisons(input.tenant), input.problem) end
redis.call('HSET', own, 'record', bulk[1])
if bulk[2] then redis.call('HSET', own, 'pairs', bulk[2]) end
redis.call('EXPIRE', own, input.keepSeconds)
return 1`,
)

/** The last comparison of each problem. It goes with its problem. */
export interface Comparisons {
  /**
   * Begins one, or finds the one that is under way.
   * @returns undefined when the problem is gone, `full` when its tenant has as many under way as it may
   */
  begin(record: ComparisonRecord): Promise<ComparisonRecord | 'full' | undefined>
  read(problem: string): Promise<ComparisonRecord | undefined>
  /** The same with what it found, most similar first; no pairs until it has finished. */
  readWithPairs(problem: string): Promise<{ record: ComparisonRecord; pairs: KeptPair[] } | undefined>
  /** @returns false when it is gone or over, or another has begun */
  update(record: ComparisonRecord, pairs?: readonly KeptPair[]): Promise<boolean>
}

/** @param redis pairs may be long: nothing else should wait behind them */
export function createComparisons(redis: Redis, keys: Keys): Comparisons {
  defineScripts(redis, [BEGIN, UPDATE])
  return {
    async begin(record) {
      const { problem, tenant, view } = record
      const bounds = { maxUndecided: MAX_UNDECIDED, undecidedMs: UNDECIDED_MS, keepSeconds: KEPT_SECONDS }
      const input = { problem, tenant, at: Date.parse(view.createdAt), ...bounds }
      const found = await runScript(redis, keys.prefix, BEGIN, input, [JSON.stringify(record)])
      if (found === '') return undefined
      return found === 'full' ? 'full' : (JSON.parse(found) as ComparisonRecord)
    },
    async read(problem) {
      return recordOf(await redis.hget(keys.problemSimilarity(problem), 'record'))
    },
    async readWithPairs(problem) {
      // At once: between two reads another comparison may begin.
      const [text, packed] = await redis.hmgetBuffer(keys.problemSimilarity(problem), 'record', 'pairs')
      const record = recordOf(text?.toString() ?? null)
      if (!record) return undefined
      const isFinished = record.view.state === 'finished' && packed
      return { record, pairs: isFinished ? (JSON.parse((await unpack(packed)).toString()) as KeptPair[]) : [] }
    },
    async update(record, pairs) {
      const { problem, tenant, view } = record
      const input = { problem, tenant, id: view.id, isOver: isOver(view), keepSeconds: KEPT_SECONDS }
      const bulk = [JSON.stringify(record), ...(pairs ? [await pack(await keptText(pairs))] : [])]
      return (await runScript(redis, keys.prefix, UPDATE, input, bulk)) === 1
    },
  }
}

/** One that nobody decided in time has failed: the worker that had it, or what the queue had of it, is lost. */
function recordOf(text: string | null): ComparisonRecord | undefined {
  if (text === null) return undefined
  const record = JSON.parse(text) as ComparisonRecord
  const { view } = record
  const until = Date.parse(view.createdAt) + UNDECIDED_MS
  if (!isOver(view) && Date.now() > until)
    Object.assign(view, { state: 'failed', progress: null, finishedAt: new Date(until).toISOString() })
  return record
}

/** Pairs that are written in one go. */
const AT_ONCE = 20

/** Pairs as JSON, with their parts as long as these are no more than `MAX_KEPT_BYTES` together. */
async function keptText(pairs: readonly KeptPair[]): Promise<string> {
  const texts: string[] = []
  let bytes = 0
  for (const [index, pair] of pairs.entries()) {
    const text = JSON.stringify(pair)
    bytes += Buffer.byteLength(text)
    texts.push(bytes <= MAX_KEPT_BYTES ? text : JSON.stringify({ ...pair, parts: [] }))
    if (index % AT_ONCE === AT_ONCE - 1) await setImmediate()
  }
  return `[${texts.join(',')}]`
}

/** Of comparisons that wait. */
export const SIMILARITY_QUEUE_NAME = 'similarity'

/** The producer's end of that queue: a job has the id of its comparison. */
export const createSimilarityQueue = (redis: Redis, keys: Keys) =>
  createQueue<{ problem: string }, null, 'compare'>(redis, keys, SIMILARITY_QUEUE_NAME, {
    attempts: 3,
    backoff: { type: 'fixed', delay: 1000 },
  })
export type SimilarityQueue = ReturnType<typeof createSimilarityQueue>
