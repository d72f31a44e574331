import type { Redis } from 'ioredis'
import {
  type Job,
  type JobEvent,
  type JobHead,
  type JobResult,
  type JobSpec,
  type StageSummary,
  type State,
  summarize,
} from '../job.ts'
import { newDelivery, webhookUrls } from '../webhooks/new-delivery.ts'
import { defineJobScripts, priorityOf } from './job-scripts.ts'
import type { Keys } from './keys.ts'

/** The part of a job that its record needs. */
export type RecordedJob = Pick<JobSpec, 'head' | 'tenant' | 'maxRunningJobs'>

/** The part its record needs when it is made, or made again. */
export type SubmittedJob = RecordedJob & Pick<JobSpec, 'webhook'>

/** How many jobs may wait. */
export interface QueueBounds {
  maxQueuedJobs: number
  tenantMaxQueuedJobs: number
}

/** What is known of a queue that is full. */
export interface QueueLoad {
  queued: number
  tenantQueued: number
  /** Jobs that ended lately, and how long ago the first of them did, in ms. */
  ended: number
  sinceFirstEndMs: number
  /** Tenants with a job in the queue. */
  tenants: number
}

/** What a client sends along so that a repeated request makes no second job. */
export interface Idempotency {
  /** A hash of the key the client gave. */
  hash: string
  /** A hash of what is asked for. */
  fingerprint: string
}

export interface AdmitOptions {
  bounds: QueueBounds
  /** Among the jobs of its tenant: 0 to 2. */
  rank: number
  idempotency: Idempotency | undefined
}

export type Admission =
  | { kind: 'admitted'; priority: number }
  | { kind: 'full'; load: QueueLoad }
  /** The key was used before, for this job and this request; or there is a job of this id. */
  | { kind: 'known'; id: string; fingerprint: string }

export type Start =
  /** `delivery`: id of the webhook delivery that tells of it, to be queued; empty when there is none. */
  | { kind: 'started'; attempt: number; delivery: string }
  | { kind: 'finished' }
  /** It was cancelled while an earlier attempt, which was lost, ran. */
  | { kind: 'cancelled'; attempt: number }
  | { kind: 'held' }

/** `sandbox-lost` may be the job's own doing; the others are not. */
export type PutBackReason = 'engine-down' | 'draining' | 'sandbox-lost'

/** Under which a job may be finished: only by the attempt that runs, only in this state. */
export interface FinishCondition {
  attempt?: number
  state?: State
}

/** A job without its output. */
export type JobSummary = Omit<Job, 'stages'> & { stages: StageSummary[] }

/**
 * A job's record is a hash (head, tenant, state, attempt, startedAt, result, tag) and a stream of events. Every change of the
 * record and the event that tells of it are one script, so that a reader never sees one without the other. Events are
 * added to the stream and published in the same step: a reader that subscribes first and then reads the stream misses
 * nothing, and tells doubles by their id.
 *
 * Where a method returns ids of held jobs, the caller has to promote them in the queue: a running job of their tenant has
 * made room.
 */
export interface JobRecords {
  /** Writes the record of a job that is about to be queued, unless too many wait or the request is a repeated one. */
  admit(job: SubmittedJob, options: AdmitOptions): Promise<Admission>
  /** What is queued of a job that waits, from its record; undefined when it does not wait. @param rank as when it was admitted */
  waiting(id: string, rank: number): Promise<{ head: JobHead; priority: number } | undefined>
  /** Marks it running, unless an earlier attempt finished it or its tenant already runs as many as it may. */
  start(job: SubmittedJob): Promise<Start>
  /** Adds events, in order; nothing to a job that has its result, or of which a later attempt runs. */
  append(id: string, attempt: number, events: readonly JobEvent[]): Promise<void>
  /**
   * Stores the result with its own lifetime; nothing happens to a job that has one.
   * @param events that have not been written yet, told before the result
   * @returns with `delivery`, the id of the webhook delivery that tells of it, to be queued; empty when there is none
   */
  finish(
    job: Job,
    recorded: RecordedJob,
    only: FinishCondition,
    events?: readonly JobEvent[],
  ): Promise<{ stored: boolean; delivery: string; released: string[] }>
  /**
   * Asks whoever runs a job to end it.
   * @returns the state it was in; undefined when there is no such job. Only a running one is told
   */
  cancel(id: string): Promise<State | undefined>
  /**
   * Marks a running job queued again.
   * @param reason a job whose sandbox was lost is put back once
   */
  putBack(
    job: RecordedJob,
    attempt: number,
    reason: PutBackReason,
  ): Promise<{ outcome: 'done' | 'overtaken' | 'too often'; released: string[] }>
  /** Notes that a job waits for another of its tenant to end. Its place in the queue must be delayed already. */
  hold(job: RecordedJob): Promise<string[]>
  /** Tells that a running job's worker lives. @returns whether the job is to end */
  renew(job: RecordedJob): Promise<boolean>
  /**
   * Ids of jobs that should be in the queue or be run by somebody, for so long that it is worth a look whether they are: those
   * queued the longest, and those whose worker says nothing.
   */
  doubtful(olderThanMs: number, limit: number): Promise<string[]>
  /** Takes back a record whose job could not be queued. */
  remove(job: RecordedJob, idempotency?: Idempotency): Promise<void>
  /** @returns the job and its tenant, or undefined when there is none or it has expired */
  read(id: string): Promise<{ job: Job; tenant: string } | undefined>
  /** The jobs of these ids that there are, without their output. */
  summaries(ids: readonly string[]): Promise<Map<string, { job: JobSummary; tenant: string }>>
}

