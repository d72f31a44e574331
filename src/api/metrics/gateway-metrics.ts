import { Counter, Gauge, Histogram } from 'prom-client'
import { SECOND } from '../../shared/limits.ts'
import { BUCKETS } from '../../shared/metrics/buckets.ts'
import type { Exposition } from '../../shared/metrics/exposition.ts'
import { createFinishedJobs, type CountFinished } from '../../shared/metrics/finished-jobs.ts'
import { createRedisMetrics } from '../../shared/metrics/redis-metrics.ts'
import { createRegister } from '../../shared/metrics/register.ts'
import type { QueueLoad } from '../../shared/jobs/job-admission.ts'
import type { Finding } from '../../shared/security/finding.ts'
import type { ScreeningPolicy } from '../../shared/screening-policy.ts'
import type { Budget, RateLimitCounters } from '../rate-limit/rate-limiter.ts'
import { createInstallationMetrics, type InstallationSources } from './installation-metrics.ts'

/** What refused a job: a bound of the queue, of all or of one tenant, or no engine that works. */
export type Bound = QueueLoad['full'] | `tenant-${QueueLoad['full']}` | 'engine'

export interface AnsweredRequest {
  method: string
  route: string
  /** The answer's, or `aborted`: the client went away before it. */
  status: string
  /** Whether it stays open on purpose: a stream, a socket, a request that waits for a job. */
  longLived: 'yes' | 'no'
}

/** What the gateway counts. Every label has a small, known set of values: never a tenant, an id or a caller's text. */
export interface GatewayMetrics extends Exposition, RateLimitCounters {
  /** A request has met a route. @param before one that passed it on */
  routed: (route: string, before?: string) => void
  /** It is over. @param wasRouted whether it has met one */
  answered: (request: AnsweredRequest, ms: number, wasRouted: boolean) => void
  submitted: (outcome: 'accepted' | 'replayed' | 'blocked' | 'refused', jobs?: number) => void
  refused: (bound: Bound, jobs: number) => void
  screened: (policy: ScreeningPolicy, ms: number, findings: readonly Finding[]) => void
  finished: CountFinished
  /** A tool of the Model Context Protocol was called. */
  toolCalled: (tool: string, outcome: 'succeeded' | 'failed' | 'refused' | 'cancelled' | 'error') => void
  /** A file was uploaded. */
  fileStored: (bytes: number) => void
}

export interface GatewayMetricsOptions extends InstallationSources {
  /** Whether the metrics of Node belong to it. */
  ofNode: boolean
}

export function createGatewayMetrics(options: GatewayMetricsOptions): GatewayMetrics {
  const register = createRegister(options.ofNode)
  const registers = [register]
  const requests = new Histogram({
    name: 'runyard_http_request_duration_seconds',
    help: 'Requests, from the first byte to the end of the answer; held: former name of long_lived, for one version',
    labelNames: ['method', 'route', 'status', 'long_lived', 'held'],
    buckets: BUCKETS.request,
    registers,
  })
  const inFlight = new Gauge({
    name: 'runyard_http_requests_in_flight',
    help: 'Requests with a route that are not answered yet, including event streams and sockets',
    labelNames: ['route'],
    registers,
  })
  const submissions = new Counter({
    name: 'runyard_submissions_total',
    help: 'Jobs submitted to this gateway, each of a batch',
    labelNames: ['outcome'],
    registers,
  })
  const refusals = new Counter({
    name: 'runyard_refused_jobs_total',
    help: 'Jobs that this gateway refused, by the bound that was full',
    labelNames: ['bound'],
    registers,
  })
  const decisions = new Counter({
    name: 'runyard_rate_limit_decisions_total',
    help: 'Decisions of the rate limit; fallback: made by this gateway alone while Redis was away',
    labelNames: ['budget', 'outcome', 'decided_by'],
    registers,
  })
  const screening = new Histogram({
    name: 'runyard_screening_duration_seconds',
    help: 'How long it took to screen a submission',
    labelNames: ['policy'],
    buckets: BUCKETS.screening,
    registers,
  })
  const findings = new Counter({
    name: 'runyard_screening_findings_total',
    help: 'Findings of screening',
    labelNames: ['rule', 'severity', 'policy'],
    registers,
  })
  const uploads = new Counter({ name: 'runyard_uploads_total', help: 'Files uploaded to this gateway', registers })
  const uploadedBytes = new Counter({
    name: 'runyard_uploaded_bytes_total',
    help: 'Bytes of files uploaded to this gateway',
    registers,
  })
  const toolCalls = new Counter({
    name: 'runyard_mcp_tool_calls_total',
    help: 'Calls of tools of the Model Context Protocol; failed: the program did, refused: the caller was told why',
    labelNames: ['tool', 'outcome'],
    registers,
  })
  // There from the start: of a series that begins with 1 no rate can tell the first.
  for (const outcome of ['accepted', 'replayed', 'blocked', 'refused']) submissions.inc({ outcome }, 0)
  const bounds: Bound[] = ['queued', 'delayed', 'bytes', 'tenant-queued', 'tenant-delayed', 'tenant-bytes', 'engine']
  for (const bound of bounds) refusals.inc({ bound }, 0)
  for (const budget of ['submit', 'read'] satisfies Budget[]) {
    for (const decided_by of ['redis', 'local', 'fallback']) {
      for (const outcome of ['passed', 'limited', 'blocked']) decisions.inc({ budget, outcome, decided_by }, 0)
    }
  }
  const finished = createFinishedJobs(registers)
  const askRedis = createRedisMetrics(() => options.redis, registers)
  const readInstallation = createInstallationMetrics(options, registers)

  return {
    routed(route, before) {
      if (before !== undefined) inFlight.dec({ route: before })
      inFlight.inc({ route })
    },
    answered({ method, route, status, longLived }, ms, wasRouted) {
      if (wasRouted) inFlight.dec({ route })
      requests.observe({ method, route, status, long_lived: longLived, held: longLived }, ms / SECOND)
    },
    submitted: (outcome, jobs = 1) => submissions.inc({ outcome }, jobs),
    refused(bound, jobs) {
      submissions.inc({ outcome: 'refused' }, jobs)
      refusals.inc({ bound }, jobs)
    },
    decided: (budget, outcome, by) => decisions.inc({ budget, outcome, decided_by: by }),
    screened(policy, ms, found) {
      screening.observe({ policy }, ms / SECOND)
      for (const { rule, severity } of found) findings.inc({ rule, severity, policy })
    },
    finished,
    toolCalled: (tool, outcome) => toolCalls.inc({ tool, outcome }),
    fileStored(bytes) {
      uploads.inc()
      uploadedBytes.inc(bytes)
    },
    register,
    async text() {
      await Promise.all([askRedis(), readInstallation()])
      return register.metrics()
    },
  }
}
