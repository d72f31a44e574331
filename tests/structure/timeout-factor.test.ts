import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

/** A constant that is an age, a pace or the life of something: nobody waits for a part of this machine by it. */
const NO_WAIT =
  /^(?:\w*_)?(?:LEASE|RENEW|LOCK|POLL|LOOK|RETRY|TTL|BEAT|HEARTBEAT|STALLED_CHECK|CHECK|RECONCILE|PAUSE|REFRESH|SWEEP|KEEPS|KEEP_ALIVE|IDLE|LIFE|LIFETIME|STALE|QUIET|INTERVAL|DRAW|SPACING|FLUSH|UNDECIDED|AUDIT|BUCKET|TICK|BURST|AGAIN|BACKOFF|OVERLAP|REST|DAY|HOUR|UNIT|MAX|MOST|LEAST|WANTED|WINDOW|DOUBT|BLIND|STEADY|COLLAPSE|SETTLED|PRECISION|PER|TELL|ASK|SOON|EACH|GO|OVERDUE|NOTE_ACTIVE|WARNING|EARLY|SLOW|GRACE|WAIT)_MS$/

/** Waits that stand for the time a machine needs, which TIMEOUT_FACTOR multiplies. */
const SCALED: Record<string, readonly string[]> = {
  'api/compat/sandboxfusion/run-jupyter.ts': ['START_MS'],
  'api/health/health-feature.ts': ['PING_TIMEOUT_MS'],
  'api/sessions/session-calls.ts': ['ANSWER_MS'],
  'cli/doctor/redis-check.ts': ['CONNECT_MS'],
  'cli/up/gateway.ts': ['READY_MS'],
  'cli/up/up.ts': ['READY_MS', 'FIRST_JOB_MS', 'LANGUAGES_MS'],
  'cli/up/worker.ts': ['READY_MS'],
  'cli/with-redis.ts': ['ANSWER_MS'],
  'host/oci-runtime.ts': ['PROBE_MS'],
  'host/podman-service.ts': ['START_MS'],
  'host/redis.ts': ['LOAD_MS'],
  'worker/jobs/attempt-job.ts': ['DEADLINE_MARGIN_MS'],
  'worker/sandbox/engine.ts': ['CALL_TIMEOUT_MS', 'PING_TIMEOUT_MS'],
  'worker/sandbox/launch.ts': ['CONNECT_MS'],
  'worker/sessions/context.ts': ['START_MS'],
  'worker/sessions/cpu-time.ts': ['READ_MS'],
  'worker/way-out/tunnels.ts': ['CONNECT_MS', 'HELLO_MS'],
  'worker/way-out/upstream.ts': ['CONNECT_MS'],
}

