import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, runScript } from '../redis/lua-script.ts'
import type { Attempt, DeliveryState } from './delivery.ts'
import { ADD, CANCEL, RECORD, REDELIVER } from './delivery-scripts.ts'
import { listDeliveries, type DeliveryPage, type DeliveryQuery } from './list-deliveries.ts'
import type { NewDelivery } from './new-delivery.ts'
import { parseDelivery, type StoredDelivery } from './stored-delivery.ts'

/** What an attempt made of a delivery, and of the endpoint it went to. */
export interface AttemptOutcome {
  attempt: Attempt
  state: DeliveryState
  /** In ms since 1970; of no meaning unless pending. */
  nextAttemptAtMs: number
  /** `gone`: it wants no more. `untried`: nothing was sent. */
  endpoint: 'worked' | 'failed' | 'gone' | 'untried'
}

/** The records of deliveries. */
export interface Deliveries {
  /** Notes a delivery by itself, outside the scripts of jobs. Nothing happens when it is noted already. */
  add: (delivery: NewDelivery, jobId: string, tenant: string, url: string) => Promise<void>
  /** @returns undefined when there is none, or it has expired */
  read: (id: string) => Promise<StoredDelivery | undefined>
  /** Those of a tenant. @throws RangeError when the cursor is not one */
  list: (tenant: string, query: DeliveryQuery) => Promise<DeliveryPage>
  /** Those of all tenants. @throws RangeError when the cursor is not one */
  listAll: (query: DeliveryQuery) => Promise<DeliveryPage>
  /** Whether the endpoint answered that it wants no more. */
  isDisabled: (tenant: string, url: string) => Promise<boolean>
  /** @returns failures of the endpoint in a row when the operator is to be told of them, else 0 */
  record: (delivery: StoredDelivery, outcome: AttemptOutcome) => Promise<number>
  /** Makes a delivery pending again, to be tried at once. @returns false when the tenant has no such one */
  redeliver: (id: string, tenant: string) => Promise<boolean>
  /** Ends a pending delivery: no more attempts are made. One that has ended stays as it is. @returns false when the tenant has no such one */
  cancel: (id: string, tenant: string) => Promise<boolean>
  /** When a pending delivery is to be tried, in ms since 1970; undefined for one that is not pending. */
  dueAt: (id: string) => Promise<number | undefined>
  /** Ids of pending deliveries that were to be tried so long ago, at most 1000, the longest overdue first. */
  overdue: (byMs: number) => Promise<string[]>
  /** Looks at these again only when they are overdue from now. */
  putOff: (ids: readonly string[]) => Promise<void>
  /** Takes an id without a record out of the pending ones. */
  forget: (id: string) => Promise<void>
}

const MAX_OVERDUE = 1000

/**
 * @param keptSeconds how long a delivery that has ended can be read
 * @param now the time in ms; that of this machine unless given
 */
export function createDeliveries(
  redis: Redis,
  keys: Keys,
  keptSeconds: number,
  now: () => number = Date.now,
): Deliveries {
  defineScripts(redis, [ADD, CANCEL, RECORD, REDELIVER])
  const { prefix } = keys
  const pending = keys.pendingDeliveries
  const hashOf = (url: string) => createHash('sha256').update(url).digest('hex')
  const read = async (id: string) => parseDelivery(id, await redis.hgetall(keys.delivery(id)))

  return {
    async add([id, event, body], jobId, tenant, url) {
      await runScript(redis, prefix, ADD, { atMs: now(), tenant, jobId, id, event, url }, [body])
    },
    read,
    list: (tenant, query) => listDeliveries(redis, keys.tenantDeliveries(tenant), (id) => keys.delivery(id), query),
    listAll: (query) => listDeliveries(redis, keys.allDeliveries, (id) => keys.delivery(id), query),
    isDisabled: async (tenant, url) =>
      (await redis.hexists(keys.webhookEndpoint(tenant, hashOf(url)), 'disabledAt')) === 1,
    record: ({ id, tenant, url }, { attempt, ...outcome }) =>
      runScript(
        redis,
        prefix,
        RECORD,
        { id, tenant, endpointHash: hashOf(url), atMs: now(), keptSeconds, ...outcome },
        [JSON.stringify(attempt)],
      ),
    redeliver: async (id, tenant) => (await runScript(redis, prefix, REDELIVER, { id, tenant, atMs: now() })) === 1,
    cancel: async (id, tenant) => (await runScript(redis, prefix, CANCEL, { id, tenant, keptSeconds })) === 1,
    async dueAt(id) {
      // Of the record: when it is looked at again is another time, which whoever puts it off writes too.
      const [state, at] = await redis.hmget(keys.delivery(id), 'state', 'nextAttemptAt')
      return state === 'pending' && at ? Number(at) : undefined
    },
    overdue: (byMs) => redis.zrangebyscore(pending, '-inf', now() - byMs, 'LIMIT', 0, MAX_OVERDUE),
    async putOff(ids) {
      const at = now()
      // Never to an earlier time: since they were found an attempt may have been recorded, with when the next is due.
      if (ids.length > 0) await redis.zadd(pending, 'XX', 'GT', ...ids.flatMap((id) => [at, id]))
    },
    async forget(id) {
      await redis.zrem(pending, id)
    },
  }
}
