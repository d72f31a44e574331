import { v7 as uuid } from 'uuid'
import type { JobHead } from '../src/shared/job.ts'
import type { Language } from '../src/shared/language.ts'
import { DEFAULT_LIMITS, MIB } from '../src/shared/limits.ts'
import { createJobAdmission } from '../src/shared/jobs/job-admission.ts'
import { createJobLifeCycle } from '../src/shared/jobs/job-life-cycle.ts'
import { hello } from './hello.ts'
import type { BenchClient } from './http-client.ts'
import type { Product } from './product.ts'
import { median, timeEach } from './statistics.ts'

const SAMPLES = 30
const BATCH = 100

export interface DepthRow {
  what: string
  /** Of a job of another tenant than the one whose jobs wait, or are kept. */
  p50Ms: number
}

/** Settings under which the queue may be as deep as is measured. */
export const DEEP = {
  MAX_QUEUED_JOBS: '200000',
  TENANT_MAX_QUEUED_JOBS: '200000',
  MAX_QUEUED_BYTES: '4294967296',
  TENANT_MAX_QUEUED_BYTES: '4294967296',
}

/**
 * How long a job of one tenant takes while many of another wait. Those are short and run all the time, so that the job waits
 * for a slot at every depth alike.
 * @param crowd a client with a key of the other tenant
 */
export async function measureDepths(
  product: Product,
  crowd: BenchClient,
  client: BenchClient,
  language: Language,
  depths: readonly number[],
  tell: (text: string) => void,
): Promise<DepthRow[]> {
  const rows: DepthRow[] = []
  const { sync } = hello(client, language)
  const waiting = () => product.redis.zcard(product.keys.queued)
  const jobs = Array.from({ length: BATCH }, () => ({ language: 'bash', code: 'true', priority: 'normal' }))
  const fill = async (depth: number) => {
    for (let queued = await waiting(); queued < depth; queued = await waiting()) {
      tell(`${queued} of ${depth} jobs in the queue`)
      const batches = Math.min(20, Math.ceil((depth - queued) / BATCH))
      await Promise.all(Array.from({ length: batches }, () => crowd.post('/v1/batches', { jobs })))
    }
  }
  for (const depth of depths) {
    await fill(depth)
    let measuring = true
    const keeping = (async () => {
      while (measuring) {
        await fill(depth)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })()
    rows.push({ what: `${depth} jobs of another tenant wait`, p50Ms: median(await timeEach(SAMPLES, sync)) })
    measuring = false
    await keeping
  }
  return rows
}

/** How long a job takes while many results are kept, those of the same tenant among them. */
export async function measureRetained(
  product: Product,
  client: BenchClient,
  language: Language,
  tenant: string,
  counts: readonly number[],
  tell: (text: string) => void,
): Promise<DepthRow[]> {
  const rows: DepthRow[] = []
  const { sync } = hello(client, language)
  const kept = {
    resultTtlSeconds: 86_400,
    tenantResultsKept: 1e7,
    maxStoredBytes: 1e12,
    tenantMaxStoredBytes: 1e12,
    keepRequests: true,
  }
  const admission = createJobAdmission(product.redis, product.keys)
  const lifeCycle = createJobLifeCycle(product.redis, product.keys, kept)
  let stored = 0
  for (const count of counts) {
    while (stored < count) {
      await Promise.all(Array.from({ length: 200 }, () => storeEnded(tenant)))
      stored += 200
      if (stored % 10_000 === 0) tell(`${stored} of ${count} results are kept`)
    }
    await timeEach(5, sync)
    rows.push({ what: `${count} results are kept`, p50Ms: median(await timeEach(SAMPLES, sync)) })
  }
  return rows

  async function storeEnded(owner: string): Promise<void> {
    const id = uuid()
    const at = new Date().toISOString()
    const head: JobHead = {
      id,
      kind: 'code',
      language: 'bash',
      version: '5',
      image: null,
      interactive: false,
      limits: DEFAULT_LIMITS,
      metadata: {},
      warnings: [],
      createdAt: at,
    }
    const ended = {
      ...head,
      state: 'finished',
      status: 'succeeded',
      message: null,
      startedAt: at,
      finishedAt: at,
      attempt: 1,
      stages: [],
    } as const
    const job = {
      head,
      tenant: owner,
      maxRunningJobs: null,
      webhook: null,
      rank: 1,
      delayMs: 0,
      keptRequest: null,
      size: 100,
    }
    const bounds = { maxQueuedJobs: 1e7, tenantMaxQueuedJobs: 1e7, maxQueuedBytes: 1e12, tenantMaxQueuedBytes: 1e12 }
    await admission.admit({ jobs: [job], bounds, idempotency: undefined })
    await lifeCycle.finish({ ...ended, limits: { ...ended.limits }, warnings: [], metadata: {}, stages: [] }, owner, {})
  }
}

/** Room in Redis for what is measured here. */
export const ROOMY = { MAX_STORED_BYTES: String(16 * 1024 * MIB), TENANT_MAX_STORED_BYTES: String(16 * 1024 * MIB) }
