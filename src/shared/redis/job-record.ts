import type { Redis } from 'ioredis'
import { type Job, type JobEvent, type JobHead, type JobResult, type JobSpec, type State, summarize } from '../job.ts'
import { defineJobScripts } from './job-scripts.ts'
import type { Keys } from './keys.ts'

/** The part of a job that its record needs. */
export type RecordedJob = Pick<JobSpec, 'head' | 'tenant' | 'maxRunningJobs'>

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

export type Admission = { admitted: true; priority: number } | { admitted: false; load: QueueLoad }

export type Start = { kind: 'started'; attempt: number } | { kind: 'finished' } | { kind: 'held' }

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
  /** Writes the record of a job that is about to be queued, unless too many wait. */
  admit(job: RecordedJob, bounds: QueueBounds): Promise<Admission>
  /** Marks it running, unless an earlier attempt finished it or its tenant already runs as many as it may. */
  start(job: RecordedJob): Promise<Start>
  /** Adds events, in order; nothing to a job that has its result, or of which a later attempt runs. */
  append(id: string, attempt: number, events: readonly JobEvent[]): Promise<void>
  /**
   * Stores the result with its own lifetime.
   * @param events that have not been written yet, told before the result
   * @param attempt only when this is still the attempt that runs; null: whichever does
   */
  finish(
    job: Job,
    recorded: RecordedJob,
    attempt: number | null,
    events?: readonly JobEvent[],
  ): Promise<{ stored: boolean; released: string[] }>
  /** Marks a running job queued again. */
  putBack(job: RecordedJob, attempt: number): Promise<{ done: boolean; released: string[] }>
  /** Notes that a job waits for another of its tenant to end. Its place in the queue must be delayed already. */
  hold(job: RecordedJob): Promise<string[]>
  /** Tells that a running job's worker lives. */
  renew(job: RecordedJob): Promise<void>
  /** Takes back a record whose job could not be queued. */
  remove(job: RecordedJob): Promise<void>
  /** @returns the job and its tenant, or undefined when there is none or it has expired */
  read(id: string): Promise<{ job: Job; tenant: string } | undefined>
}

/** How long the record of a job that has not ended is kept, should nobody ever run it. */
const QUEUED_TTL_SECONDS = 7 * 24 * 3600
/** A running job whose worker says nothing for so long no longer counts for its tenant's cap. */
const LEASE_MS = 30_000
/** How often a worker renews the leases of its jobs. */
export const RENEW_MS = 10_000

/**
 * @param resultTtlSeconds how long a finished job can be read
 */
export function createJobRecords(redis: Redis, keys: Keys, resultTtlSeconds: number): JobRecords {
  defineJobScripts(redis)
  const place = (tenant: string) => [keys.queued, keys.tenantQueued(tenant), keys.fairness]
  const record = (id: string) => [keys.job(id), keys.events(id)]
  const texts = (events: readonly JobEvent[]) => events.flatMap(({ type, data }) => [type, JSON.stringify(data)])
  const cap = (job: RecordedJob) => job.maxRunningJobs ?? 0

  return {
    async admit({ head, tenant }, bounds) {
      const fields = hash({
        head: JSON.stringify(head),
        tenant,
        state: 'queued',
        attempt: 0,
        startedAt: '',
        result: '',
      })
      const events: JobEvent[] = [
        { type: 'state', data: { state: 'queued', attempt: 0 } },
        ...head.warnings.map((finding): JobEvent => ({ type: 'warning', data: finding })),
      ]
      const answer = await redis.runyardAdmit(
        ...[...record(head.id), ...place(tenant), keys.ends],
        ...[QUEUED_TTL_SECONDS, head.id, tenant, bounds.maxQueuedJobs, bounds.tenantMaxQueuedJobs],
        ...[fields.length, ...fields, ...texts(events)],
      )
      const [admitted, queued = 0, tenantQueued = 0, ended = 0, sinceFirstEndMs = 0, tenants = 0] = answer
      if (admitted === 1) return { admitted: true, priority: queued }
      return { admitted: false, load: { queued, tenantQueued, ended, sinceFirstEndMs, tenants } }
    },
    async start(job) {
      const { head, tenant } = job
      const [kind, attempt = 0] = await redis.runyardStart(
        ...[...record(head.id), ...place(tenant), keys.tenantRunning(tenant)],
        ...[QUEUED_TTL_SECONDS, head.id, tenant, cap(job), LEASE_MS],
        ...[new Date().toISOString(), JSON.stringify(head)],
      )
      return kind === 'started' ? { kind, attempt } : { kind: kind as 'finished' | 'held' }
    },
    async append(id, attempt, events) {
      await redis.runyardAppend(...record(id), QUEUED_TTL_SECONDS, attempt, ...texts(events))
    },
    async finish(job, recorded, onlyAttempt, events = []) {
      const { state, attempt, startedAt, status, message, finishedAt, stages, ...head } = job
      const { tenant } = recorded
      const result = { status, message, stages, finishedAt }
      const fields = hash({
        head: JSON.stringify(head),
        tenant,
        state,
        attempt,
        startedAt: startedAt ?? '',
        result: JSON.stringify(result),
      })
      const ending: JobEvent[] = [
        ...events,
        { type: 'state', data: { state, attempt } },
        { type: 'result', data: { ...job, stages: stages.map(summarize) } },
      ]
      const [stored, ...released] = await redis.runyardFinish(
        ...[...record(job.id), ...place(tenant), keys.tenantRunning(tenant), keys.tenantHeld(tenant), keys.ends],
        ...[resultTtlSeconds, job.id, tenant, cap(recorded), onlyAttempt ?? ''],
        ...[fields.length, ...fields, ...texts(ending)],
      )
      return { stored: stored === 1, released }
    },
    async putBack(job, attempt) {
      const { head, tenant } = job
      const [done, ...released] = await redis.runyardPutBack(
        ...[...record(head.id), keys.queued, keys.tenantQueued(tenant)],
        ...[keys.tenantRunning(tenant), keys.tenantHeld(tenant)],
        ...[QUEUED_TTL_SECONDS, head.id, cap(job), attempt],
      )
      return { done: done === 1, released }
    },
    hold: (job) =>
      redis.runyardHold(
        ...[keys.tenantRunning(job.tenant), keys.tenantHeld(job.tenant)],
        ...[QUEUED_TTL_SECONDS, job.head.id, cap(job)],
      ),
    async renew({ head, tenant }) {
      await redis.runyardRenew(keys.tenantRunning(tenant), head.id, LEASE_MS)
    },
    async remove({ head, tenant }) {
      await redis.runyardRemove(...record(head.id), ...place(tenant), head.id, tenant)
    },
    read: async (id) => {
      const fields = await redis.hgetall(keys.job(id))
      return fields['head'] === undefined ? undefined : parseRecord(fields)
    },
  }
}

const hash = (fields: Record<string, string | number>): (string | number)[] => Object.entries(fields).flat()

function parseRecord(fields: Record<string, string>): { job: Job; tenant: string } {
  const head = JSON.parse(fields['head'] ?? '') as JobHead
  const result = fields['result'] ? (JSON.parse(fields['result']) as JobResult) : undefined
  const job: Job = {
    ...head,
    state: fields['state'] as State,
    attempt: Number(fields['attempt']),
    startedAt: fields['startedAt'] || null,
    status: result?.status ?? null,
    message: result?.message ?? null,
    finishedAt: result?.finishedAt ?? null,
    stages: result?.stages ?? [],
  }
  return { job, tenant: fields['tenant'] ?? '' }
}
