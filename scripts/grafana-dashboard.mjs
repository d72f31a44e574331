// Writes deploy/grafana/runyard.json. A test compares the two; run this when it fails.
import { readFileSync, writeFileSync } from 'node:fs'

const WIDTH = 24
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }
const RATE = '[$__rate_interval]'

/** The queries of a panel: expressions by their legends. */
const targets = (queries) =>
  Object.entries(queries).map(([legendFormat, expr], index) => ({
    refId: String.fromCharCode(65 + index),
    datasource: DATASOURCE,
    expr,
    legendFormat,
  }))

const series = (title, unit, queries, { width = 8, stack = false, description = '' } = {}) => ({
  type: 'timeseries',
  title,
  description,
  width,
  height: 8,
  datasource: DATASOURCE,
  targets: targets(queries),
  fieldConfig: {
    defaults: {
      unit,
      min: 0,
      custom: {
        drawStyle: 'line',
        fillOpacity: stack ? 30 : 8,
        lineWidth: 1,
        showPoints: 'never',
        stacking: { mode: stack ? 'normal' : 'none', group: 'A' },
      },
    },
    overrides: [],
  },
  options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
})

const stat = (title, unit, expr, steps = [[null, 'green']], width = 3) => ({
  type: 'stat',
  title,
  width,
  height: 4,
  datasource: DATASOURCE,
  targets: targets({ '': expr }),
  fieldConfig: {
    defaults: { unit, thresholds: { mode: 'absolute', steps: steps.map(([value, color]) => ({ value, color })) } },
    overrides: [],
  },
  options: { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'value', graphMode: 'area' },
})

const quantiles = (metric, by = '', labels = '') =>
  Object.fromEntries(
    [0.5, 0.95, 0.99].map((quantile) => [
      `p${quantile * 100}${by && ` {{${by}}}`}`,
      `histogram_quantile(${quantile}, sum by (${[by, 'le'].filter(Boolean).join(', ')}) (rate(${metric}_bucket${labels && `{${labels}}`}${RATE})))`,
    ]),
  )
const p95 = (metric, by) => ({
  [`{{${by}}}`]: `histogram_quantile(0.95, sum by (${by}, le) (rate(${metric}_bucket${RATE})))`,
})
const rate = (metric, by, labels = '') => ({
  [`{{${by}}}`]: `sum by (${by}) (rate(${metric}${labels && `{${labels}}`}${RATE}))`,
})

const GREEN_RED = [
  [null, 'green'],
  [1, 'red'],
]
const RED_GREEN = [
  [null, 'red'],
  [1, 'green'],
]
const HTTP = 'runyard_http_request_duration_seconds'

