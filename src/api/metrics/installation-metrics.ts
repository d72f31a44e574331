import type { Redis } from 'ioredis'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Config } from '../../shared/config/config.ts'
import { soon } from '../../shared/metrics/redis-metrics.ts'
import type { Keys } from '../../shared/redis/keys.ts'
import type { Overview } from '../../shared/redis/worker-registry.ts'
import { type Installation, readInstallation } from './installation.ts'

export interface InstallationSources {
  redis: Redis
  keys: Keys
  config: Pick<Config, 'load' | 'maxStoredBytes' | 'files'>
  overview: () => Promise<Overview>
  /** Security events by kind, of all gateways and workers. */
  securityCounts: () => Promise<Record<string, number>>
  /** BullMQ's own counts of a queue by state, by its name. */
  queueCounts: Record<string, () => Promise<Record<string, number>>>
}

/**
 * What Redis knows of the whole installation: every gateway tells the same.
 * @returns a function that reads it; when Redis is away nothing of it is told, since nothing is known
 */
export function createInstallationMetrics(sources: InstallationSources, registers: Registry[]): () => Promise<void> {
  const { redis, keys, config, overview, securityCounts, queueCounts } = sources
  const gauge = (name: string, help: string) => new Gauge({ name: `runyard_${name}`, help, registers })
  const labelled = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Gauge({ name: `runyard_${name}`, help, labelNames, registers })

  const queued = labelled('queued_jobs', 'Waiting jobs, by priority; unknown: jobs of tenants beyond the first 2,000', [
    'priority',
  ])
  const simple: [Gauge, (seen: Installation) => number | undefined][] = [
    [
      gauge('delayed_jobs', 'Jobs that are not due yet, or are held by the cap of their tenant'),
      (seen) => seen.delayed,
    ],
    [gauge('running_jobs', 'Jobs that run, on all workers'), (seen) => seen.running],
    [
      gauge('oldest_queued_seconds', 'Age of the job that has waited longest; 0 when none waits'),
      (seen) => seen.oldestSeconds,
    ],
    [gauge('waiting_bytes', 'Bytes of code and input that wait in Redis'), (seen) => seen.waitingBytes],
    [gauge('waiting_tenants', 'Tenants with a job that waits'), (seen) => seen.waitingTenants],
    [gauge('queue_limit_jobs', 'MAX_QUEUED_JOBS of this gateway'), () => config.load.maxQueuedJobs],
    [gauge('queue_limit_bytes', 'MAX_QUEUED_BYTES of this gateway'), () => config.load.maxQueuedBytes],
    [gauge('stored_jobs', 'Finished jobs that are kept'), (seen) => seen.storedJobs],
    [gauge('stored_bytes', 'Bytes of finished jobs that are kept'), (seen) => seen.storedBytes],
    [gauge('stored_limit_bytes', 'MAX_STORED_BYTES of this gateway'), () => config.maxStoredBytes],
    [gauge('files', 'Files that are kept, of all tenants'), (seen) => seen.files],
    [gauge('file_bytes', 'Bytes in the file store, and reserved for uploads'), (seen) => seen.fileBytes],
    [gauge('file_limit_bytes', 'FILES_MAX_BYTES of this gateway'), () => config.files.storeMaxBytes],
    [gauge('webhooks_pending', 'Deliveries of webhooks that have not ended'), (seen) => seen.pendingDeliveries],
    [
      gauge('webhooks_overdue', 'Deliveries that should have been tried a minute ago'),
      (seen) => seen.overdueDeliveries,
    ],
    [gauge('blocked_callers', 'Addresses and keys that are blocked now'), (seen) => seen.blocked],
    [gauge('redis_used_bytes', 'Memory that Redis uses'), (seen) => seen.redis.usedBytes],
    [
      gauge('redis_limit_bytes', 'Memory that Redis may use: its maxmemory, else that of its machine'),
      (seen) => seen.redis.boundBytes,
    ],
    [gauge('redis_clients', 'Connections to Redis, of everybody'), (seen) => seen.redis.clients],
    [
      gauge('redis_persisting', 'Whether the last writes of Redis to disk succeeded: 1 or 0'),
      ({ redis: { isPersisting } }) => (isPersisting === undefined ? undefined : Number(isPersisting)),
    ],
  ]
  const workers = labelled('workers', 'Workers that are alive, by the state of their container engine', ['engine'])
  const slots = gauge('slots', 'Jobs that the workers alive with a working engine can run at a time')
  const bullmq = labelled('bullmq_jobs', 'Jobs in the queues of BullMQ, by its states', ['queue', 'state'])
  const securityEvents = new Counter({
    name: 'runyard_security_events_total',
    help: 'Security events of the whole installation',
    labelNames: ['kind'],
    registers,
  })

  const fill = (seen: Installation | undefined) => {
    queued.reset()
    for (const [one, value] of simple) {
      const known = seen && value(seen)
      if (known === undefined) one.remove()
      else one.set(known)
    }
    for (const [priority, jobs] of Object.entries(seen?.queued ?? {})) queued.set({ priority }, jobs)
  }
  const fillRest = (
    seen: Overview | undefined,
    events: Record<string, number>,
    counts: Record<string, Record<string, number>>,
  ) => {
    for (const one of [workers, slots, bullmq, securityEvents]) one.reset()
    if (seen) {
      const up = seen.workers.filter(({ engine }) => engine === 'up')
      workers.set({ engine: 'up' }, up.length)
      workers.set({ engine: 'down' }, seen.workers.length - up.length)
      slots.set(up.reduce((sum, worker) => sum + worker.slots, 0))
    } else slots.remove()
    for (const [kind, count] of Object.entries(events)) securityEvents.inc({ kind }, count)
    for (const [queue, states] of Object.entries(counts)) {
      for (const [state, count] of Object.entries(states)) bullmq.set({ queue, state }, count)
    }
  }

  return async () => {
    const ofQueues = Promise.all(
      Object.entries(queueCounts).map(async ([name, count]) => [name, await count()] as const),
    )
    const all = soon(Promise.all([readInstallation(redis, keys), overview(), securityCounts(), ofQueues]))
    const [seen, workersSeen, events = {}, counts = []] = await all.catch(() => [] as const)
    fill(seen)
    fillRest(workersSeen, events, Object.fromEntries(counts))
  }
}
