import Type from 'typebox'
import type { Config } from '../../shared/config/config.ts'
import { SECOND } from '../../shared/limits.ts'
import { Problem, queueUnavailable, RETRY_SOON } from '../../shared/problems.ts'
import type { Overview } from '../../shared/redis/worker-registry.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Core } from '../core.ts'
import { type BoundRoute, bindRoutes, defineRoute } from '../http/route.ts'
import { checkWorkers, knownRuntimes } from '../load/check-workers.ts'
import { queueFull } from '../load/queue-full.ts'
import { type QueueStanding, readQueueStanding, SMALLEST } from '../load/queue-standing.ts'

/** On a machine that is not slow. */
const PING_TIMEOUT_MS = SECOND

const Health = Type.Object({ status: Type.Literal('ok') })

const Readiness = Type.Object({
  status: Type.Literal('ok'),
  redis: Type.Literal('ok'),
  workers: Type.Integer({ description: 'workers that can run jobs; jobs wait while it is 0' }),
  queued: Type.Integer({ description: 'waiting jobs' }),
})

export interface ReadinessNeeds {
  config: Pick<Config, 'load'>
  /** Answers when Redis does. @throws Problem `unavailable` when it does not within a second (`TIMEOUT_FACTOR`) */
  pingRedis: () => Promise<void>
  overview: () => Promise<Overview>
  /** How the queue stands, as of now. */
  queueStanding: () => Promise<QueueStanding>
  closing: AbortSignal
}

export const HEALTH_ROUTES = [
  defineRoute({
    method: 'get',
    path: '/healthz',
    id: 'health',
    tag: 'Service',
    summary: 'Check that the gateway is alive',
    scopes: 'open',
    answers: { 200: { description: 'The gateway is alive.', schema: Health } },
    schemas: { Health },
    handle: (_needs: unknown, { send }) => send(200, { status: 'ok' }),
  }),
  defineRoute({
    method: 'get',
    path: '/readyz',
    id: 'readiness',
    tag: 'Service',
    summary: 'Check that submissions are accepted',
    description: 'Otherwise, returns the error that a submission would get.',
    scopes: 'open',
    answers: {
      200: {
        description: 'Submissions are accepted.',
        schema: Readiness,
        examples: { ready: { summary: 'Ready', value: { status: 'ok', redis: 'ok', workers: 1, queued: 0 } } },
      },
    },
    problems: ['unavailable', 'queue-full', 'engine-unavailable'],
    schemas: { Readiness },
    async handle({ config, pingRedis, overview, queueStanding, closing }: ReadinessNeeds, { send }) {
      if (closing.aborted) throw closes()
      await pingRedis()
      const [seen, { queued, full }] = await Promise.all([overview(), queueStanding()])
      checkWorkers(seen)
      knownRuntimes(seen)
      if (full) throw queueFull(full, config.load, SMALLEST)
      const workers = seen.workers.filter((worker) => worker.engine === 'up').length
      send(200, { status: 'ok', redis: 'ok', workers, queued })
    },
  }),
]

const closes = () => new Problem('unavailable', 'the gateway is closing', { headers: RETRY_SOON })

/** `/healthz`: this process lives. `/readyz`: a submission would be accepted now. */
export function createHealthFeature(core: Core, needs: Pick<ReadinessNeeds, 'overview'>): { routes: BoundRoute[] } {
  const { config, redis, keys, closing } = core
  const pingRedis = async () => {
    const late = sleep(PING_TIMEOUT_MS * config.timeoutFactor, 'late', { ref: false })
    if ((await Promise.race([redis.ping(), late])) === 'late') throw queueUnavailable()
  }
  const queueStanding = () => readQueueStanding(redis, keys, config.load)
  return { routes: bindRoutes({ ...needs, config, closing, pingRedis, queueStanding }, HEALTH_ROUTES) }
}
