import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { type Keys, SESSION_QUEUE_NAME } from '../redis/keys.ts'
import { createQueue } from '../redis/queue.ts'
import type { SessionSpec } from './session.ts'

export type SessionQueue = Queue<SessionSpec, null, 'start'>

/** The producer's end of the queue of sessions that wait for a worker. Give it a `fail-fast` connection. */
export const createSessionQueue = (redis: Redis, keys: Keys): SessionQueue =>
  createQueue<SessionSpec, null, 'start'>(redis, keys, SESSION_QUEUE_NAME)
