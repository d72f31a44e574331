import type { Redis } from 'ioredis'
import { MIB } from '../limits.ts'
import type { Keys } from './keys.ts'
import { defineScripts, luaScript, runScript } from './lua-script.ts'

/**
 * What clients send to an interactive job while it waits or runs, on its way to the worker. It is a stream: whoever runs the
 * job reads it from its beginning, so that nothing is lost that was sent before, and an attempt after a lost worker gets
 * all of it again. Therefore nothing is cut off its beginning; what bounds it is the total. The stream goes when the job
 * ends.
 *
 * Each message *costs* its bytes and a little more, for what it takes to keep it. The record has the sum of all costs (`inTotal`), up to which of
 * it the program has taken (`inTaken`), the highest number of a message (`inSeq`; of a signal `inSignalSeq`, since signals
 * overtake input), and whether the input has ended (`inClosed`).
 *
 * The stream's name is also a channel: a message on it, whatever it says, means that there is more to read, or room again.
 */
export interface JobInputs {
  /** Adds a message, unless the answer says why not. @throws what Redis answered, when it fails */
  send(id: string, message: InputMessage): Promise<InputAnswer>
  /** The highest number a message was sent under; null when none was. */
  lastSeq(id: string): Promise<number | null>
  /** The next messages after this one, in order; none when there are no more now. @param after BEFORE_ALL, or an entry's id */
  read(id: string, after: string): Promise<InputEntry[]>
  /** Makes room: the program has taken everything up to this total. */
  taken(id: string, total: number): Promise<void>
}

export interface InputMessage {
  kind: 'stdin' | 'eof' | 'signal' | 'resize'
  /** Bytes of standard input; the name of a signal; a terminal's size as JSON; else empty. */
  data: Buffer
  /** What the client counts its messages by; one that is not above the last is a double. */
  seq: number | null
}

export interface InputEntry {
  id: string
  kind: InputMessage['kind']
  data: Buffer
  /** Which start of the job it was sent to; 0: it was sent while the job waited. */
  attempt: number
  /** The cost of everything up to and with this message. */
  total: number
}

/**
 * `taken`: it will reach the program if that still reads. `known`: it was taken before. `full`: there is no room until the
 * program takes more. The others are for good: `limit`, the job was sent as much as it may be; `closed`, its input has ended;
 * `not-running`, a signal to a job that does not run; `ended`, the job has.
 */
export type InputAnswer = 'taken' | 'known' | 'full' | 'limit' | 'closed' | 'not-running' | 'ended'

/** Most that may wait for the program, in cost. */
export const INPUT_WINDOW_BYTES = MIB
/** Most that may be sent to one job, in cost. */
export const INPUT_LIMIT_BYTES = 8 * MIB
/** What a message costs beside its bytes. */
export const MESSAGE_COST_BYTES = 64

/** The id before every entry's. */
export const BEFORE_ALL = '0-0'

/** The signals a program can be sent, with their numbers on Linux. */
export const SIGNALS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
} as const
export type SignalName = keyof typeof SIGNALS
export const SIGNAL_NAMES = Object.keys(SIGNALS) as SignalName[]

const PAGE = 64

/** Bulk: data of the message. */
const SEND = luaScript<
  {
    id: string
    kind: InputMessage['kind']
    seq: number | undefined
    cost: number
    /** Most cost that may wait for the program, and most that may be sent to the job. */
    window: number
    limit: number
  },
  InputAnswer
>(
  'runyardInput',
  `
local record, stream = keys.job(input.id), keys.input(input.id)
local state, summary, attempt, total, taken, seq, signalSeq, closed, over = unpack(redis.call('HMGET', record,
  'state', 'summary', 'attempt', 'inTotal', 'inTaken', 'inSeq', 'inSignalSeq', 'inClosed', 'inOver'))
local kind, cost = input.kind, input.cost
local counter = kind == 'signal' and 'inSignalSeq' or 'inSeq'
local last = kind == 'signal' and signalSeq or seq
if input.seq and last and input.seq <= tonumber(last) then return 'known' end
if not state or (summary or '') ~= '' then return 'ended' end
if kind == 'signal' then
  if state ~= 'running' then return 'not-running' end
elseif closed and kind ~= 'resize' then
  return 'closed'
end
total, taken = tonumber(total or 0), tonumber(taken or 0)
if over or total + cost > input.limit then
  -- For good: a shorter message after it would leave a hole in the input.
  redis.call('HSET', record, 'inOver', 1)
  return 'limit'
end
if kind == 'stdin' and total + cost - taken > input.window then return 'full' end
total = redis.call('HINCRBY', record, 'inTotal', cost)
if input.seq then redis.call('HSET', record, counter, input.seq) end
if kind == 'eof' then redis.call('HSET', record, 'inClosed', 1) end
if state ~= 'running' then attempt = 0 end
redis.call('XADD', stream, '*', 'k', kind, 'd', bulk[1], 'a', attempt, 't', total)
redis.call('EXPIRE', stream, redis.call('TTL', record))
redis.call('PUBLISH', stream, 'more')
return 'taken'`,
)

const TAKEN = luaScript<{ id: string; total: number }, number>(
  'runyardInputTaken',
  `
local record = keys.job(input.id)
local before, total = unpack(redis.call('HMGET', record, 'inTaken', 'inTotal'))
if not total or tonumber(before or 0) >= input.total then return 0 end
redis.call('HSET', record, 'inTaken', input.total)
redis.call('PUBLISH', keys.input(input.id), 'room')
return 1`,
)

export function createJobInputs(redis: Redis, keys: Keys): JobInputs {
  defineScripts(redis, [SEND, TAKEN])
  return {
    send: (id, { kind, data, seq }) =>
      runScript(
        redis,
        keys.prefix,
        SEND,
        {
          id,
          kind,
          seq: seq ?? undefined,
          cost: data.length + MESSAGE_COST_BYTES,
          window: INPUT_WINDOW_BYTES,
          limit: INPUT_LIMIT_BYTES,
        },
        [data],
      ),
    async lastSeq(id) {
      const seq = await redis.hget(keys.job(id), 'inSeq')
      return seq === null ? null : Number(seq)
    },
    async read(id, after) {
      const entries = await redis.xrangeBuffer(keys.input(id), `(${after}`, '+', 'COUNT', PAGE)
      return entries.map(([entry, [, kind, , data = NONE, , attempt, , total]]) => ({
        id: String(entry),
        kind: String(kind) as InputMessage['kind'],
        data,
        attempt: Number(attempt),
        total: Number(total),
      }))
    },
    async taken(id, total) {
      await runScript(redis, keys.prefix, TAKEN, { id, total })
    },
  }
}

const NONE = Buffer.alloc(0)