/** How long the record of a job that has not ended is kept, should nobody ever run it. */
const QUEUED_TTL_SECONDS = 14 * 24 * 3600
/** Sandboxes that a job may lose and still be tried again. */
const MAX_LOSSES = 1
/** A running job whose worker says nothing for so long no longer counts for its tenant's cap. */
const LEASE_MS = 30_000
/** How often a worker renews the leases of its jobs. */
export const RENEW_MS = 5_000

export interface Retention {
  /** How long a finished job can be read. */
  resultTtlSeconds: number
  /** How many finished jobs of one tenant are kept. */
  tenantResultsKept: number
}

export function createJobRecords(redis: Redis, keys: Keys, retention: Retention): JobRecords {
  defineJobScripts(redis)
  const place = (tenant: string) => [keys.queued, keys.tenantQueued(tenant), keys.fairness]
  const record = (id: string) => [keys.job(id), keys.events(id)]
  const texts = (events: readonly JobEvent[]) => events.flatMap(({ type, data }) => [type, JSON.stringify(data)])
  const cap = (job: RecordedJob) => job.maxRunningJobs ?? 0
  const idempotencyKey = (id: string, tenant: string, idempotency: Idempotency | undefined) =>
    idempotency ? keys.idempotency(tenant, idempotency.hash) : keys.job(id)

  return {
    async admit({ head, tenant, webhook }, { bounds, rank, idempotency }) {
      const fields = hash({
        head: JSON.stringify(head),
        tenant,
        state: 'queued',
        attempt: 0,
        startedAt: '',
        result: '',
        ...webhookUrls(webhook),
      })
      const events: JobEvent[] = [
        { type: 'state', data: { state: 'queued', attempt: 0 } },
        ...head.warnings.map((finding): JobEvent => ({ type: 'warning', data: finding })),
      ]
      const answer = await redis.runyardAdmit(
        ...record(head.id),
        ...place(tenant),
        keys.ends,
        keys.tenantJobs(tenant),
        idempotencyKey(head.id, tenant, idempotency),
        QUEUED_TTL_SECONDS,
        head.id,
        tenant,
        bounds.maxQueuedJobs,
        bounds.tenantMaxQueuedJobs,
        rank,
        idempotency?.fingerprint ?? '',
        fields.length,
        ...fields,
        ...texts(events),
      )
      if (answer[0] === 1) return { kind: 'admitted', priority: priorityOf(Number(answer[1]), rank) }
      if (answer[0] === 2) {
        const [id = '', fingerprint = ''] = String(answer[1]).split(' ')
        return { kind: 'known', id, fingerprint }
      }
      const [queued = 0, tenantQueued = 0, ended = 0, sinceFirstEndMs = 0, tenants = 0] = answer.slice(1).map(Number)
      return { kind: 'full', load: { queued, tenantQueued, ended, sinceFirstEndMs, tenants } }
    },
    async waiting(id, rank) {
      const [head, state, tag] = await redis.hmget(keys.job(id), 'head', 'state', 'tag')
      if (!head || state !== 'queued') return undefined
      return { head: JSON.parse(head) as JobHead, priority: priorityOf(Number(tag), rank) }
    },
    async start(job) {
      const { head, tenant, webhook } = job
      const startedAt = new Date().toISOString()
      const { startedUrl, finishedUrl } = webhookUrls(webhook)
      // Told once, of the first attempt.
      const first: Job = { ...head, ...NOT_ENDED, state: 'running', attempt: 1, startedAt }
      const told = newDelivery(keys, first, tenant, 'job.started')
      const [kind, attempt = 0, delivery = ''] = await redis.runyardStart(
        ...record(head.id),
        ...place(tenant),
        keys.tenantRunning(tenant),
        keys.running,
        ...told.keys,
        QUEUED_TTL_SECONDS,
        head.id,
        tenant,
        cap(job),
        LEASE_MS,
        startedAt,
        JSON.stringify(head),
        startedUrl,
        finishedUrl,
        ...told.args,
      )
      if (kind === 'started') return { kind, attempt, delivery }
      return kind === 'cancelled' ? { kind, attempt } : { kind: kind as 'finished' | 'held' }
    },
    async append(id, attempt, events) {
      await redis.runyardAppend(...record(id), QUEUED_TTL_SECONDS, attempt, ...texts(events))
    },
    async finish(job, recorded, only, events = []) {
      const { state, attempt, startedAt, status, message, finishedAt, stages, artifacts, artifactsTruncated, ...head } =
        job
      const { tenant } = recorded
      const summary = { status, message, finishedAt, stages: stages.map(summarize) }
      const fields = hash({
        head: JSON.stringify(head),
        tenant,
        state,
        attempt,
        startedAt: startedAt ?? '',
        result: JSON.stringify({ ...summary, stages, artifacts, artifactsTruncated }),
        summary: JSON.stringify(summary),
      })
      const ending: JobEvent[] = [
        ...events,
        { type: 'state', data: { state, attempt } },
        { type: 'result', data: { ...job, stages: summary.stages } },
      ]
      const told = newDelivery(keys, job, tenant, 'job.finished')
      const [stored, delivery, ...released] = await redis.runyardFinish(
        ...record(job.id),
        ...place(tenant),
        keys.tenantRunning(tenant),
        keys.tenantHeld(tenant),
        keys.ends,
        keys.tenantJobs(tenant),
        keys.tenantFinished(tenant),
        keys.running,
        ...told.keys,
        keys.input(job.id),
        retention.resultTtlSeconds,
        job.id,
        tenant,
        cap(recorded),
        only.attempt ?? '',
        only.state ?? '',
        retention.tenantResultsKept,
        keys.job(''),
        keys.events(''),
        keys.artifacts(''),
        ...told.args,
        fields.length,
        ...fields,
        ...texts(ending),
      )
      return { stored: stored === 1, delivery, released }
    },
    async cancel(id) {
      const state = await redis.runyardCancel(keys.job(id), keys.cancellations, id)
      return state === null ? undefined : (state as State)
    },
    async putBack(job, attempt, reason) {
      const { head, tenant } = job
      const [outcome, ...released] = await redis.runyardPutBack(
        ...record(head.id),
        keys.queued,
        keys.tenantQueued(tenant),
        keys.tenantRunning(tenant),
        keys.tenantHeld(tenant),
        keys.running,
        QUEUED_TTL_SECONDS,
        head.id,
        cap(job),
        attempt,
        reason === 'sandbox-lost' ? MAX_LOSSES : '',
      )
      return { outcome: outcome as 'done' | 'overtaken' | 'too often', released }
    },
    hold: (job) =>
      redis.runyardHold(
        keys.tenantRunning(job.tenant),
        keys.tenantHeld(job.tenant),
        QUEUED_TTL_SECONDS,
        job.head.id,
        cap(job),
      ),
    async renew({ head, tenant }) {
      return (
        (await redis.runyardRenew(keys.tenantRunning(tenant), keys.job(head.id), keys.running, head.id, LEASE_MS)) === 1
      )
    },
    async doubtful(olderThanMs, limit) {
      const [seconds] = await redis.time()
      const nowMs = Number(seconds) * 1000
      const [queued, silent] = await Promise.all([
        redis.zrangebyscore(keys.queued, '-inf', nowMs - olderThanMs, 'LIMIT', 0, limit),
        redis.zrangebyscore(keys.running, '-inf', nowMs, 'LIMIT', 0, limit),
      ])
      return [...queued, ...silent]
    },
    async remove({ head, tenant }, idempotency) {
      await redis.runyardRemove(
        ...record(head.id),
        ...place(tenant),
        keys.tenantJobs(tenant),
        idempotencyKey(head.id, tenant, idempotency),
        head.id,
        tenant,
      )
    },
    async read(id) {
      const fields = await redis.hgetall(keys.job(id))
      if (fields['head'] === undefined) return undefined
      const { job, tenant } = parseRecord(fields, fields['result'])
      return { job: job as Job, tenant }
    },
    async summaries(ids) {
      const names = ['head', 'tenant', 'state', 'attempt', 'startedAt', 'summary']
      const pipeline = redis.pipeline()
      for (const id of ids) pipeline.hmget(keys.job(id), ...names)
      const answers = (await pipeline.exec()) ?? []
      const found = new Map<string, { job: JobSummary; tenant: string }>()
      for (const [index, [error, values]] of answers.entries()) {
        if (error) throw error
        const fields = Object.fromEntries(names.map((name, i) => [name, (values as (string | null)[])[i] ?? '']))
        if (fields['head']) found.set(ids[index] ?? '', parseRecord(fields, fields['summary']))
      }
      return found
    },
  }
}

const NOT_ENDED = { status: null, message: null, finishedAt: null, stages: [] }

const hash = (fields: Record<string, string | number>): (string | number)[] => Object.entries(fields).flat()

/** @param result its JSON, with or without the stages' output; empty or undefined when it has none */
function parseRecord(fields: Record<string, string>, result: string | undefined): { job: JobSummary; tenant: string } {
  const head = JSON.parse(fields['head'] ?? '') as JobHead
  const ended = result ? (JSON.parse(result) as JobResult) : undefined
  const job = {
    ...head,
    state: fields['state'] as State,
    attempt: Number(fields['attempt']),
    startedAt: fields['startedAt'] || null,
    status: ended?.status ?? null,
    message: ended?.message ?? null,
    finishedAt: ended?.finishedAt ?? null,
    stages: ended?.stages ?? [],
    ...(ended?.artifacts && { artifacts: ended.artifacts, artifactsTruncated: ended.artifactsTruncated ?? false }),
  }
  return { job, tenant: fields['tenant'] ?? '' }
}
