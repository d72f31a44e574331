import type { Redis } from 'ioredis'
import { MINUTE, SECOND } from '../limits.ts'
import type { Keys } from './keys.ts'
import { createQueue } from './queue.ts'

export const ALERT_QUEUE_NAME = 'alerts'

/** What the operator's webhook gets as JSON, and the id under which it can tell a repetition. */
export interface Alert {
  id: string
  body: {
    type: 'security.caller-blocked' | 'security.escape-attempt' | 'webhook.endpoint-failing'
    /** When it happened: RFC 3339, UTC. */
    timestamp: string
    data: Record<string, unknown>
  }
}

/** With waits of 5 s, 10 s, 20 s and 40 s between them. */
const ATTEMPTS = 5
const FIRST_WAIT_MS = 5 * SECOND
/** Of one subject and kind, one alert is enough for so long. */
const COLLAPSE_MS = MINUTE
/** Beyond these nobody delivers, or nobody reads. */
const MAX_WAITING = 1000

export interface AlertQueue {
  /**
   * Queues an alert, unless there was one of the same kind about the same subject within a minute, or 1000 wait.
   * @param subject whom it is about
   */
  add: (alert: Alert, subject: string) => Promise<void>
  close: () => Promise<void>
}

/** The producer's end of the alerts. Workers deliver them. */
export function createAlertQueue(redis: Redis, keys: Keys): AlertQueue {
  const backoff = { type: 'exponential', delay: FIRST_WAIT_MS }
  const queue = createQueue<Alert>(redis, keys, ALERT_QUEUE_NAME, { attempts: ATTEMPTS, backoff })
  return {
    async add(alert, subject) {
      if ((await queue.count()) >= MAX_WAITING) return
      await queue.add('alert', alert, { deduplication: { id: `${alert.body.type} ${subject}`, ttl: COLLAPSE_MS } })
    },
    close: () => queue.close(),
  }
}
