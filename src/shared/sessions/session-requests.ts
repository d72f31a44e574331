import type { Redis } from 'ioredis'
import { SECOND } from '../limits.ts'
import type { ProblemCode } from '../problems.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../redis/lua-script.ts'
import type { Operation, Operations } from './operations.ts'

/**
 * What a session is asked on its way to the worker that keeps it, and the answers. Requests go by a stream, whose name is also the
 * channel that says there is more to read; the worker removes each as it takes it. An answer is published to the gateway that asked, and
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
const REQUESTS_TTL_SECONDS = 24 * 60 * 60
const PAGE = 32
const NONE = Buffer.alloc(0)

/** Bulk: the head as JSON, the bytes. */
const SEND = luaScript<{ id: string; tenant: string; most: number; ttl: number }, SendAnswer>(
  'runyardSessionSend',
  `
local stream = keys.sessionRequests(input.id)
local state, tenant = unpack(redis.call('HMGET', keys.session(input.id), 'state', 'tenant'))
if not state or tenant ~= input.tenant then return 'unknown' end
if state == 'ended' then return 'ended' end
if redis.call('XLEN', stream) >= input.most then return 'full' end
redis.call('XADD', stream, '*', 'h', bulk[1], 'b', bulk[2])
redis.call('EXPIRE', stream, input.ttl)
redis.call('PUBLISH', stream, 'more')
return 'sent'`,
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
      const input = { id, tenant, most: MOST_WAITING, ttl: REQUESTS_TTL_SECONDS }
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

/** The end of those who keep sessions. */
export interface RequestReader {
  /** Takes the next requests; none when there are no more now. */
  take(session: string): Promise<SentRequest[]>
  answer(request: Pick<SentRequest, 'id' | 'gateway'>, answered: Answered): Promise<void>
}

export function createRequestReader(redis: Redis, keys: Keys): RequestReader {
  return {
    async take(session) {
      const stream = keys.sessionRequests(session)
      const entries = await redis.xrangeBuffer(stream, '-', '+', 'COUNT', PAGE)
      if (entries.length === 0) return []
      await redis.xdel(stream, ...entries.map(([id]) => String(id)))
      return entries.map(([, [, head = NONE, , bytes = NONE]]) => ({
        ...(JSON.parse(head.toString()) as Omit<SentRequest, 'bytes'>),
        bytes,
      }))
    },
    async answer({ id, gateway }, answered) {
      const key = keys.sessionAnswer(id)
      const bytes = 'bytes' in answered ? answered.bytes : NONE
      const head = JSON.stringify('refusal' in answered ? answered : { value: answered.value ?? null })
      await redis
        .multi()
        .hset(key, 'h', head, 'b', bytes)
        .pexpire(key, ANSWER_TTL_MS)
        .publish(keys.sessionAnswers(gateway), bytes.length > 0 ? id : `${id} ${head}`)
        .exec()
    },
  }
}