/** Other times, by why they stay as they are. */
const LEFT: Record<string, readonly string[]> = {
  'multiplied where they are used, with what is asked or with all the time there is': [
    'cli/up/gateway.ts ANSWER_MS',
    'cli/up/wait-until-ready.ts ANSWER_MS',
    'host/podman-service.ts PING_MS',
    'host/redis.ts ANSWER_MS',
    'worker/sandbox/podman-sandbox.ts END_TIMEOUT_MS',
    'worker/sandbox/sandbox-link.ts READY_TIMEOUT_MS',
    'worker/sandbox/sandbox.ts GATHER_TIMEOUT_MS',
  ],
  'the patience of a person or a client, who has an answer without it, or a refusal that says when to come again': [
    'api/compat/codapi/codapi.ts WALL_MS',
    'api/compat/e2b/environment-templates.ts BUILD_MS',
    'api/compat/jupyter/channels.ts INFO_MS',
    'api/compat/jupyter/kernels.ts START_MS',
    'api/core.ts FIRST_CONNECTION_MS',
    'api/events/live-events.ts PATIENCE_MS',
    'api/jobs/cancel-job.ts END_MS',
    'api/jobs/replicas.ts CONFIRM_MS',
    'api/mcp/tools/run-code.ts ANSWER_MS',
    'api/mcp/tools/sessions.ts START_MS',
    'api/sessions/code-help.ts ANSWER_MS',
    'api/sessions/start-session.ts END_MS',
    'api/sessions/start-session.ts INSTALL_MS',
    'cli/jobs/jobs.ts SILENCE_MS',
    'cli/sessions/ctrl-c.ts HEEDING_MS',
    'cli/sessions/ctrl-c.ts KILLING_MS',
    'shared/metrics/redis-metrics.ts TIMEOUT_MS',
    'shared/redis/connect.ts COMMAND_TIMEOUT_MS',
  ],
  'of an interrupt, behind which somebody waits for the next piece of code': [
    'worker/sessions/interrupt-replies.ts INTERRUPT_REPLY_MS',
    'worker/sessions/interrupt-replies.ts LATE_REPLY_MS',
    'worker/sessions/interruption.ts ANSWER_MS',
    'worker/sessions/interruption.ts FIRST_MOMENTS_MS',
    'worker/sessions/interruption.ts REPLY_MS',
  ],
  'what a client has to send and to take, or how long one may be idle': [
    'api/compat/piston/connect.ts INIT_MS',
    'api/files/send-content.ts STALL_MS',
    'api/files/upload-file.ts LINGER_MS',
    'api/files/upload-file.ts STALL_MS',
    'api/http/body.ts BODY_MS',
    'api/http/gateway-server.ts UNREAD_MS',
    'api/http/gateway-server.ts HEADERS_MS',
    'api/http/gateway-server.ts LINGER_MS',
    'api/http/gateway-server.ts MARGIN_MS',
    'api/http/gateway-server.ts REQUEST_MS',
    'api/jobs/with-output.ts SEND_MS',
    'api/sessions/terminal-input.ts FULL_MS',
    'shared/metrics/metrics-server.ts REQUEST_TIMEOUT_MS',
    'worker/way-out/way-out.ts HEADERS_MS',
  ],
  'for a host or a Redis elsewhere, of which another is asked, or the same once more': [
    'cli/listen-webhooks.ts FORWARD_MS',
    'host/images/image-builder.ts PULL_MS',
    'shared/redis/connect.ts CONNECT_MS',
    'host/images/debian-image.ts ANSWER_MS',
    'host/images/debian-image.ts PULL_MS',
    'shared/redis/cluster-connector.ts ANSWER_MS',
    'shared/redis/connect.ts SILENCE_MS',
    'worker/alerts/deliver-alerts.ts TIMEOUT_MS',
    'worker/way-out/upstream.ts STALL_MS',
    'worker/webhooks/deliver-webhooks.ts RECOVERY_MS',
    'worker/webhooks/name-lookup.ts TIMEOUT_MS',
  ],
  'for the end or the name of what is closed, handed on or there already, which goes without it': [
    'api/http/upgrades.ts CLOSE_TIMEOUT_MS',
    'api/serve.ts CLOSE_TIMEOUT_MS',
    'cli/languages.ts RELEASE_MS',
    'cli/up/instance-lock.ts ANSWER_MS',
    'host/leftovers.ts ANSWER_MS',
    'cli/up/platform.ts CONTAINERS_MS',
    'shared/redis/direct-connector.ts DISCONNECT_MS',
    'shared/tracing/open-telemetry.ts CLOSE_TIMEOUT_MS',
    'worker/jobs/job-consumer.ts REQUEUE_MS',
    'worker/sandbox/transport.ts GRACEFUL_CLOSE_MS',
    'worker/sandbox/transport.ts LAST_WORDS_MS',
    'worker/similarity/comparison-queue.ts CLOSE_MS',
  ],
  'many times what a slow machine needs': [
    'api/compat/e2b/snapshots.ts SNAPSHOT_MS',
    'api/sessions/snapshot.ts SNAPSHOT_MS',
    'worker/environments/index-address.ts TOOL_MS',
    'worker/runtimes/run-install.ts TIMEOUT_MS',
    'worker/sessions/folder-archive.ts ARCHIVE_MS',
    'worker/sessions/session-body.ts STAGE_MARGIN_MS',
  ],
  'for room, or for a turn': [
    'worker/jobs/process-job.ts HELD_MS',
    'worker/jobs/process-job.ts PACKAGES_MS',
    'worker/sandbox/pool.ts PATIENCE_MS',
    'worker/sessions/sessions.ts PLACE_MS',
  ],
  'a pace, an age or a part of a limit': [
    'api/compat/e2b/interpreter.ts KEEPALIVE_MS',
    'api/compat/jupyter/channels.ts PING_MS',
    'api/compat/sandboxfusion/run-jupyter.ts LATE_MS',
    'api/compat/sandboxfusion/run-jupyter.ts SPARE_MS',
    'api/http/hold-socket.ts PING_MS',
    'api/mcp/mcp-server.ts LIST_MS',
    'api/rate-limit/rate-limiter.ts MOST_PACED_MS',
    'cli/bench/send-job.ts ANSWER_MS',
    'cli/command.ts ONE_PRESS_MS',
    'cli/sessions/end-own.ts HURRIED_MS',
    'shared/judging/kattis-settings.ts WALL_MORE_MS',
    'shared/limits.ts MAX_TIMER_MS',
    'shared/redis/connect.ts PING_MS',
    'shared/requests.ts MAX_DELAY_MS',
    'worker/jobs/judge-sandbox.ts LEASE_MARGIN_MS',
    'worker/sandbox/acquire-patiently.ts PAUSES_MS',
    'worker/sandbox/engine-health.ts PING_MS',
    'worker/sandbox/engine-health.ts TRIAL_MS',
    'worker/sessions/cpu-time.ts PROCESS_MS',
    'worker/webhooks/retry-schedule.ts MAX_RETRY_AFTER_MS',
  ],
}