const rows = {
  Overview: [
    stat('Jobs a second', 'ops', `sum(rate(runyard_jobs_finished_total${RATE}))`),
    stat('Waiting', 'short', 'max(sum by (instance) (runyard_queued_jobs))'),
    stat('Running', 'short', 'max(runyard_running_jobs)'),
    stat('Slots', 'short', 'max(runyard_slots)', RED_GREEN),
    stat('Workers', 'short', 'max(runyard_workers{engine="up"})', RED_GREEN),
    stat('Redis', 'short', 'min(runyard_redis_up)', RED_GREEN),
    stat(
      'Internal errors, 1 h',
      'short',
      'sum(increase(runyard_jobs_finished_total{status="internal-error"}[1h]))',
      GREEN_RED,
    ),
    stat(
      '5xx',
      'percentunit',
      `(sum(rate(${HTTP}_count{status=~"5.."}${RATE})) or vector(0)) / sum(rate(${HTTP}_count${RATE}))`,
      [
        [null, 'green'],
        [0.01, 'orange'],
        [0.05, 'red'],
      ],
    ),
    series('Jobs by status', 'ops', rate('runyard_jobs_finished_total', 'status'), { stack: true, width: 12 }),
    series('From accepted to stored', 's', quantiles('runyard_job_turnaround_seconds'), { width: 12 }),
  ],
  Gateway: [
    series('Requests by status', 'reqps', rate(`${HTTP}_count`, 'status'), { stack: true }),
    series('Time to answer, of short-lived requests', 's', quantiles(HTTP, '', 'long_lived="no"')),
    series('p95 by route', 's', {
      '{{method}} {{route}}': `histogram_quantile(0.95, sum by (method, route, le) (rate(${HTTP}_bucket{long_lived="no"}${RATE})))`,
    }),
    series('Submissions by outcome', 'ops', rate('runyard_submissions_total', 'outcome'), { stack: true }),
    series('Refused, by what was full', 'ops', rate('runyard_refused_jobs_total', 'bound'), { stack: true }),
    series('Open requests, streams and sockets', 'short', {
      '{{route}}': 'sum by (route) (runyard_http_requests_in_flight)',
    }),
    series('Rate limit', 'ops', {
      '{{budget}} {{outcome}} by {{decided_by}}': `sum by (budget, outcome, decided_by) (rate(runyard_rate_limit_decisions_total${RATE}))`,
    }),
    series('Screening', 's', quantiles('runyard_screening_duration_seconds')),
    series('Calls of tools (MCP)', 'ops', {
      '{{tool}} {{outcome}}': `sum by (tool, outcome) (rate(runyard_mcp_tool_calls_total${RATE}))`,
    }),
  ],
  Queue: [
    series(
      'Waiting by priority',
      'short',
      { '{{priority}}': 'max by (priority) (runyard_queued_jobs)' },
      { stack: true },
    ),
    series('Delayed, running, room', 'short', {
      delayed: 'max(runyard_delayed_jobs)',
      running: 'max(runyard_running_jobs)',
      slots: 'max(runyard_slots)',
    }),
    series('Filled', 'percentunit', {
      jobs: 'max(sum by (instance) (runyard_queued_jobs)) / max(runyard_queue_limit_jobs)',
      bytes: 'max(runyard_waiting_bytes) / max(runyard_queue_limit_bytes)',
    }),
    series('Wait for the first attempt, p95 by priority', 's', p95('runyard_job_queue_wait_seconds', 'priority')),
    series('Wait of the first in the queue', 's', { oldest: 'max(runyard_oldest_queued_seconds)' }),
    series('Tenants that wait', 'short', { tenants: 'max(runyard_waiting_tenants)' }),
    series('BullMQ', 'short', { '{{queue}} {{state}}': 'max by (queue, state) (runyard_bullmq_jobs)' }, { width: 12 }),
    series('Sent back to the queue', 'ops', rate('runyard_jobs_requeued_total', 'reason'), { width: 12 }),
  ],
  'Workers and pool': [
    series('Busy slots', 'percentunit', { '{{instance}}': 'runyard_worker_slots_busy / runyard_worker_slots' }),
    series('Attempts by runtime', 'ops', rate('runyard_job_attempts_total', 'runtime'), { stack: true }),
    series('Duration, p95 by runtime', 's', p95('runyard_job_duration_seconds', 'runtime')),
    series('Stages, p95', 's', {
      '{{runtime}} {{stage}}': `histogram_quantile(0.95, sum by (runtime, stage, le) (rate(runyard_stage_duration_seconds_bucket${RATE})))`,
    }),
    series('Sandboxes', 'short', {
      '{{state}}': 'sum by (state) (runyard_sandboxes)',
      prewarmed: 'sum(runyard_sandboxes_prewarmed)',
    }),
    series('Memory of idle sandboxes', 'bytes', { '{{instance}}': 'runyard_sandboxes_idle_bytes' }),
    series('Wait for a sandbox', 's', quantiles('runyard_sandbox_acquire_seconds')),
    series('Start of a sandbox', 's', quantiles('runyard_sandbox_start_seconds')),
    series('Sandboxes made', 'ops', { made: `sum(rate(runyard_sandboxes_created_total${RATE}))` }),
    series('Sandboxes that went', 'ops', rate('runyard_sandboxes_retired_total', 'reason'), { stack: true }),
    series('Output', 'Bps', rate('runyard_output_bytes_total', 'stream'), { width: 12 }),
    series('Events published', 'ops', rate('runyard_events_published_total', 'type'), { width: 12 }),
  ],
  'Sandbox faults': [
    series('Faults by kind', 'ops', rate('runyard_sandbox_faults_total', 'kind'), { stack: true }),
    series('Could not be made', 'ops', { failures: `sum(rate(runyard_sandbox_start_failures_total${RATE}))` }),
    series('Engine', 'short', { '{{instance}}': 'runyard_engine_up' }, { description: '0: the breaker is open' }),
  ],
  Security: [
    series(
      'Events',
      'ops',
      { '{{kind}}': `max by (kind) (rate(runyard_security_events_total${RATE}))` },
      { stack: true },
    ),
    series('Callers blocked now', 'short', { blocked: 'max(runyard_blocked_callers)' }),
    series(
      'Findings by rule',
      'ops',
      { '{{rule}} ({{severity}})': `sum by (rule, severity) (rate(runyard_screening_findings_total${RATE}))` },
      { stack: true },
    ),
  ],
  Sessions: [
    series('Sessions', 'short', { '{{state}}': 'sum by (state) (runyard_sessions)' }, { stack: true }),
    series('Memory limits of sessions', 'bytes', {
      used: 'sum(runyard_sessions_memory_bytes)',
      limit: 'sum(runyard_sessions_memory_limit_bytes)',
    }),
    series('Sessions that ended', 'ops', rate('runyard_sessions_ended_total', 'reason'), { stack: true }),
    series('Executions', 's', quantiles('runyard_session_execution_seconds')),
    series('Executions by status', 'ops', rate('runyard_session_execution_seconds_count', 'status'), { stack: true }),
  ],
  Webhooks: [
    series('Deliveries that ended', 'ops', rate('runyard_webhook_deliveries_total', 'state'), { stack: true }),
    series('Attempts by result', 'ops', rate('runyard_webhook_attempt_duration_seconds_count', 'result'), {
      stack: true,
    }),
    series('Attempts', 's', quantiles('runyard_webhook_attempt_duration_seconds')),
    series('Pending', 'short', { pending: 'max(runyard_webhooks_pending)', overdue: 'max(runyard_webhooks_overdue)' }),
  ],
  Files: [
    series('Files kept', 'short', { files: 'max(runyard_files)' }, { width: 6 }),
    series(
      'File store',
      'bytes',
      { used: 'max(runyard_file_bytes)', limit: 'max(runyard_file_limit_bytes)' },
      { width: 6 },
    ),
    series('Uploads', 'ops', { uploads: `sum(rate(runyard_uploads_total${RATE}))` }, { width: 6 }),
    series('Uploaded', 'Bps', { uploaded: `sum(rate(runyard_uploaded_bytes_total${RATE}))` }, { width: 6 }),
  ],
  Packages: [
    series('Builds of environments, by outcome', 'ops', rate('runyard_environment_build_seconds_count', 'outcome'), {
      stack: true,
    }),
    series('Builds', 's', quantiles('runyard_environment_build_seconds')),
    series('Through the way out', 'Bps', { in: `sum(rate(runyard_way_out_bytes_total${RATE}))` }),
    series('Evicted by operators', 'ops', { evicted: `sum(rate(runyard_environments_evicted_total${RATE}))` }),
  ],
  'Redis and processes': [
    series('Round trip to Redis', 's', { '{{job}} {{instance}}': 'runyard_redis_ping_seconds' }),
    series('Memory of Redis', 'bytes', {
      used: 'max(runyard_redis_used_bytes)',
      limit: 'max(runyard_redis_limit_bytes)',
    }),
    series('Stored results', 'bytes', {
      stored: 'max(runyard_stored_bytes)',
      limit: 'max(runyard_stored_limit_bytes)',
    }),
    series('Finished jobs kept', 'short', { jobs: 'max(runyard_stored_jobs)' }),
    series('Connections to Redis', 'short', { connections: 'max(runyard_redis_clients)' }),
    series('Processor', 'percentunit', {
      '{{job}} {{instance}}': `rate(process_cpu_seconds_total{job=~"runyard-.+"}${RATE})`,
    }),
    series('Memory', 'bytes', { '{{job}} {{instance}}': 'process_resident_memory_bytes{job=~"runyard-.+"}' }),
    series('Event loop, p99', 's', { '{{job}} {{instance}}': 'nodejs_eventloop_lag_p99_seconds{job=~"runyard-.+"}' }),
  ],
}

/** Panels from left to right and from the top, each row under its title. */
function layOut() {
  const panels = []
  let y = 0
  for (const [title, own] of Object.entries(rows)) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
      panels: [],
    })
    y += 1
    let x = 0
    let height = 0
    for (const { width, height: h, ...panel } of own) {
      if (x + width > WIDTH) {
        y += height
        x = 0
        height = 0
      }
      panels.push({ id: panels.length + 1, ...panel, gridPos: { x, y, w: width, h } })
      x += width
      height = Math.max(height, h)
    }
    y += height
  }
  return panels
}

const dashboard = {
  uid: 'runyard',
  title: 'Runyard',
  tags: ['runyard'],
  schemaVersion: 38,
  timezone: 'browser',
  refresh: '30s',
  time: { from: 'now-3h', to: 'now' },
  templating: {
    list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', hide: 0 }],
  },
  panels: layOut(),
}
const text = `${JSON.stringify(dashboard, null, 2)}\n`
const file = new URL('../deploy/grafana/runyard.json', import.meta.url)
// `--check` changes nothing, and exits with 1 when the file is another.
if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) process.exit(1)
