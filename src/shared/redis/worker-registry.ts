import type { Redis } from 'ioredis'
import Type, { type Static } from 'typebox'
import type { Keys } from './keys.ts'

/** What a worker can run. */
export const Runtimes = Type.Object({
  languages: Type.Record(Type.String(), Type.String(), {
    description: 'language id to the version in its image, e.g. `{"python": "3.13.5"}`',
  }),
  images: Type.Array(Type.String(), { description: 'other images allowed in container jobs' }),
  // Workers of before sessions do not tell it.
  kernels: Type.Optional(
    Type.Array(Type.String(), { description: 'ids of the languages whose kernels are installed, for sessions' }),
  ),
  // Workers of before environments do not tell it.
  packages: Type.Optional(
    Type.Array(Type.String(), { description: 'ids of the languages for which packages can be installed' }),
  ),
})
export type Runtimes = Static<typeof Runtimes>

export const PoolCounts = Type.Object({
  ready: Type.Integer({ description: 'ready for any tenant' }),
  bound: Type.Integer({ description: 'idle between two jobs of one tenant' }),
  lent: Type.Integer({ description: 'in use' }),
  making: Type.Integer(),
})
export type PoolCounts = Static<typeof PoolCounts>

/** What a worker and its machine are busy with. */
export const WorkerLoad = Type.Object({
  jobs: Type.Integer({ description: 'running jobs' }),
  pool: PoolCounts,
  cpus: Type.Integer(),
  load1: Type.Number({ description: 'of the machine: processes that want to run, averaged over a minute' }),
  memoryBytes: Type.Integer(),
  freeMemoryBytes: Type.Integer(),
})

export const SessionLoad = Type.Object({
  memoryBytes: Type.Integer({ description: 'what the limits of its sessions may be together' }),
  usedBytes: Type.Integer({ description: 'what they are' }),
  count: Type.Integer(),
})
export type SessionLoad = Static<typeof SessionLoad>

export const WorkerInfo = Type.Object({
  id: Type.String(),
  host: Type.String(),
  pid: Type.Integer(),
  startedAt: Type.String({ format: 'date-time' }),
  slots: Type.Integer({ description: 'jobs at a time' }),
  engine: Type.Enum(['up', 'down'], {
    description: 'whether its container engine answers; while it does not, it takes no jobs',
  }),
  runtimes: Runtimes,
  // Workers of before the dashboard do not tell the rest.
  heartbeatAt: Type.Optional(Type.String({ format: 'date-time', description: 'when it reported this' })),
  load: Type.Optional(WorkerLoad),
  sessions: Type.Optional(SessionLoad),
  installsOnRequest: Type.Optional(Type.Boolean({ description: 'whether it installs languages on request' })),
})
export type WorkerInfo = Static<typeof WorkerInfo>

/** How often a worker tells that it is there, and how long after the last time it counts as gone. */
export const HEARTBEAT_MS = 5_000
export const WORKER_TTL_MS = 20_000

export interface WorkerRegistry {
  heartbeat(worker: WorkerInfo): Promise<void>
  leave(id: string): Promise<void>
  /** Workers whose heartbeat is recent. */
  alive(): Promise<WorkerInfo[]>
  /** @throws when Redis fails */
  overview(): Promise<Overview>
}

export interface Overview {
  /** Those that are alive. */
  workers: WorkerInfo[]
  /**
   * What can be run: what every worker alive has, since any of them may get the job; when none is alive, what there was
   * last, so that jobs can be accepted while every worker restarts. Undefined before the first worker told.
   */
  runtimes: Runtimes | undefined
}

export function createWorkerRegistry(redis: Redis, keys: Keys): WorkerRegistry {
  const alive = async (): Promise<WorkerInfo[]> => {
    const ids = await redis.zrangebyscore(keys.workers, Date.now() - WORKER_TTL_MS, '+inf')
    if (ids.length === 0) return []
    const found = await redis.mget(ids.map((id) => keys.worker(id)))
    return found.flatMap((text) => (text === null ? [] : [JSON.parse(text) as WorkerInfo]))
  }
  return {
    async heartbeat(worker) {
      const now = Date.now()
      await redis
        .multi()
        .set(keys.worker(worker.id), JSON.stringify(worker), 'PX', WORKER_TTL_MS)
        .zadd(keys.workers, now, worker.id)
        .zremrangebyscore(keys.workers, 0, now - WORKER_TTL_MS)
        .pexpire(keys.workers, WORKER_TTL_MS)
        .set(keys.runtimes, JSON.stringify(worker.runtimes))
        .exec()
    },
    async leave(id) {
      await redis.multi().del(keys.worker(id)).zrem(keys.workers, id).exec()
    },
    alive,
    async overview() {
      const workers = await alive()
      const [first, ...others] = workers.map((worker) => worker.runtimes)
      if (first) return { workers, runtimes: others.reduce(common, first) }
      const last = await redis.get(keys.runtimes)
      return { workers, runtimes: last === null ? undefined : (JSON.parse(last) as Runtimes) }
    },
  }
}

/** What both have. */
function common(a: Runtimes, b: Runtimes): Runtimes {
  return {
    languages: Object.fromEntries(Object.entries(a.languages).filter(([id]) => id in b.languages)),
    images: a.images.filter((image) => b.images.includes(image)),
    // One worker that installs is enough for all.
    ...((a.packages ?? b.packages) && { packages: [...new Set([...(a.packages ?? []), ...(b.packages ?? [])])] }),
    ...(a.kernels && b.kernels && { kernels: a.kernels.filter((id) => b.kernels?.includes(id)) }),
  }
}
