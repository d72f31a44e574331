import { Counter, Gauge, Registry } from 'prom-client'
import type { Overview } from '../shared/redis/worker-registry.ts'

/** What the gateway counts, in the text format of Prometheus. */
export interface Metrics {
  /** A request was refused by the rate limit. */
  limited: (budget: 'submit' | 'read', decidedBy: 'local' | 'redis') => void
  submission: (outcome: 'accepted' | 'blocked') => void
  /** @throws when Redis fails */
  text: () => Promise<string>
  readonly contentType: string
}

export interface MetricsOptions {
  overview: () => Promise<Overview>
  countQueued: () => Promise<number>
  /** Security events by kind, of all gateways and workers. */
  securityCounts: () => Promise<Record<string, number>>
}

export function createMetrics({ overview, countQueued, securityCounts }: MetricsOptions): Metrics {
  const register = new Registry()
  const registers = [register]
  const rateLimited = new Counter({
    name: 'runyard_rate_limited_total',
    help: 'Requests of this gateway that were refused by the rate limit',
    labelNames: ['budget', 'decided_by'],
    registers,
  })
  const submissions = new Counter({
    name: 'runyard_submissions_total',
    help: 'Submissions to this gateway, accepted or blocked by screening',
    labelNames: ['outcome'],
    registers,
  })
  const securityEvents = new Counter({
    name: 'runyard_security_events_total',
    help: 'Security events of the whole installation',
    labelNames: ['kind'],
    registers,
  })
  const queued = new Gauge({ name: 'runyard_queued_jobs', help: 'Jobs that wait', registers })
  const workers = new Gauge({
    name: 'runyard_workers',
    help: 'Workers that are alive, by the state of their container engine',
    labelNames: ['engine'],
    registers,
  })
  return {
    limited: (budget, decidedBy) => rateLimited.inc({ budget, decided_by: decidedBy }),
    submission: (outcome) => submissions.inc({ outcome }),
    contentType: register.contentType,
    async text() {
      const [seen, waiting, counts] = await Promise.all([overview(), countQueued(), securityCounts()])
      queued.set(waiting)
      for (const engine of ['up', 'down']) {
        workers.set({ engine }, seen.workers.filter((worker) => worker.engine === engine).length)
      }
      securityEvents.reset()
      for (const [kind, count] of Object.entries(counts)) securityEvents.inc({ kind }, count)
      return register.metrics()
    },
  }
}
