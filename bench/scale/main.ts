import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { v7 as uuid } from 'uuid'
import { startRedis } from '../../src/host/redis.ts'
import { closeOnce } from '../../src/shared/close-once.ts'
import { makeSocketFolder } from '../../src/shared/socket-folder.ts'
import type { JobSpec } from '../../src/shared/job.ts'
import { DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createJobQueue } from '../../src/shared/redis/job-queue.ts'
import { createJobAdmission } from '../../src/shared/jobs/job-admission.ts'
import { createJobReader } from '../../src/shared/jobs/job-reader.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'
import { fillMarked, table } from '../markdown.ts'
import { releaseAtSignal, temporaryFolder } from '../release-at-signal.ts'

/**
 * How many jobs a second one Redis bears: workers whose sandboxes answer at once take a queue of jobs from one Redis, which is
 * measured at it. `npm run bench:scale [-- --document]`.
 */
const WORKERS = [1, 4, 16, 64]
const JOBS = 12_000
const BATCH = 100
/** Clock ticks of `/proc`, which Linux fixes at 100 for programs. */
const TICK_MS = 10

interface Row {
  workers: number
  jobsPerSecond: number
  /** CPU time of Redis for one job. */
  redisMsPerJob: number
  /** Part of one CPU that Redis had while it was measured. */
  redisShare: number
}

const rows: Row[] = []
for (const workers of WORKERS) {
  process.stderr.write(`${workers} ${workers === 1 ? 'worker' : 'workers'} ...\n`)
  rows.push(await measure(workers))
}
const text = table(
  [
    'workers',
    'jobs/s',
    'CPU of Redis for a job, ms',
    'part of a CPU Redis had',
    'jobs/s if Redis had a CPU for itself',
  ],
  rows.map(({ workers, jobsPerSecond, redisMsPerJob, redisShare }) => [
    String(workers),
    jobsPerSecond.toFixed(0),
    redisMsPerJob.toFixed(2),
    redisShare.toFixed(2),
    (1000 / redisMsPerJob).toFixed(0),
  ]),
)
process.stdout.write(`${text}\n`)
if (process.argv.includes('--document')) {
  await fillMarked(join(packageRoot(), 'docs/scaling.md'), text)
}

async function measure(count: number): Promise<Row> {
  const folder = await temporaryFolder('runyard-scale-')
  const dataDir = folder.path
  const socketFolder = await makeSocketFolder(dataDir)
  const server = await startRedis({ dataDir, socketFolder, logFile: join(dataDir, 'redis.log') })
  const path = join(socketFolder, 'redis.sock')
  const redis = connectRedis({ kind: 'path', path, db: 0 }, 'wait', 'scale', pino({ level: 'warn' }))
  const namespace = 'scale'
  const children: ChildProcess[] = []
  const release = closeOnce(
    () => Promise.all(children.map(ended)),
    () => redis.disconnect(),
    () => server.close(),
    () => folder.remove(),
  )
  const forget = releaseAtSignal(release)
  try {
    await fill(redis, namespace)
    const worker = new URL('null-worker.ts', import.meta.url)
    for (let i = 0; i < count; i++) {
      children.push(
        fork(worker, [path, namespace], {
          execArgv: ['--import', 'tsx'],
          stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        }),
      )
      // A few at a time: they are compiled as they start.
      if (i % 4 === 3) await once(children.at(-1) as ChildProcess, 'message')
    }
    await sleep(1000)
    const { finished, running, queued } = createKeys(namespace)
    const [cpu, from] = [cpuOf(server.child.pid), performance.now()]
    for (const child of children) child.send('go')
    for (let left = JOBS; left > 0; left = (await redis.zcard(queued)) + (await redis.zcard(running))) await sleep(20)
    const [ms, cpuMs] = [performance.now() - from, cpuOf(server.child.pid) - cpu]
    const ended = await createJobReader(redis, createKeys(namespace)).summaries(await redis.zrange(finished, '0', '-1'))
    const succeeded = [...ended.values()].filter(({ job }) => job.status === 'succeeded').length
    if (succeeded !== JOBS) throw new Error(`${succeeded} of ${JOBS} jobs succeeded`)
    return { workers: count, jobsPerSecond: (JOBS * 1000) / ms, redisMsPerJob: cpuMs / JOBS, redisShare: cpuMs / ms }
  } finally {
    forget()
    await release()
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = once(child, 'exit')
  if (child.connected) child.disconnect()
  await end
}

/** Admits the jobs as a gateway does, those of ten tenants in turn. */
async function fill(redis: Redis, namespace: string): Promise<void> {
  const keys = createKeys(namespace)
  const records = createJobAdmission(redis, keys)
  const queue = createJobQueue(redis, keys)
  const bounds = { maxQueuedJobs: 1e7, tenantMaxQueuedJobs: 1e7, maxQueuedBytes: 1e12, tenantMaxQueuedBytes: 1e12 }
  for (let made = 0; made < JOBS; made += BATCH) {
    const jobs = Array.from({ length: BATCH }, () => ({ ...specOf(`tenant-${(made / BATCH) % 10}`), size: 1000 }))
    const admission = await records.admit({ jobs, bounds, idempotency: undefined })
    if (admission.kind !== 'admitted') throw new Error('not admitted')
    await queue.addBulk(
      jobs.map((data, index) => ({
        name: 'run' as const,
        data,
        opts: { jobId: data.head.id, priority: admission.priorities[index] ?? 1 },
      })),
    )
  }
  await queue.close()
}

function specOf(tenant: string): JobSpec {
  return {
    head: {
      id: uuid(),
      kind: 'code',
      language: 'python',
      version: '3',
      image: null,
      interactive: false,
      limits: DEFAULT_LIMITS,
      metadata: {},
      warnings: [],
      createdAt: new Date().toISOString(),
    },
    tenant,
    origin: { requestId: 'scale', address: '127.0.0.1', keyId: null },
    shareable: true,
    maxRunningJobs: null,
    rank: 1,
    keptRequest: null,
    delayMs: 0,
    webhook: null,
    artifacts: null,
    files: [{ path: 'main.py', content: 'print("Hello, world!")\n', encoding: 'utf-8' }],
    entrypoint: 'main.py',
    command: ['true'],
    stdin: '',
    args: [],
    compilerArgs: [],
    env: {},
    tests: [],
    expectedOutput: null,
  }
}

function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return (user + system) * TICK_MS
}
