import type { Keys } from '../redis/keys.ts'

/** Name of the sorted set of the ids of deliveries that have not ended, by when they are to be tried, in ms. */
export const pendingDeliveries = (keys: Keys): string => `${keys.prefix}:webhooks-pending`
