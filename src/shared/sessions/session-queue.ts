import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { type Keys, SESSION_QUEUE_NAME } from '../redis/keys.ts'
import { createQueue } from '../redis/queue.ts'
import { messagingAttributes } from '../tracing/messaging.ts'
import type { Tracing } from '../tracing/tracing.ts'
import type { SessionSpec } from './session.ts'

export type SessionQueue = Queue<SessionSpec, null, 'start'>

/**
 * The producer's end of the queue of sessions that wait for a worker. Give it a `fail-fast` connection.
 * @param tracing makes a span of each sending, which the session carries with it
 */
export function createSessionQueue(redis: Redis, keys: Keys, tracing?: Tracing): SessionQueue {
  const queue: SessionQueue = createQueue<SessionSpec, null, 'start'>(redis, keys, SESSION_QUEUE_NAME)
  if (!tracing) return queue
  const add = queue.add.bind(queue)
  queue.add = (name, spec, options) => {
    const attributes = messagingAttributes(SESSION_QUEUE_NAME, 'send', options?.jobId)
    return tracing.run(`send ${SESSION_QUEUE_NAME}`, { kind: 'producer', attributes }, (span) =>
      add(name, { ...spec, trace: span.context }, options),
    )
  }
  return queue
}
