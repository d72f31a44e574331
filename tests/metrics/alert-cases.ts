/** Series by their selectors, a value a minute, in promtool's notation: `1x5` is six times 1, `0+2x5` rises by 2. */
type Series = Record<string, string>

/** Of each alert, a history after which it fires, and one after which it does not. */
export interface AlertCase {
  fires: Series
  quiet: Series
  /** When it is looked at, e.g. `10m`. */
  at: string
  labels: Record<string, string>
  summary: string
}

const GATEWAY = 'instance="g:9464", job="runyard-gateway"'
const WORKER = 'instance="w:9465", job="runyard-worker"'
const gateway = { instance: 'g:9464', job: 'runyard-gateway' }
const worker = { instance: 'w:9465', job: 'runyard-worker' }
const critical = { severity: 'critical' }
const warning = { severity: 'warning' }
const info = { severity: 'info' }

const requests = (labels: string) => `runyard_http_request_duration_seconds_count{${labels}, ${GATEWAY}}`
const fast = `runyard_http_request_duration_seconds_bucket{long_lived="no", le="0.5", ${GATEWAY}}`
const all = requests('long_lived="no", status="200"')
const waits = `runyard_job_queue_wait_seconds_count{priority="normal", ${WORKER}}`
const shortWaits = `runyard_job_queue_wait_seconds_bucket{priority="normal", le="5", ${WORKER}}`
const starts = (le: string) => `runyard_sandbox_start_seconds_bucket{le="${le}", ${WORKER}}`

