import { Router } from 'express'
import Type from 'typebox'
import { SECOND } from '../../shared/limits.ts'
import { FIGURES_SECONDS, type Figures } from '../../shared/redis/figures.ts'
import type { WorkerInfo } from '../../shared/redis/worker-registry.ts'
import { cacheFor } from '../load/cache-for.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { noQuery, queryOf } from '../http/query.ts'
import { type AdminOverview, type QueueView, type RedisView, seriesOf } from './read-overview.ts'
import type { RouteDeps } from '../routes/deps.ts'

export interface AdminOverviewDeps {
  overview: RouteDeps['overview']
  readQueue: () => Promise<QueueView>
  readRedis: () => Promise<RedisView>
  readFigures: (seconds: number) => Promise<Figures>
}

/** However many look at the dashboard, Redis is asked about once a second. */
const MAX_AGE = { freshMs: SECOND / 2, staleMs: SECOND }

export const SeriesQuery = Type.Object(
  {
    seconds: Type.Optional(
      Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: 'how far back, at most 3600; 3600 when absent' }),
    ),
  },
  { additionalProperties: false },
)
const seriesQuery = queryOf(SeriesQuery)

/** `/overview` and `/series`: how all of it stands, and how it went in the last hour. Which callers may is decided before. */
export function adminOverviewRoutes({ overview, readQueue, readRedis, readFigures }: AdminOverviewDeps): Router {
  const router = Router()
  const read = cacheFor(MAX_AGE, async () => {
    const [queue, redis, { workers }] = await Promise.all([readQueue(), readRedis(), overview()])
    return { queue, redis, workers: workers.sort(byHost) }
  })
  router
    .route('/overview')
    .get(noQuery, async (_req, res) => {
      const { queue, redis, workers } = await read()
      const slots = workers.reduce((sum, worker) => sum + worker.slots, 0)
      const pool = { ready: 0, bound: 0, lent: 0, making: 0 }
      for (const { load } of workers) {
        for (const name of ['ready', 'bound', 'lent', 'making'] as const) pool[name] += load?.pool[name] ?? 0
      }
      const answer: AdminOverview = { at: new Date().toISOString(), queue, slots, pool, workers, redis }
      res.set('Cache-Control', 'no-store').json(answer)
    })
    .all(onlyMethods('GET'))
  router
    .route('/series')
    .get(async (req, res) => {
      const { seconds = String(FIGURES_SECONDS) } = seriesQuery(req)
      const figures = await readFigures(Math.min(Number(seconds), FIGURES_SECONDS))
      res.set('Cache-Control', 'no-store').json(seriesOf(figures, Date.now()))
    })
    .all(onlyMethods('GET'))
  return router
}

const byHost = (a: WorkerInfo, b: WorkerInfo) => (a.host === b.host ? a.pid - b.pid : a.host < b.host ? -1 : 1)
