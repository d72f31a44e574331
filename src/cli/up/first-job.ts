import { createApiKeys } from '../../shared/access/api-keys.ts'
import type { Job } from '../../shared/job.ts'
import { MIB, MINUTE } from '../../shared/limits.ts'
import type { CliContext } from '../context.ts'
import { formatSeconds } from '../terminal-progress.ts'
import { until } from '../until.ts'
import { withRedis } from '../with-redis.ts'

/** Something worth seeing, which also shows how little a job can see. */
const CODE = `import os
import platform

for y in range(-9, 10):
    line = ""
    for x in range(-44, 20):
        point = z = complex(x / 20, y / 8)
        steps = 0
        while abs(z) < 2 and steps < 60:
            z = z * z + point
            steps += 1
        line += "@" if steps == 60 else " .:-=+*#"[min(7, steps // 2)]
    print(line.rstrip())
pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
print(f"Python {platform.python_version()}, user {os.getuid()}, all processes: {pids}")
`

const POLL_MS = 500

/**
 * Runs one real job through the gateway.
 * @param url the gateway's
 * @param headers that say who is calling
 * @param timeoutMs how long it may take to end
 * @throws Error when it is refused, and when it has not ended in time, saying then how far it got
 */
export async function runFirstJob(
  url: string,
  headers: Record<string, string>,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<Job> {
  const deadline = Date.now() + timeoutMs
  const waitSeconds = Math.max(1, Math.min(30, Math.floor(timeoutMs / 1000)))
  const signal = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs + 15_000)])
  const answer = await fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', prefer: `wait=${waitSeconds}` },
    body: JSON.stringify({ language: 'python', code: CODE }),
    signal,
  })
  const body = await answer.text()
  if (!answer.ok) throw new Error(`the first job was not accepted: HTTP ${answer.status} ${body}`)
  let job = JSON.parse(body) as Job
  const readAgain = async () => {
    if (job.status !== null) return job
    const next = await fetch(`${url}/v1/jobs/${job.id}`, { headers, signal })
    if (!next.ok) throw new Error(`the first job, ${job.id}, cannot be read: HTTP ${next.status} ${await next.text()}`)
    job = (await next.json()) as Job
    return job.status === null ? undefined : job
  }
  return await until(readAgain, {
    everyMs: POLL_MS,
    timeoutMs: deadline - Date.now(),
    signal,
    fault: () =>
      `the first job, ${job.id}, is ${job.state} after ${timeoutMs / 1000} s; on a slow machine set TIMEOUT_FACTOR to 2 or more`,
  })
}

/** The job's result as lines for a terminal. */
export function describeJob(job: Job): string {
  const run = job.stages.at(-1)
  const output = `${run?.stdout ?? ''}${run?.stderr ?? ''}`.trimEnd().replaceAll(/^(?=.)/gm, '    ')
  const measurements = run ? `, ${formatSeconds(run.wallMs)}, ${(run.memoryPeakBytes / MIB).toFixed(1)} MiB` : ''
  const message = job.message === null ? '' : ` (${job.message})`
  return `First job: ${job.status ?? job.state}${measurements}${message}\n${output}`
}

/** The tenant of the first job where authentication is configured. */
const TENANT = 'runyard-first-job'
/** Should this process be killed before it takes the key back. */
const LIFE_MS = 5 * MINUTE

/**
 * Does something with the headers a request of this command needs: none where there is no authentication, else a key that is
 * made for this and gone afterwards.
 */
export async function withOwnKey<T>(
  context: CliContext,
  work: (headers: Record<string, string>) => Promise<T>,
): Promise<T> {
  if (context.config.auth === 'none') return await work({})
  const { record, secretKey } = await withRedis(context, (redis, keys) =>
    createApiKeys(redis, keys).create({
      name: 'first job of npm start',
      tenant: TENANT,
      expiresAt: new Date(Date.now() + LIFE_MS).toISOString(),
    }),
  )
  try {
    return await work({ authorization: `Bearer ${secretKey}` })
  } finally {
    // Where Redis is gone, that is what `work` failed of; the key expires.
    await withRedis(context, (redis, keys) => createApiKeys(redis, keys).remove(record.id)).catch(() => {})
  }
}
