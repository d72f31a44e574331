import Type from 'typebox'
import { SECOND } from '../../shared/limits.ts'
import { STATISTICS_SECONDS, type JobStatistics } from '../../shared/redis/job-statistics.ts'
import type { Overview, WorkerInfo } from '../../shared/redis/worker-registry.ts'
import { defineRoute } from '../http/route.ts'
import { cacheFor } from '../load/cache-for.ts'
import { AdminOverview, QueueView, RedisView, Series, SeriesPoint, Span } from '../../shared/admin-overview.ts'
import { seriesOf } from './read-overview.ts'

/** What is asked of Redis. */
export interface OverviewSources {
  overview: () => Promise<Overview>
  readQueue: () => Promise<QueueView>
  readRedis: () => Promise<RedisView>
}

/** However many look at the dashboard, Redis is asked about once a second. */
const MAX_AGE = { freshMs: SECOND / 2, staleMs: SECOND }

/** How all of it stands, as of at most a second ago. */
export function createOverviewReader(sources: OverviewSources): () => Promise<AdminOverview> {
  const { overview, readQueue, readRedis } = sources
  const read = cacheFor(MAX_AGE, async () => {
    const [queue, redis, { workers }] = await Promise.all([readQueue(), readRedis(), overview()])
    return { queue, redis, workers: workers.sort(byHost) }
  })
  return async () => {
    const { queue, redis, workers } = await read()
    const slots = workers.reduce((sum, worker) => sum + worker.slots, 0)
    const pool = { ready: 0, bound: 0, lent: 0, making: 0 }
    for (const { load } of workers) {
      for (const name of ['ready', 'bound', 'lent', 'making'] as const) pool[name] += load?.pool[name] ?? 0
    }
    return { at: new Date().toISOString(), queue, slots, pool, workers, redis }
  }
}

const byHost = (a: WorkerInfo, b: WorkerInfo) => (a.host === b.host ? a.pid - b.pid : a.host < b.host ? -1 : 1)

const common = { method: 'get', tag: 'Administration', scopes: ['admin'], cache: 'no-store' } as const

/** How all of it stands, and how it went in the last hour. */
export const OVERVIEW_ROUTES = [
  defineRoute({
    ...common,
    path: '/v1/admin/overview',
    id: 'readOverview',
    summary: 'Read the state of the installation',
    answers: { 200: { description: 'The state, at most a second old.', schema: AdminOverview } },
    schemas: { AdminOverview, QueueView, RedisView },
    async handle({ readOverview }: { readOverview: () => Promise<AdminOverview> }, { send }) {
      send(200, await readOverview())
    },
  }),
  defineRoute({
    ...common,
    path: '/v1/admin/series',
    id: 'readSeries',
    summary: 'Read recent job statistics',
    description: 'Each point covers ten seconds. Quantiles have an error of at most 2.5 %.',
    query: Type.Object(
      {
        seconds: Type.Optional(
          Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: 'how far back, at most 3600; 3600 when absent' }),
        ),
      },
      { additionalProperties: false },
    ),
    answers: { 200: { description: 'The job statistics.', schema: Series } },
    schemas: { Series, SeriesPoint, Span },
    async handle({ readStatistics }: { readStatistics: (seconds: number) => Promise<JobStatistics> }, { query, send }) {
      const statistics = await readStatistics(Math.min(Number(query.seconds ?? STATISTICS_SECONDS), STATISTICS_SECONDS))
      send(200, seriesOf(statistics, Date.now()))
    },
  }),
]
