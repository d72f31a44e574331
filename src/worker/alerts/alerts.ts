import { v7 as uuid } from 'uuid'
import { closeOnce } from '../../shared/close-once.ts'
import { createAlertQueue } from '../../shared/redis/alert-queue.ts'
import type { WorkerCore } from '../core.ts'
import type { EndpointAlert } from '../webhooks/attempt-delivery.ts'
import { deliverAlerts } from './deliver-alerts.ts'

/** Alerts to the operator, where there is a receiver of them. */
export interface Alerts {
  /** An endpoint of a tenant fails again and again. Never fails. */
  endpointFails: (failing: EndpointAlert) => void
  close: () => Promise<void>
}

export function createAlerts({ config, keys, redis, log }: WorkerCore): Alerts {
  const receiver = config.abuse.alerts
  if (!receiver) return { endpointFails: () => undefined, close: () => Promise.resolve() }
  const delivery = deliverAlerts(redis, keys, receiver, log)
  const queue = createAlertQueue(redis, keys)
  return {
    endpointFails(failing) {
      const body = {
        type: 'webhook.endpoint-failing',
        timestamp: new Date().toISOString(),
        data: { ...failing },
      } as const
      queue
        .add({ id: uuid(), body }, `${failing.tenant} ${failing.origin}`)
        .catch((err: unknown) => log.error({ err }, 'alert not queued'))
    },
    close: closeOnce(delivery.close, () => queue.close()),
  }
}
