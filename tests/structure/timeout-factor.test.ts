import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

/** Why a time is not multiplied, where the last words of its name say it in whatever file. */
const BY_NAME: Record<string, RegExp> = {
  'an age, a pace or the life of something': words(
    'AUDIT BACKOFF BEAT BUCKET BURST CHECK DAY DRAW FLUSH HEARTBEAT HOUR IDLE INTERVAL KEEPALIVE KEEPS KEEP_ALIVE LEASE LIFE LIFETIME LOCK LOOK',
    'OVERLAP PAUSE PAUSES POLL PRECISION QUIET RECONCILE REFRESH RENEW RETRY SPACING STALE SWEEP TICK TTL UNIT WINDOW',
  ),
  'after how long something is taken for so': words(
    'BLIND COLLAPSE DOUBT EARLY NOTE_ACTIVE OVERDUE SETTLED SLOW STEADY UNDECIDED WANTED WARNING',
  ),
  'a bound of what somebody asks for': words('LEAST MAX MAX_DELAY MAX_RETRY_AFTER MAX_TIMER MOST MOST_PACED'),
  'before the same is done once more': words('AGAIN RETRY_SCHEDULE'),
  'how long what a caller sent may stand in the queue, for which it has an answer': words('QUEUE_WAIT'),
  'what a client has to send and to take': words(
    'BODY FULL HEADERS INIT LINGER REQUEST REQUEST_TIMEOUT SEND STALL UNREAD',
  ),
  'for the end of what is closed, which goes without it': words(
    'CLOSE CLOSE_TIMEOUT DISCONNECT GRACEFUL_CLOSE LAST_WORDS RELEASE',
  ),
  'many times what a slow machine needs': words('ARCHIVE PULL SNAPSHOT'),
}

/** Others that are not, by the reason. */
const BY_FILE: Record<string, Record<string, string>> = {
  'multiplied where they are used, with what is asked or with all the time there is': {
    'host/podman-service.ts': 'PING',
    'host/redis.ts': 'ANSWER',
    'worker/sandbox/podman-sandbox.ts': 'END_TIMEOUT',
    'worker/sandbox/sandbox-link.ts': 'READY_TIMEOUT',
    'worker/sandbox/sandbox.ts': 'GATHER_TIMEOUT',
  },
  'the patience of a person or a client, who has an answer without it, or a refusal that says when to come again': {
    'api/compat/codapi/codapi.ts': 'WALL',
    'api/compat/e2b/environment-templates.ts': 'BUILD',
    'api/compat/jupyter/channels.ts': 'INFO',
    'api/compat/jupyter/kernels.ts': 'START',
    'api/core.ts': 'FIRST_CONNECTION',
    'api/events/live-events.ts': 'PATIENCE',
    'api/jobs/cancel-job.ts': 'END',
    'api/jobs/replicas.ts': 'CONFIRM',
    'api/mcp/tools/run-code.ts': 'ANSWER',
    'api/mcp/tools/sessions.ts': 'START',
    'api/sessions/code-help.ts': 'ANSWER',
    'api/sessions/start-session.ts': 'END INSTALL',
    'cli/jobs/jobs.ts': 'SILENCE',
    'cli/sessions/ctrl-c.ts': 'HEEDING KILLING',
    'shared/metrics/redis-metrics.ts': 'TIMEOUT',
    'shared/redis/connect.ts': 'COMMAND_TIMEOUT',
  },
  'of an interrupt, behind which somebody waits for the next piece of code': {
    'worker/sessions/interrupt-replies.ts': 'INTERRUPT_REPLY LATE_REPLY',
    'worker/sessions/interruption.ts': 'ANSWER FIRST_MOMENTS INTERRUPT_GRACE REPLY',
  },
  'for a host or a Redis elsewhere, of which another is asked, or the same once more': {
    'cli/listen-webhooks.ts': 'FORWARD',
    'host/images/debian-image.ts': 'ANSWER',
    'shared/redis/cluster-connector.ts': 'ANSWER',
    'shared/redis/connect.ts': 'CONNECT SILENCE',
    'worker/alerts/deliver-alerts.ts': 'TIMEOUT',
    'worker/webhooks/deliver-webhooks.ts': 'RECOVERY',
    'worker/webhooks/name-lookup.ts': 'TIMEOUT',
  },
  'for the end or the name of what is handed on or there already, which goes without it': {
    'cli/up/instance-lock.ts': 'ANSWER',
    'cli/up/platform.ts': 'API_GRACE CONTAINERS WORKER_GRACE',
    'host/leftovers.ts': 'ANSWER',
    'worker/jobs/job-consumer.ts': 'REQUEUE',
    'worker/jobs/run-job.ts': 'CANCEL_GRACE',
  },
  'many times what a slow machine needs': {
    'worker/environments/index-address.ts': 'TOOL',
    'worker/runtimes/run-install.ts': 'TIMEOUT',
    'worker/sessions/session-body.ts': 'STAGE_MARGIN',
  },
  'for room, or for a turn': {
    'worker/jobs/process-job.ts': 'HELD PACKAGES REQUEUE',
    'worker/sandbox/pool.ts': 'PATIENCE',
    'worker/sessions/sessions.ts': 'PLACE',
  },
  'a pace, an age or a part of a limit': {
    'api/batches/stream-batch.ts': 'EACH',
    'api/compat/jupyter/channels.ts': 'PING',
    'api/compat/sandboxfusion/run-jupyter.ts': 'LATE SPARE',
    'api/http/gateway-server.ts': 'MARGIN',
    'api/http/hold-socket.ts': 'PING',
    'api/mcp/mcp-server.ts': 'LIST',
    'cli/bench/send-job.ts': 'ANSWER',
    'cli/command.ts': 'ONE_PRESS',
    'cli/sessions/end-own.ts': 'HURRIED',
    'shared/access/browser-tokens.ts': 'ORIGIN_REST',
    'shared/files/file-scripts.ts': 'PIN_GRACE',
    'shared/judging/kattis-settings.ts': 'WALL_MORE',
    'shared/redis/alert-queue.ts': 'FIRST_WAIT',
    'shared/redis/connect.ts': 'PING',
    'worker/environments/build-queue.ts': 'TELL',
    'worker/jobs/attempt-job.ts': 'SLOWEST_BYTES_PER',
    'worker/jobs/event-publisher.ts': 'SOON',
    'worker/jobs/judge-sandbox.ts': 'LEASE_MARGIN',
    'worker/sandbox/engine-health.ts': 'PING TRIAL',
    'worker/sessions/cpu-time.ts': 'PROCESS',
    'worker/similarity/comparison-queue.ts': 'ASK TELL',
    'worker/similarity/like-pairs.ts': 'GO',
  },
}

