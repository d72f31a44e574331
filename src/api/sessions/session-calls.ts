import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { SECOND } from '../../shared/limits.ts'
import { Problem, queueUnavailable } from '../../shared/problems.ts'
import type { Keys } from '../../shared/redis/keys.ts'
import type { Operation, Operations } from '../../shared/sessions/operations.ts'
import { type Session, SESSION_ENDS } from '../../shared/sessions/session.ts'
import type { SessionRecords } from '../../shared/sessions/session-records.ts'
import type { Tracing } from '../../shared/tracing/tracing.ts'
import { type Answered, parseAnswer, type RequestSender } from '../../shared/sessions/session-requests.ts'

/** Asks sessions for something, wherever they are kept. */
export interface SessionCalls {
  /**
   * @param session whose tenant is the caller's
   * @returns the answer, with bytes if it has any
   * @throws Problem: what the session refuses, `not-found`, `session-ended`, `session-lost`, or `unavailable` when no answer comes
   */
  call<O extends Operation>(
    session: { id: string; tenant: string },
    operation: O,
    input: Operations[O]['input'],
    options?: CallOptions,
  ): Promise<{ value: Operations[O]['answer']; bytes: Buffer }>
  close(): void
}

export interface CallOptions {
  bytes?: Buffer
  /** How long its answer may take of itself. */
  waitMs?: number
  /** Aborts when nobody waits for the answer any more. */
  signal?: AbortSignal
}

interface Pending {
  session: string
  since: number
  resolve: (answered: Answered) => void
  reject: (error: unknown) => void
}

/** A session that is still starting answers when it stands; the worker has this for anything else, on a machine that is not slow. */
const ANSWER_MS = 60 * SECOND
/** How often it is looked whether sessions that are waited for still live, and whether an answer was missed. */
const LOOK_MS = SECOND
const NONE = Buffer.alloc(0)

/**
 * @param subscriber a connection that only subscribes, shared with others
 * @param timeoutFactor above 1 on a slow machine
 */
export function createSessionCalls(
  subscriber: Redis,
  keys: Keys,
  sender: RequestSender,
  records: Pick<SessionRecords, 'read'>,
  timeoutFactor: number,
  tracing?: Tracing,
): SessionCalls {
  const gateway = randomUUID()
  const channel = keys.sessionAnswers(gateway)
  const pending = new Map<string, Pending>()

  const settle = (id: string, answered: Answered | undefined) => {
    const call = answered && pending.get(id)
    if (!call) return
    pending.delete(id)
    call.resolve(answered)
  }
  const collect = (id: string) =>
    sender.collect(id).then(
      (answered) => settle(id, answered),
      () => undefined,
    )
  subscriber.on('message', (from: string, message: string) => {
    if (from !== channel) return
    const space = message.indexOf(' ')
    if (space < 0) return void collect(message)
    settle(message.slice(0, space), parseAnswer(message.slice(space + 1)))
  })
  const listen = () => {
    subscriber.subscribe(channel).catch(() => undefined)
  }
  subscriber.on('ready', listen)
  if (subscriber.status === 'ready') listen()

  const look = async () => {
    const now = Date.now()
    const old = [...pending].filter(([, { since }]) => now - since >= LOOK_MS)
    const sessions = new Set(old.map(([, { session }]) => session))
    await Promise.all(old.map(([id]) => collect(id)))
    for (const id of sessions) {
      const found = (await records.read(id))?.session
      if (found && found.state !== 'ended') continue
      // What it answered last came before its end.
      for (const [call, { session }] of old) if (session === id) await collect(call)
      for (const [call, { session, reject }] of old) {
        if (session === id && pending.delete(call)) reject(found ? sessionEnded(found) : noSession())
      }
    }
  }
  let isLooking = false
  const timer = setInterval(() => {
    if (pending.size === 0 || isLooking) return
    isLooking = true
    // Redis is away: it is looked again, and calls end by their time.
    void look()
      .catch(() => undefined)
      .finally(() => (isLooking = false))
  }, LOOK_MS)

  return {
    async call(session, operation, input, { bytes = NONE, waitMs = 0, signal } = {}) {
      const id = randomUUID()
      let stop = () => {}
      const answer = new Promise<Answered>((resolve, reject) => {
        pending.set(id, { session: session.id, since: Date.now(), resolve, reject })
        const late = setTimeout(() => reject(noAnswer()), waitMs + ANSWER_MS * timeoutFactor)
        const onAbort = () => reject(queueUnavailable(signal?.reason))
        signal?.addEventListener('abort', onAbort)
        stop = () => {
          clearTimeout(late)
          signal?.removeEventListener('abort', onAbort)
        }
      })
      answer.catch(() => undefined)
      try {
        const trace = tracing?.current?.context
        const sent = await sender.send(session, { id, gateway, operation, input, bytes, ...(trace && { trace }) })
        if (sent === 'unknown') throw noSession()
        if (sent === 'full') throw new Problem('session-busy', 'the session has too many requests before it')
        if (sent === 'ended') {
          const found = (await records.read(session.id))?.session
          throw found ? sessionEnded(found) : noSession()
        }
        const answered = await answer
        if ('refusal' in answered) throw new Problem(answered.refusal.code, answered.refusal.detail)
        return { value: answered.value as Operations[typeof operation]['answer'], bytes: answered.bytes }
      } finally {
        stop()
        pending.delete(id)
      }
    },
    close() {
      clearInterval(timer)
      for (const { reject } of pending.values()) reject(queueUnavailable())
    },
  }
}

export const noSession = (): Problem => new Problem('not-found', 'the session does not exist, or it has expired')

const noAnswer = (): Problem =>
  new Problem('unavailable', 'the session did not answer in time; try again', { headers: { 'Retry-After': '2' } })

/** What is told of a session that takes no requests any more. */
export function sessionEnded({ reason, message }: Session): Problem {
  const why = message ?? (reason === null ? 'it ended' : SESSION_ENDS[reason])
  if (reason === 'session-lost') return new Problem('session-lost', `the session was lost: ${why}`)
  return new Problem('session-ended', `the session has ended: ${why}`)
}
