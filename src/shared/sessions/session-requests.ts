import type { Redis } from 'ioredis'
import { createLatest } from '../latest.ts'
import { KIB, SECOND } from '../limits.ts'
import type { ProblemCode } from '../problems.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../redis/lua-script.ts'
import type { TraceContext } from '../tracing/trace-context.ts'
import type { Operation, Operations } from './operations.ts'

/**
 * What a session is asked on its way to the worker that keeps it, and the answers. Requests go by a stream, whose name is also the
 * channel that says there is more to read; the worker removes each as it takes it. One that finds the stream empty, and is short, is
 * published whole: nothing before it can be overtaken, and the worker need not ask for it. Which of the two comes first is open, a message
 * may come late, and what was removed or sent once may be there again after a connection or a Redis was lost: so the worker knows the last
 * requests by their ids, and takes none of them again. An answer is published to the gateway that asked, and
 * kept for a while in case that did not hear.
 */
export interface SentRequest<O extends Operation = Operation> {
  /** Its own. */
  id: string
  /** Who asks. */
  gateway: string
  operation: O
  input: Operations[O]['input']
  bytes: Buffer
  /** Of the request that brought it about. */
  trace?: TraceContext
}

/** What the caller did wrong, or what is not there. */
export interface Refusal {
  code: ProblemCode
  detail: string
}

export type Answered = { value: unknown; bytes: Buffer } | { refusal: Refusal }

/** `unknown`: the tenant has no such session. `ended`: it takes no requests any more. `full`: it has too many before it. */
export type SendAnswer = 'sent' | 'unknown' | 'ended' | 'full'

/** How long an answer is kept. */
const ANSWER_TTL_MS = 90 * SECOND
const MOST_WAITING = 256
const MOST_PUBLISHED_BYTES = 64 * KIB
const REQUESTS_TTL_SECONDS = 24 * 60 * 60
/** Ids that a session's worker remembers: several times those that may wait. */
const MOST_REMEMBERED = 4 * MOST_WAITING
/** Requests that are taken at a time. */
export const REQUESTS_AT_ONCE = 32
const NONE = Buffer.alloc(0)

/** Bulk: the head as JSON, the bytes. */
const SEND = luaScript<{ id: string; tenant: string; most: number; mostPublished: number; ttl: number }, SendAnswer>(
  'runyardSessionSend',
  `
local stream = keys.sessionRequests(input.id)
local state, tenant = unpack(redis.call('HMGET', keys.session(input.id), 'state', 'tenant'))
if not state or tenant ~= input.tenant then return 'unknown' end
if state == 'ended' then return 'ended' end
local waiting = redis.call('XLEN', stream)
if waiting >= input.most then return 'full' end
local entry = redis.call('XADD', stream, '*', 'h', bulk[1], 'b', bulk[2])
redis.call('EXPIRE', stream, input.ttl)
local whole = waiting == 0 and bulk[2] == '' and #bulk[1] <= input.mostPublished
redis.call('PUBLISH', stream, whole and entry .. ' ' .. bulk[1] or 'more')
return 'sent'`,
)

/** Bulk: the head as JSON, the bytes. An answer without bytes is published whole. */
const ANSWER = luaScript<{ id: string; gateway: string; ttlMs: number }, null>(
  'runyardSessionAnswer',
  `
local key = keys.sessionAnswer(input.id)
redis.call('HSET', key, 'h', bulk[1], 'b', bulk[2])
redis.call('PEXPIRE', key, input.ttlMs)
redis.call('PUBLISH', keys.sessionAnswers(input.gateway), bulk[2] == '' and input.id .. ' ' .. bulk[1] or input.id)
return false`,
)

/** The end of those who ask. */
export interface RequestSender {
  send(session: { id: string; tenant: string }, request: SentRequest): Promise<SendAnswer>
  /** An answer that was not heard; undefined when there is none yet. */
  collect(request: string): Promise<Answered | undefined>
}

