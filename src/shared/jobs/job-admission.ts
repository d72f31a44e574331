import type { Redis } from 'ioredis'
import type { JobHead, JobSpec } from '../job.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, runScript } from '../redis/lua-script.ts'
import { webhookUrls } from '../webhooks/new-delivery.ts'
import { QUEUED_TTL_SECONDS } from './recorded-job.ts'
import { ADMIT, type AdmittedJob, REMOVE } from './scripts/admission.ts'

/** The part of a job that its record needs when it is made. */
export type SubmittedJob = Pick<
  JobSpec,
  'head' | 'tenant' | 'maxRunningJobs' | 'webhook' | 'rank' | 'delayMs' | 'keptRequest' | 'replyTo'
>

/** How much may wait: jobs that are queued, as many again that are delayed, and the bytes of both. */
export interface QueueBounds {
  maxQueuedJobs: number
  tenantMaxQueuedJobs: number
  maxQueuedBytes: number
  tenantMaxQueuedBytes: number
}

/** What is known of a queue that is full. */
export interface QueueLoad {
  full: 'queued' | 'delayed' | 'bytes'
  /** Of what it is full of: jobs, or bytes. */
  all: number
  tenants: number
  /** Jobs that ended lately, and how long ago the first of them did, in ms. */
  ended: number
  sinceFirstEndMs: number
  /** Tenants with a job in the queue. */
  tenantsWaiting: number
}

/** What a client sends along so that a repeated request makes no second job. */
export interface Idempotency {
  /** A hash of the key the client gave. */
  hash: string
  /** A hash of what is asked for. */
  fingerprint: string
}

/** What is accepted or refused as one. */
export interface Submission {
  /** At least one, all of one tenant. */
  jobs: readonly (SubmittedJob & { /** What it waits with, in bytes. */ size: number })[]
  bounds: QueueBounds
  idempotency: Idempotency | undefined
  /** Stored in the same step, and what a repeated request is told of. */
  batch?: { id: string; json: string }
}

export type Admission =
  /** Priorities in the queue, of each job. */
  | { kind: 'admitted'; priorities: number[] }
  | { kind: 'full'; load: QueueLoad }
  /** The key was used before, for this job or batch and this request; or there is a job of this id. */
  | { kind: 'known'; id: string; fingerprint: string }

/** How jobs come to have records. */
export interface JobAdmission {
  /** Writes the records of jobs that are about to be queued, of all or none: unless too many wait or the request is a repeated one. */
  admit(submission: Submission): Promise<Admission>
  /** What is queued of a job that waits, from its record; undefined when it does not wait. */
  waiting(id: string): Promise<{ head: JobHead; priority: number } | undefined>
  /** Takes back records whose jobs could not be queued, and what stands for them. */
  remove(submission: Submission): Promise<void>
}

export function createJobAdmission(redis: Redis, keys: Keys): JobAdmission {
  defineScripts(redis, [ADMIT, REMOVE])
  return {
    async admit({ jobs, bounds, idempotency, batch }) {
      const tenant = jobs[0]?.tenant ?? ''
      const { maxQueuedJobs, tenantMaxQueuedJobs, maxQueuedBytes, tenantMaxQueuedBytes } = bounds
      const input = {
        ttlSeconds: QUEUED_TTL_SECONDS,
        tenant,
        idempotencyHash: idempotency?.hash,
        batchId: batch?.id,
        owner: `${batch?.id ?? jobs[0]?.head.id} ${idempotency?.fingerprint ?? ''}`,
        maxQueuedJobs,
        tenantMaxQueuedJobs,
        maxQueuedBytes,
        tenantMaxQueuedBytes,
        jobs: jobs.map(admitted),
      }
      const answer = await runScript(redis, keys.prefix, ADMIT, input, [
        ...(batch ? [batch.json] : []),
        ...jobs.flatMap(textsOf),
      ])
      if (answer[0] === 1) return { kind: 'admitted', priorities: answer.slice(1).map(Number) }
      if (answer[0] === 2) {
        const [id = '', fingerprint = ''] = String(answer[1]).split(' ')
        return { kind: 'known', id, fingerprint }
      }
      const [all = 0, tenants = 0, ended = 0, sinceFirstEndMs = 0, tenantsWaiting = 0] = answer.slice(2).map(Number)
      const full = answer[1] as QueueLoad['full']
      return { kind: 'full', load: { full, all, tenants, ended, sinceFirstEndMs, tenantsWaiting } }
    },
    async waiting(id) {
      const [head, state] = await redis.hmget(keys.job(id), 'head', 'state')
      if (!head || state !== 'queued') return undefined
      // A place among the first: who is put there late has waited, and its turn is looked at again when it comes up.
      return { head: JSON.parse(head) as JobHead, priority: 1 }
    },
    async remove({ jobs, idempotency, batch }) {
      await runScript(redis, keys.prefix, REMOVE, {
        tenant: jobs[0]?.tenant ?? '',
        idempotencyHash: idempotency?.hash,
        batchId: batch?.id,
        ids: jobs.map(({ head }) => head.id),
      })
    },
  }
}

function admitted(job: Submission['jobs'][number]): AdmittedJob {
  const { head, webhook, rank, delayMs, size, maxRunningJobs, keptRequest, replyTo } = job
  return {
    id: head.id,
    rank,
    dueMs: delayMs > 0 ? Date.parse(head.createdAt) + delayMs : undefined,
    size,
    cap: maxRunningJobs ?? 0,
    ...webhookUrls(webhook),
    replyTo,
    keepsRequest: keptRequest !== null,
    warnings: head.warnings.length,
  }
}

const textsOf = ({ head, keptRequest }: SubmittedJob): string[] => [
  JSON.stringify(head),
  ...(keptRequest === null ? [] : [keptRequest]),
  ...head.warnings.map((finding) => JSON.stringify(finding)),
]