const sources = readdirSync(join(packageRoot(), 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /^(?:api|cli|host|shared|worker)\/.*\.ts$/.test(name))
  .map((file) => ({ file, text: readFileSync(join(packageRoot(), 'src', file), 'utf8') }))
const scaled = Object.entries(SCALED).flatMap(([file, names]) => names.map((name) => ({ file, name })))

test('every time in the source is one that TIMEOUT_FACTOR multiplies, or it is known why it is not', () => {
  const found = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/^(?:export )?const ([A-Z_]+_MS)(?:: number)? = /gm)].flatMap(([, name = '']) =>
      NO_WAIT.test(name) ? [] : [`${file} ${name}`],
    ),
  )
  const known = [...scaled.map(({ file, name }) => `${file} ${name}`), ...Object.values(LEFT).flat()]
  expect(found.length).toBeGreaterThan(80)
  expect(found.toSorted()).toEqual(known.toSorted())
})

test.each(scaled)('$name of $file is used multiplied alone', ({ file, name }) => {
  const text = sources.find((source) => source.file === file)?.text ?? ''
  const uses = text
    .split('\n')
    .filter((line) => new RegExp(`\\b${name}\\b`).test(line) && !/^(?:export )?const /.test(line))
  expect(uses.length).toBeGreaterThan(0)
  const isMultiplied = new RegExp(`\\b${name} \\* \\(?(?:\\w+\\.)*timeoutFactor\\b`)
  expect(uses.filter((line) => !isMultiplied.test(line))).toEqual([])
})

test('no wait is a number where it is used: it has no name by which it is known here', () => {
  const isBare =
    /AbortSignal\.timeout\(\d|\bsetTimeout\(\d|\b(?:timeout|connectTimeout|commandTimeout|timeoutMs): \d[\d_]{3}/
  const bare = sources.flatMap(({ file, text }) =>
    text.split('\n').flatMap((line) => (isBare.test(line) ? [`${file}: ${line.trim()}`] : [])),
  )
  expect(bare).toEqual([])
})
