import type { Router } from 'express'
import { createJobStatisticsReader } from '../../shared/redis/job-statistics.ts'
import { createJobQueue } from '../../shared/redis/job-queue.ts'
import { createWebhookQueue } from '../../shared/redis/webhook-queue.ts'
import type { Overview } from '../../shared/redis/worker-registry.ts'
import type { Core } from '../core.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import { createOverviewReader, OVERVIEW_ROUTES } from './overview.ts'
import { loadQueueBoard } from './queue-board/queue-board-router.ts'
import { queueBoardRouter } from './queue-board/queue-board-router.ts'
import { readQueueView, readRedisView } from './read-overview.ts'

export interface AdminFeature {
  routes: BoundRoute[]
  /** bull-board, at `/admin/queues`. */
  queueBoard: Router
  close: () => Promise<void>
}

/** What the dashboard shows of the whole installation. */
export function createAdminFeature(core: Core, { overview }: { overview: () => Promise<Overview> }): AdminFeature {
  const { redis, bulk, keys } = core
  // Queues of its own, on the connection for what may be long.
  const jobs = createJobQueue(bulk, keys)
  const webhooks = createWebhookQueue(bulk, keys)
  const readOverview = createOverviewReader({
    overview,
    readQueue: () => readQueueView(redis, keys),
    readRedis: () => readRedisView(redis),
  })
  return {
    routes: bindRoutes({ readOverview, readStatistics: createJobStatisticsReader(redis, keys) }, OVERVIEW_ROUTES),
    queueBoard: queueBoardRouter(loadQueueBoard({ basePath: '/admin/queues', jobs, webhooks: webhooks.queue })),
    async close() {
      await Promise.all([jobs.close(), webhooks.close()])
    },
  }
}