/** Names of times that end in one of these, each of which may be several words. */
function words(...lists: string[]): RegExp {
  return new RegExp(`^(?:\\w+_)?(?:${lists.join(' ').replaceAll(' ', '|')})_MS$`)
}

const sources = readdirSync(join(packageRoot(), 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /^(?:api|cli|host|shared|worker)\/.*\.ts$/.test(name))
  .map((file) => ({ file, text: readFileSync(join(packageRoot(), 'src', file), 'utf8') }))

/** Whether each use in its file is multiplied, and there is one. */
function isScaled(text: string, name: string): boolean {
  const uses = text
    .split('\n')
    .filter((line) => new RegExp(`\\b${name}\\b`).test(line) && !/^(?:export )?const /.test(line))
  const isMultiplied = new RegExp(`\\b${name} \\* \\(?(?:\\w+\\.)*timeoutFactor\\b`)
  return uses.length > 0 && uses.every((line) => isMultiplied.test(line))
}

const times = sources.flatMap(({ file, text }) =>
  [...text.matchAll(/^(?:export )?const ([A-Z\d_]+_MS)(?:: [^=\n]+)? = /gm)].map(([, name = '']) => ({
    file,
    name,
    isScaled: isScaled(text, name),
    isSaidByName: Object.values(BY_NAME).some((names) => names.test(name)),
  })),
)

test('every time in the source is multiplied by TIMEOUT_FACTOR wherever it is used, or it is known why it is not', () => {
  const known = Object.values(BY_FILE).flatMap((files) =>
    Object.entries(files).flatMap(([file, names]) => names.split(' ').map((name) => `${file} ${name}_MS`)),
  )
  const left = times.filter((time) => !time.isScaled && !time.isSaidByName).map(({ file, name }) => `${file} ${name}`)
  expect(left.toSorted()).toEqual(known.toSorted())
  expect(times.filter((time) => time.isScaled).length).toBeGreaterThan(20)
})

test('each name that says why a time stays as it is stands in the source', () => {
  const named = Object.values(BY_NAME).flatMap(
    ({ source }) => /\(\?:([A-Z_|]+)\)_MS\$$/.exec(source)?.[1]?.split('|') ?? [],
  )
  const unused = named.filter((name) => !times.some((time) => `_${time.name}`.endsWith(`_${name}_MS`)))
  expect(unused).toEqual([])
})

test.each(['WAIT_MS', 'FIRST_WAIT_MS', 'GRACE_MS', 'START_MS', 'ANSWER_MS'])(
  'a time of the name %s is none of those that stay by their name',
  (name) => {
    expect(Object.values(BY_NAME).filter((names) => names.test(name))).toEqual([])
  },
)

test('no wait is a number where it is used: it has no name by which it is known here', () => {
  const isBare =
    /AbortSignal\.timeout\(\d|\bsetTimeout\(\d|\b(?:timeout|connectTimeout|commandTimeout|timeoutMs): \d[\d_]{3}/
  const bare = sources.flatMap(({ file, text }) =>
    text.split('\n').flatMap((line) => (isBare.test(line) ? [`${file}: ${line.trim()}`] : [])),
  )
  expect(bare).toEqual([])
})
