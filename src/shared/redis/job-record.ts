import type { Redis, Result } from 'ioredis'
import { type Job, type JobEvent, type JobHead, type JobResult, type State, summarize } from '../job.ts'
import type { Keys } from './keys.ts'

/**
 * A job's record is a hash (head, tenant, state, attempt, startedAt, result) and a stream of events. Every change of the
 * record and the event that tells of it are one script, so that a reader never sees one without the other. Events are
 * added to the stream and published in the same step: a reader that subscribes first and then reads the stream misses
 * nothing, and tells doubles by their id.
 */

/** How long the record of a job that has not ended is kept, should nobody ever run it. */
const QUEUED_TTL_SECONDS = 7 * 24 * 3600
const MAX_EVENTS = 20_000

/** KEYS: record, events. ARGV: ttl, count of hash arguments, condition, hash arguments..., then type and data of each event. */
const UPDATE_SCRIPT = `
local ttl = tonumber(ARGV[1])
local fields = tonumber(ARGV[2])
if ARGV[3] == 'unless-finished' and (redis.call('HGET', KEYS[1], 'result') or '') ~= '' then return 0 end
if fields > 0 then
  redis.call('HSET', KEYS[1], unpack(ARGV, 4, 3 + fields))
  redis.call('EXPIRE', KEYS[1], ttl)
end
for i = 4 + fields, #ARGV, 2 do
  local id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ${MAX_EVENTS}, '*', 't', ARGV[i], 'd', ARGV[i + 1])
  redis.call('PUBLISH', KEYS[2], id .. ' ' .. ARGV[i] .. ' ' .. ARGV[i + 1])
end
redis.call('EXPIRE', KEYS[2], ttl)
return 1`

declare module 'ioredis' {
  interface RedisCommander<Context> {
    runyardUpdate(record: string, events: string, ...args: (string | number)[]): Result<number, Context>
  }
}

export interface JobRecords {
  /** Writes the record of a job that is about to be queued. */
  create(head: JobHead, tenant: string): Promise<void>
  /** Marks it running. @returns false when an earlier attempt already finished it, and nothing was changed */
  start(head: JobHead, tenant: string, attempt: number): Promise<boolean>
  /** Adds events, in order; to a job that has its result already, nothing. */
  append(id: string, events: readonly JobEvent[]): Promise<void>
  /**
   * Stores the result with its own lifetime.
   * @param events that have not been written yet, told before the result
   * @returns false when it was finished before, and nothing was changed
   */
  finish(job: Job, tenant: string, events?: readonly JobEvent[]): Promise<boolean>
  /** Takes back a record whose job could not be queued. */
  remove(id: string): Promise<void>
  /** @returns the job and its tenant, or undefined when there is none or it has expired */
  read(id: string): Promise<{ job: Job; tenant: string } | undefined>
}

/**
 * @param resultTtlSeconds how long a finished job can be read
 */
export function createJobRecords(redis: Redis, keys: Keys, resultTtlSeconds: number): JobRecords {
  redis.defineCommand('runyardUpdate', { numberOfKeys: 2, lua: UPDATE_SCRIPT })

  const update = async (
    id: string,
    ttlSeconds: number,
    fields: Record<string, string | number>,
    events: readonly JobEvent[],
    condition: 'always' | 'unless-finished' = 'always',
  ): Promise<boolean> => {
    const hash = Object.entries(fields).flat()
    const args = events.flatMap((event) => [event.type, JSON.stringify(event.data)])
    const done = await redis.runyardUpdate(
      keys.job(id),
      keys.events(id),
      ttlSeconds,
      hash.length,
      condition,
      ...hash,
      ...args,
    )
    return done === 1
  }

  return {
    create: async (head, tenant) => {
      await update(
        head.id,
        QUEUED_TTL_SECONDS,
        { head: JSON.stringify(head), tenant, state: 'queued', attempt: 0, startedAt: '', result: '' },
        [{ type: 'state', data: { state: 'queued', attempt: 0 } }],
      )
    },
    start: (head, tenant, attempt) =>
      update(
        head.id,
        QUEUED_TTL_SECONDS,
        {
          head: JSON.stringify(head),
          tenant,
          state: 'running',
          attempt,
          startedAt: new Date().toISOString(),
          result: '',
        },
        [{ type: 'state', data: { state: 'running', attempt } }],
        'unless-finished',
      ),
    append: async (id, events) => {
      await update(id, QUEUED_TTL_SECONDS, {}, events, 'unless-finished')
    },
    finish: (job, tenant, events = []) => {
      const { state, attempt, startedAt, status, message, finishedAt, stages, ...head } = job
      const result = { status, message, stages, finishedAt }
      return update(
        job.id,
        resultTtlSeconds,
        {
          head: JSON.stringify(head),
          tenant,
          state,
          attempt,
          startedAt: startedAt ?? '',
          result: JSON.stringify(result),
        },
        [
          ...events,
          { type: 'state', data: { state, attempt } },
          { type: 'result', data: { ...job, stages: stages.map(summarize) } },
        ],
        'unless-finished',
      )
    },
    remove: async (id) => {
      await redis.del(keys.job(id), keys.events(id))
    },
    read: async (id) => {
      const fields = await redis.hgetall(keys.job(id))
      return fields['head'] === undefined ? undefined : parseRecord(fields)
    },
  }
}

function parseRecord(fields: Record<string, string>): { job: Job; tenant: string } {
  const head = JSON.parse(fields['head'] ?? '') as JobHead
  const result = fields['result'] ? (JSON.parse(fields['result']) as JobResult) : undefined
  const job: Job = {
    ...head,
    state: fields['state'] as State,
    attempt: Number(fields['attempt']),
    startedAt: fields['startedAt'] || null,
    status: result?.status ?? null,
    message: result?.message ?? null,
    finishedAt: result?.finishedAt ?? null,
    stages: result?.stages ?? [],
  }
  return { job, tenant: fields['tenant'] ?? '' }
}