export const ALERT_CASES: Record<string, AlertCase> = {
  RunyardGatewayDown: {
    fires: { [`up{${GATEWAY}}`]: '1 0 0 0' },
    // It restarts, and workers are another matter.
    quiet: { [`up{${GATEWAY}}`]: '1 1 0 1', [`up{${WORKER}}`]: '0 0 0 0' },
    at: '3m',
    labels: { ...gateway, ...critical },
    summary: 'The gateway g:9464 does not answer.',
  },
  RunyardWorkerDown: {
    fires: { [`up{${WORKER}}`]: '1 0 0 0' },
    quiet: { [`up{${WORKER}}`]: '1 1 0 0', [`up{${GATEWAY}}`]: '0 0 0 0' },
    at: '3m',
    labels: { ...worker, ...warning },
    summary: 'The worker w:9465 does not answer.',
  },
  RunyardNoWorker: {
    fires: {
      [`runyard_workers{engine="up", ${GATEWAY}}`]: '1 0 0 0',
      [`runyard_workers{engine="down", ${GATEWAY}}`]: '0 0 0 0',
    },
    quiet: {
      [`runyard_workers{engine="up", ${GATEWAY}}`]: '1 0 0 0',
      [`runyard_workers{engine="down", ${GATEWAY}}`]: '0 1 1 1',
    },
    at: '3m',
    labels: critical,
    summary: 'No worker is alive; jobs are accepted and wait.',
  },
  RunyardEngineDown: {
    fires: { [`runyard_engine_up{${WORKER}}`]: '1 0 0 0 0' },
    quiet: { [`runyard_engine_up{${WORKER}}`]: '1 0 0 1 0' },
    at: '4m',
    labels: { ...worker, ...critical },
    summary: 'The container engine of the worker w:9465 makes no sandboxes; it takes no jobs.',
  },
  RunyardRedisUnreachable: {
    fires: { [`runyard_redis_up{${WORKER}}`]: '1 0 0 0', [`runyard_redis_up{${GATEWAY}}`]: '1x4' },
    quiet: { [`runyard_redis_up{${WORKER}}`]: '1 0 1 0' },
    at: '3m',
    labels: { ...worker, ...critical },
    summary: 'runyard-worker w:9465 does not reach Redis.',
  },
  RunyardQueueGrowing: {
    fires: {
      [`runyard_oldest_queued_seconds{${GATEWAY}}`]: '0+30x20',
      [`runyard_queued_jobs{priority="normal", ${GATEWAY}}`]: '0+10x20',
    },
    // It is long, and shrinks.
    quiet: {
      [`runyard_oldest_queued_seconds{${GATEWAY}}`]: '600x20',
      [`runyard_queued_jobs{priority="normal", ${GATEWAY}}`]: '500-10x20',
    },
    at: '20m',
    labels: warning,
    summary: 'More jobs come than are run; the first of them has waited 10m 0s.',
  },
  RunyardQueueNearlyFull: {
    fires: {
      [`runyard_queued_jobs{priority="normal", ${GATEWAY}}`]: '600x5',
      [`runyard_queued_jobs{priority="high", ${GATEWAY}}`]: '300x5',
      [`runyard_queue_limit_jobs{${GATEWAY}}`]: '1000x5',
    },
    // Two gateways tell of the same jobs.
    quiet: {
      [`runyard_queued_jobs{priority="normal", ${GATEWAY}}`]: '600x5',
      'runyard_queued_jobs{priority="normal", instance="h:9464", job="runyard-gateway"}': '600x5',
      [`runyard_queue_limit_jobs{${GATEWAY}}`]: '1000x5',
      [`runyard_waiting_bytes{${GATEWAY}}`]: '500x5',
      [`runyard_queue_limit_bytes{${GATEWAY}}`]: '1000x5',
    },
    at: '5m',
    labels: warning,
    summary: 'The queue is filled to 90%.',
  },
  RunyardQueueFull: {
    fires: { [`runyard_refused_jobs_total{bound="bytes", ${GATEWAY}}`]: '0 0 1 1 1' },
    // One tenant's own fault.
    quiet: {
      [`runyard_refused_jobs_total{bound="tenant-queued", ${GATEWAY}}`]: '0+5x5',
      [`runyard_refused_jobs_total{bound="queued", ${GATEWAY}}`]: '7x5',
    },
    at: '4m',
    labels: critical,
    summary: 'Jobs are refused, for the queue has no room.',
  },
  RunyardQueueWaitBurn: {
    fires: { [waits]: '0+100x70', [shortWaits]: '0+80x70' },
    // 1 in 10: much, but not for long.
    quiet: { [waits]: '0+100x70', [shortWaits]: '0+90x70' },
    at: '70m',
    labels: warning,
    summary: '20% of the jobs of the last hour waited over 5 s.',
  },
  RunyardAllSlotsBusy: {
    fires: { [`runyard_worker_slots_busy{${WORKER}}`]: '4x40', [`runyard_worker_slots{${WORKER}}`]: '4x40' },
    quiet: { [`runyard_worker_slots_busy{${WORKER}}`]: '4x29 3 4x10', [`runyard_worker_slots{${WORKER}}`]: '4x40' },
    at: '35m',
    labels: info,
    summary: 'All slots have been busy for half an hour.',
  },
  RunyardInternalErrors: {
    fires: {
      [`runyard_jobs_finished_total{runtime="python", status="internal-error", ${WORKER}}`]: '0x5 1x5',
    },
    quiet: {
      [`runyard_jobs_finished_total{runtime="python", status="internal-error", ${WORKER}}`]: '3x10',
      [`runyard_jobs_finished_total{runtime="python", status="failed", ${WORKER}}`]: '0+9x10',
    },
    at: '10m',
    labels: critical,
    summary: 'Jobs end as internal-error, by no fault of theirs.',
  },
  RunyardSandboxFaults: {
    fires: { [`runyard_sandbox_faults_total{kind="stream", ${WORKER}}`]: '0+1x10' },
    quiet: { [`runyard_sandbox_faults_total{kind="stream", ${WORKER}}`]: '0x5 2x5' },
    at: '10m',
    labels: { instance: 'w:9465', ...warning },
    summary: 'Sandboxes of the worker w:9465 fail.',
  },
  RunyardSandboxesSlow: {
    fires: { [starts('5')]: '0+1x30', [starts('10')]: '0+10x30', [starts('+Inf')]: '0+10x30' },
    quiet: { [starts('5')]: '0+10x30', [starts('10')]: '0+10x30', [starts('+Inf')]: '0+10x30' },
    at: '30m',
    labels: { instance: 'w:9465', ...warning },
    summary: 'Of the sandboxes of the worker w:9465, 1 in 20 takes over 5 s to start.',
  },
  RunyardServerErrors: {
    fires: { [requests('status="503"')]: '0+10x15', [requests('status="200"')]: '0+90x15' },
    quiet: { [requests('status="503"')]: '0+1x15', [requests('status="404"')]: '0+99x15' },
    at: '15m',
    labels: critical,
    summary: '10% of the requests are answered with 5xx.',
  },
  RunyardLatencyBurn: {
    fires: { [all]: '0+100x70', [fast]: '0+75x70' },
    // Slow an hour ago, fast now; and what waits for a job is no matter.
    quiet: {
      [all]: '0+100x70',
      [fast]: '0+50x60 3100+100x10',
      [requests('long_lived="yes", status="200"')]: '0+900x70',
    },
    at: '70m',
    labels: warning,
    summary: '25% of the requests of the last hour took over 0.5 s.',
  },
  RunyardEventLoopSlow: {
    fires: { [`nodejs_eventloop_lag_p99_seconds{${GATEWAY}}`]: '0.5x15' },
    quiet: {
      [`nodejs_eventloop_lag_p99_seconds{${GATEWAY}}`]: '0.02x15',
      'nodejs_eventloop_lag_p99_seconds{instance="o:1", job="other"}': '0.5x15',
    },
    at: '15m',
    labels: { ...gateway, ...warning },
    summary: 'runyard-gateway g:9464 is busy: 1 in 100 of its turns comes 500ms late.',
  },
  RunyardAbuseSpike: {
    fires: { [`runyard_security_events_total{kind="caller-blocked", ${GATEWAY}}`]: '0+2x10' },
    quiet: {
      [`runyard_security_events_total{kind="caller-blocked", ${GATEWAY}}`]: '100x5 103x5',
      [`runyard_security_events_total{kind="rate-limited", ${GATEWAY}}`]: '0+50x10',
    },
    at: '10m',
    labels: warning,
    summary: '20 callers were blocked within ten minutes.',
  },
  RunyardEscapeAttempts: {
    fires: { [`runyard_security_events_total{kind="escape-attempt", ${GATEWAY}}`]: '0x5 1x5' },
    quiet: {
      [`runyard_security_events_total{kind="escape-attempt", ${GATEWAY}}`]: '4x10',
      [`runyard_security_events_total{kind="time-limit", ${GATEWAY}}`]: '0+1x10',
    },
    at: '10m',
    labels: warning,
    summary: 'Programs try to get out of their sandbox.',
  },
  RunyardWebhookDeadLetters: {
    fires: { [`runyard_webhook_deliveries_total{state="failed", ${WORKER}}`]: '0+1x60' },
    quiet: {
      [`runyard_webhook_deliveries_total{state="failed", ${WORKER}}`]: '2x60',
      [`runyard_webhook_deliveries_total{state="succeeded", ${WORKER}}`]: '0+1x60',
    },
    at: '60m',
    labels: warning,
    summary: '60 deliveries of webhooks were given up within an hour.',
  },
  RunyardWebhooksOverdue: {
    fires: { [`runyard_webhooks_overdue{${GATEWAY}}`]: '3x15' },
    quiet: { [`runyard_webhooks_overdue{${GATEWAY}}`]: '3x5 0 3x9' },
    at: '14m',
    labels: warning,
    summary: '3 deliveries of webhooks should have been tried and were not.',
  },
  RunyardRedisMemory: {
    fires: { [`runyard_redis_used_bytes{${GATEWAY}}`]: '90x15', [`runyard_redis_limit_bytes{${GATEWAY}}`]: '100x15' },
    quiet: { [`runyard_redis_used_bytes{${GATEWAY}}`]: '70x15', [`runyard_redis_limit_bytes{${GATEWAY}}`]: '100x15' },
    at: '15m',
    labels: critical,
    summary: 'Redis uses 90% of the memory it may.',
  },
  RunyardRedisNotPersisting: {
    fires: { [`runyard_redis_persisting{${GATEWAY}}`]: '1 0 0 0 0' },
    quiet: { [`runyard_redis_persisting{${GATEWAY}}`]: '1 0 0 1 0' },
    at: '4m',
    labels: critical,
    summary: 'Redis cannot write to its disk, and takes no jobs.',
  },
  RunyardResultsNearBound: {
    fires: { [`runyard_stored_bytes{${GATEWAY}}`]: '95x40', [`runyard_stored_limit_bytes{${GATEWAY}}`]: '100x40' },
    quiet: { [`runyard_stored_bytes{${GATEWAY}}`]: '80x40', [`runyard_stored_limit_bytes{${GATEWAY}}`]: '100x40' },
    at: '40m',
    labels: info,
    summary: 'Results fill 95% of their room; the oldest will go before their time.',
  },
}