export function createRequestSender(redis: Redis, keys: Keys): RequestSender {
  defineScripts(redis, [SEND])
  return {
    send({ id, tenant }, { bytes, ...head }) {
      const input = { id, tenant, most: MOST_WAITING, mostPublished: MOST_PUBLISHED_BYTES, ttl: REQUESTS_TTL_SECONDS }
      return runScript(redis, keys.prefix, SEND, input, [JSON.stringify(head), bytes])
    },
    async collect(request) {
      const key = keys.sessionAnswer(request)
      const [head, bytes] = await redis.hmgetBuffer(key, 'h', 'b')
      if (!head) return undefined
      await redis.del(key)
      return parseAnswer(head.toString(), bytes ?? NONE)
    },
  }
}

/** An answer whose head came by itself. */
export function parseAnswer(head: string, bytes: Buffer = NONE): Answered {
  const parsed = JSON.parse(head) as { value: unknown } | { refusal: Refusal }
  return 'refusal' in parsed ? parsed : { value: parsed.value, bytes }
}

/** Requests of one session. */
export interface RequestInbox {
  /** Takes the next ones, at most `REQUESTS_AT_ONCE`, without those that were taken before; there are no more until the channel says so, unless `isMore`. */
  take: () => Promise<{ requests: SentRequest[]; isMore: boolean }>
  /** Takes the one that was published whole. @returns undefined when the message is none, or was taken: what there is is to be taken then */
  takePublished(message: string): SentRequest | undefined
}

/** The end of those who keep sessions. */
export interface RequestReader {
  open(session: string): RequestInbox
  answer(request: Pick<SentRequest, 'id' | 'gateway'>, answered: Answered): Promise<void>
}

const parseRequest = (head: string, bytes: Buffer = NONE): SentRequest => ({
  ...(JSON.parse(head) as Omit<SentRequest, 'bytes'>),
  bytes,
})

export function createRequestReader(redis: Redis, keys: Keys): RequestReader {
  defineScripts(redis, [ANSWER])
  return {
    open(session) {
      const stream = keys.sessionRequests(session)
      // Those that were taken and of which it is not known that they are removed. What is asked does not wait for that.
      const taken = new Set<string>()
      const known = createLatest<string, true>(MOST_REMEMBERED)
      /** @returns whether it was not taken before */
      const isFirst = ({ id }: SentRequest) => {
        if (known.get(id)) return false
        known.put(id, true)
        return true
      }
      let removal: NodeJS.Immediate | undefined
      const remove = () => {
        if (!removal) return
        clearImmediate(removal)
        removal = undefined
        const ids = [...taken]
        redis.xdel(stream, ...ids).then(
          () => {
            for (const id of ids) taken.delete(id)
          },
          // They are removed with the next ones.
          () => undefined,
        )
      }
      const note = (ids: readonly string[]) => {
        for (const id of ids) taken.add(id)
        // Behind what is done with them in this turn, and what that sends.
        if (taken.size > 0) removal ??= setImmediate(remove)
      }
      return {
        async take() {
          // Before the next ones are read: these would come once more.
          remove()
          const entries = await redis.xrangeBuffer(stream, '-', '+', 'COUNT', REQUESTS_AT_ONCE + taken.size)
          const fresh = entries.filter(([id]) => !taken.has(String(id))).slice(0, REQUESTS_AT_ONCE)
          note(fresh.map(([id]) => String(id)))
          const requests = fresh.map(([, [, head = NONE, , bytes = NONE]]) => parseRequest(head.toString(), bytes))
          return { requests: requests.filter(isFirst), isMore: fresh.length === REQUESTS_AT_ONCE }
        },
        takePublished(message) {
          const space = message.indexOf(' ')
          if (space < 0) return undefined
          note([message.slice(0, space)])
          const request = parseRequest(message.slice(space + 1))
          return isFirst(request) ? request : undefined
        },
      }
    },
    async answer({ id, gateway }, answered) {
      const bytes = 'bytes' in answered ? answered.bytes : NONE
      const head = JSON.stringify('refusal' in answered ? answered : { value: answered.value ?? null })
      await runScript(redis, keys.prefix, ANSWER, { id, gateway, ttlMs: ANSWER_TTL_MS }, [head, bytes])
    },
  }
}
