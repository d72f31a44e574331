import { createEnvironmentOversight } from '../../shared/environments/environment-oversight.ts'
import { createEnvironmentQueue, createEnvironmentRecords } from '../../shared/environments/environment-records.ts'
import type { Core } from '../core.ts'
import { createEventFeed } from '../events/event-feed.ts'
import type { LiveEvents } from '../events/live-events.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import { createEnvironmentRequests, type EnvironmentRequests } from './environment-requests.ts'
import { adminEnvironmentRoutes } from './admin-environment-routes.ts'
import { streamEnvironmentEvents } from './environment-events.ts'
import { type EnvironmentNeeds, environmentRoutes } from './environment-routes.ts'

export const ENVIRONMENT_ROUTES = [...environmentRoutes, streamEnvironmentEvents, ...adminEnvironmentRoutes]

export interface EnvironmentsFeature {
  requests: EnvironmentRequests
  /** Its routes. @param needs of other features, which may need its requests */
  routes: (needs: Omit<EnvironmentNeeds, 'records' | 'oversight' | 'requests'> & { live: LiveEvents }) => BoundRoute[]
  close: () => Promise<void>
}

/** Packages: environments, and what operators ban. */
export function createEnvironmentsFeature({ config, redis, keys }: Core): EnvironmentsFeature {
  const queue = createEnvironmentQueue(redis, keys)
  const records = createEnvironmentRecords(redis, keys)
  const oversight = createEnvironmentOversight(redis, keys)
  const requests = createEnvironmentRequests(config, records, queue)
  return {
    requests,
    routes({ live, ...needs }) {
      const feed = createEventFeed(redis, live, keys, { last: ['ready', 'failed'], isFirst: () => true })
      return bindRoutes({ ...needs, records, oversight, requests, feed }, ENVIRONMENT_ROUTES)
    },
    close: () => queue.close(),
  }
}
