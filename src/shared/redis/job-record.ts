import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Job, JobHead, JobSpec, JobSummary, State } from '../job.ts'
import type { JobEvent } from '../job-event.ts'
import { KIB } from '../limits.ts'
import { NO_DELIVERY, newDelivery, webhookUrls } from '../webhooks/new-delivery.ts'
import { defineJobScripts } from './job-scripts/define.ts'
import type { Keys } from './keys.ts'
import { NOT_ENDED, parseRecord, SUMMARY_FIELDS, summaryField } from './record-fields.ts'
import { type CapturedOutput, packOutputs, textsOf, withTexts } from './stored-output.ts'

/** The part of a job that its record needs. */
export type RecordedJob = Pick<JobSpec, 'head' | 'tenant' | 'maxRunningJobs'>

/** The part its record needs when it is made, or made again. */
export type SubmittedJob = RecordedJob & Pick<JobSpec, 'webhook' | 'rank' | 'delayMs' | 'keptRequest' | 'replyTo'>

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

export type Start =
  /** `delivery`: id of the webhook delivery that tells of it, to be queued; empty when there is none. */
  | { kind: 'started'; attempt: number; delivery: string }
  | { kind: 'finished' }
  /** It was cancelled while an earlier attempt, which was lost, ran. */
  | { kind: 'cancelled'; attempt: number }
  | { kind: 'held' }
  /** Others go before it; these are the priorities that jobs have in the queue now. */
  | { kind: 'later'; priority: number; others: Priority[] }

export interface Priority {
  id: string
  priority: number
}

/** `sandbox-lost` may be the job's own doing; the others are not. `no-sandbox`: the engine answers, and made none for it. */
export type PutBackReason = 'engine-down' | 'no-sandbox' | 'draining' | 'sandbox-lost'

export type PutBack =
  { outcome: 'done'; priority: number; released: string[] } | { outcome: 'overtaken' | 'too often' | 'cancelled' }

/** Under which a job may be finished: only by the attempt that runs, only in this state. */
export interface FinishCondition {
  attempt?: number
  state?: State
}

/** What belongs to a job's end beside the job. */
export interface Ending {
  /** Events that have not been written yet, told before the result. */
  events?: readonly JobEvent[]
  /** What its stages wrote, in their order. */
  outputs?: readonly CapturedOutput[]
  /** Of the artifacts that were stored. */
  artifactBytes?: number
  /** Whether a gateway waits for it: it is sent the output too, when that is short. */
  replies?: boolean
  /** Whether the job has no webhook. */
  silent?: boolean
  /** What was asked for, so that an operator can have it run again. */
  spec?: JobSpec | undefined
}

/**
 * A job's record is a hash (head, tenant, state, attempt, startedAt, summary, output, layout, tag, rank, ...) and a stream of
 * events. Every change of the record and the event that tells of it are one script, so that a reader never sees one without
 * the other. Events are added to the stream and published in the same step: a reader that subscribes first and then reads the
 * stream misses nothing, and tells doubles by their id.
 *
 * Where a method returns ids of held jobs, the caller has to promote them in the queue: a running job of their tenant has
 * made room.
 */
export interface JobRecords {
  /** Writes the records of jobs that are about to be queued, of all or none: unless too many wait or the request is a repeated one. */
  admit(submission: Submission): Promise<Admission>
  /** What is queued of a job that waits, from its record; undefined when it does not wait. */
  waiting(id: string): Promise<{ head: JobHead; priority: number } | undefined>
  /** Marks it running, unless an earlier attempt finished it, others go before it, or its tenant runs as many as it may. */
  start(job: RecordedJob & Pick<JobSpec, 'webhook'>): Promise<Start>
  /**
   * Adds events, in order; nothing to a job that has its result, or of which a later attempt runs.
   * @param number of this addition in its attempt, from 1: one that is there already is not made again
   */
  append(id: string, attempt: number, number: number, events: readonly JobEvent[]): Promise<void>
  /**
   * Stores the result with its own lifetime; nothing happens for a job that has one.
   * @returns with `delivery`, the id of the webhook delivery that tells of it, to be queued; empty when there is none
   */
  finish(
    job: JobSummary,
    tenant: string,
    only: FinishCondition,
    ending?: Ending,
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
  putBack(job: RecordedJob, attempt: number, reason: PutBackReason): Promise<PutBack>
  /** Notes that a job waits for another of its tenant to end. Its place in the queue must be delayed already. */
  hold(job: RecordedJob): Promise<string[]>
  /** Tells that a running job's worker lives. @returns whether the job is to end */
  renew(job: RecordedJob): Promise<boolean>
  /**
   * Ids of jobs that should be in the queue or be run by somebody, for so long that it is worth a look whether they are: those
   * that wait, and those whose worker says nothing. In pages, each of ids that are asked for at once.
   */
  doubtful(olderThanMs: number): AsyncIterable<string[]>
  /** Priorities that have changed since they were given, in pages; they count as set when the last page has been taken. */
  reorder(): AsyncIterable<Priority[]>
  /** Takes back records whose jobs could not be queued, and what stands for them. */
  remove(submission: Submission): Promise<void>
  /** @returns the job without its output and its tenant, or undefined when there is none or it has expired */
  read(id: string): Promise<{ job: JobSummary; tenant: string } | undefined>
  /** The job with the output of its stages; undefined when it has expired in the meantime. */
  withOutput(job: JobSummary): Promise<Job | undefined>
  /** The request of a job that was to be kept, as JSON, and how long it is; undefined when there is none. */
  request(id: string): Promise<{ bytes: number; read: () => Promise<string | null> } | undefined>
  /** Whether there is something for `spec`. */
  hasSpec(id: string): Promise<boolean>
  /** What was asked for; undefined when that is not kept, or the job has not ended. */
  spec(id: string): Promise<JobSpec | undefined>
  /** The jobs of these ids that there are, without their output. */
  summaries(ids: readonly string[]): Promise<Map<string, { job: JobSummary; tenant: string }>>
}

/** How long the record of a job that has not ended is kept, should nobody ever run it. */
const QUEUED_TTL_SECONDS = 14 * 24 * 3600
/** How often a job may be put back for a reason. Each time without a sandbox takes a minute. */
const MOST_PUT_BACK: Partial<Record<PutBackReason, number>> = { 'sandbox-lost': 1, 'no-sandbox': 10 }
/** A running job whose worker says nothing for so long no longer counts for its tenant's cap. */
const LEASE_MS = 30_000
/** How often a worker renews the leases of its jobs. */
export const RENEW_MS = 5_000
/** Output up to so long goes to the gateway that waits, with the job. */
const REPLY_BYTES = 16 * KIB
/** Jobs looked at in one step where all that wait are. */
const PAGE = 500

export interface Retention {
  /** How long a finished job can be read. */
  resultTtlSeconds: number
  /** How many finished jobs of one tenant are kept. */
  tenantResultsKept: number
  /** Bytes of finished jobs that are kept: of all, and of one tenant. */
  maxStoredBytes: number
  tenantMaxStoredBytes: number
  /** Whether what was asked for is kept with the result. */
  keepRequests: boolean
}

/** @param bulk a connection for output, which may be long: what else is asked does not wait behind it */
export function createJobRecords(redis: Redis, keys: Keys, retention: Retention, bulk: Redis = redis): JobRecords {
  defineJobScripts(redis)
  const { prefix } = keys
  const cap = (job: RecordedJob) => job.maxRunningJobs ?? 0
  const idempotencyKey = (tenant: string, idempotency: Idempotency | undefined) =>
    idempotency ? keys.idempotency(tenant, idempotency.hash) : ''

  return {
    async admit({ jobs, bounds, idempotency, batch }) {
      const tenant = jobs[0]?.tenant ?? ''
      const answer = await redis.runyardAdmit(
        prefix,
        QUEUED_TTL_SECONDS,
        tenant,
        bounds.maxQueuedJobs,
        bounds.tenantMaxQueuedJobs,
        bounds.maxQueuedBytes,
        bounds.tenantMaxQueuedBytes,
        idempotencyKey(tenant, idempotency),
        `${batch?.id ?? jobs[0]?.head.id} ${idempotency?.fingerprint ?? ''}`,
        batch?.id ?? '',
        batch?.json ?? '',
        jobs.length,
        jobs.reduce((sum, { size }) => sum + size, 0),
        jobs.filter(({ delayMs }) => delayMs > 0).length,
        ...jobs.flatMap(admitted),
      )
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
    async start(job) {
      const { head, tenant, webhook } = job
      const startedAt = new Date().toISOString()
      const { startedUrl, finishedUrl } = webhookUrls(webhook)
      // Told once, of the first attempt.
      const first: JobSummary = { ...head, ...NOT_ENDED, state: 'running', attempt: 1, startedAt }
      const [kind, number = 0, text = '', other = 0] = await redis.runyardStart(
        prefix,
        QUEUED_TTL_SECONDS,
        head.id,
        tenant,
        cap(job),
        LEASE_MS,
        startedAt,
        JSON.stringify(head),
        startedUrl,
        finishedUrl,
        ...(startedUrl === '' ? NO_DELIVERY : newDelivery(first, 'job.started')),
        randomUUID(),
      )
      switch (kind) {
        case 'started':
          return { kind, attempt: number, delivery: text }
        case 'cancelled':
          return { kind, attempt: number }
        case 'later':
          return { kind, priority: number, others: text === '' ? [] : [{ id: text, priority: other }] }
        default:
          return { kind: kind as 'finished' | 'held' }
      }
    },
    async append(id, attempt, number, events) {
      await redis.runyardAppend(prefix, QUEUED_TTL_SECONDS, id, attempt, number, ...texts(events))
    },
    async finish(job, tenant, only, { events = [], outputs = [], artifactBytes = 0, replies, silent, spec } = {}) {
      const { state, attempt, startedAt, status: _status, message: _message, finishedAt: _at, ...rest } = job
      const { stages: _stages, artifacts: _artifacts, artifactsTruncated: _truncated, ...head } = rest
      const fields = [
        ...hash({ head: JSON.stringify(head), tenant, state, attempt, startedAt: startedAt ?? '' }),
        ...hash({ summary: summaryField(job), ...packOutputs(outputs) }),
        ...(spec && retention.keepRequests ? hash({ spec: JSON.stringify(spec) }) : []),
      ]
      const ending: JobEvent[] = [...events, { type: 'state', data: { state, attempt } }, { type: 'result', data: job }]
      const [stored, delivery, ...released] = await redis.runyardFinish(
        prefix,
        retention.resultTtlSeconds,
        job.id,
        tenant,
        only.attempt ?? '',
        only.state ?? '',
        retention.tenantResultsKept,
        retention.tenantMaxStoredBytes,
        retention.maxStoredBytes,
        artifactBytes,
        replies ? replyOf(job, outputs) : '',
        ...(silent ? NO_DELIVERY : newDelivery(job, 'job.finished')),
        fields.length,
        ...fields,
        ...texts(ending),
      )
      return { stored: stored === 1, delivery, released }
    },
    async cancel(id) {
      const state = await redis.runyardCancel(prefix, id, keys.cancellations)
      return state === null ? undefined : (state as State)
    },
    async putBack(job, attempt, reason) {
      const { head, tenant } = job
      const [outcome, priority = 1, ...released] = await redis.runyardPutBack(
        prefix,
        QUEUED_TTL_SECONDS,
        head.id,
        tenant,
        cap(job),
        attempt,
        reason,
        MOST_PUT_BACK[reason] ?? '',
      )
      if (outcome === 'done') return { outcome, priority, released }
      return { outcome: outcome as 'overtaken' | 'too often' | 'cancelled' }
    },
    hold: (job) => redis.runyardHold(prefix, QUEUED_TTL_SECONDS, job.head.id, job.tenant, cap(job)),
    async renew({ head, tenant }) {
      return (await redis.runyardRenew(prefix, head.id, tenant, LEASE_MS)) === 1
    },
    async *doubtful(olderThanMs) {
      const [seconds] = await redis.time()
      const nowMs = Number(seconds) * 1000
      const waited = { [keys.queued]: nowMs - olderThanMs, [keys.delayed]: nowMs - olderThanMs, [keys.running]: nowMs }
      for (const [set, until] of Object.entries(waited)) {
        // From the last, so that those who leave meanwhile hide none.
        for (let to = await redis.zcount(set, '-inf', until); to > 0; to -= PAGE) {
          yield await redis.zrange(set, String(Math.max(0, to - PAGE)), String(to - 1))
        }
      }
    },
    async *reorder() {
      for (let to: number | '' = ''; to !== 0;) {
        const [from, ...pairs] = (await redis.runyardReorder(prefix, to, PAGE)) as [number?, ...(number | string)[]]
        if (from === undefined) return
        yield Array.from({ length: pairs.length / 2 }, (_, i) => ({
          id: String(pairs[2 * i]),
          priority: Number(pairs[2 * i + 1]),
        }))
        to = from
      }
      await redis.runyardReordered(prefix)
    },
    async remove({ jobs, idempotency, batch }) {
      const tenant = jobs[0]?.tenant ?? ''
      const ids = jobs.map(({ head }) => head.id)
      await redis.runyardRemove(prefix, tenant, idempotencyKey(tenant, idempotency), batch?.id ?? '', ...ids)
    },
    async read(id) {
      return parseRecord(await redis.hmget(keys.job(id), ...SUMMARY_FIELDS))
    },
    async withOutput(job) {
      if (job.status === null) return { ...job, stages: withTexts(job.stages, Buffer.alloc(0), '') }
      const [output, layout] = await bulk.hmgetBuffer(keys.job(job.id), 'output', 'layout')
      return output && layout ? { ...job, stages: withTexts(job.stages, output, String(layout)) } : undefined
    },
    async request(id) {
      const bytes = await redis.hstrlen(keys.job(id), 'request')
      return bytes === 0 ? undefined : { bytes, read: () => bulk.hget(keys.job(id), 'request') }
    },
    hasSpec: async (id) => (await redis.hexists(keys.job(id), 'spec')) === 1,
    async spec(id) {
      const found = await bulk.hget(keys.job(id), 'spec')
      return found === null ? undefined : (JSON.parse(found) as JobSpec)
    },
    async summaries(ids) {
      const pipeline = redis.pipeline()
      for (const id of ids) pipeline.hmget(keys.job(id), ...SUMMARY_FIELDS)
      const found = new Map<string, { job: JobSummary; tenant: string }>()
      for (const [index, [error, values]] of ((await pipeline.exec()) ?? []).entries()) {
        if (error) throw error
        const record = parseRecord(values as (string | null)[])
        if (record) found.set(ids[index] ?? '', record)
      }
      return found
    },
  }
}

/** The job with its output, as JSON; empty when the output is long, which is read by itself then. */
function replyOf(job: JobSummary, outputs: readonly CapturedOutput[]): string {
  if (outputs.reduce((sum, { bytes }) => sum + bytes.length, 0) > REPLY_BYTES) return ''
  const stages = job.stages.map((stage, index) => ({ ...stage, ...textsOf(outputs[index] ?? NO_OUTPUT) }))
  return JSON.stringify({ ...job, stages })
}

const NO_OUTPUT: CapturedOutput = { bytes: Buffer.alloc(0), order: Buffer.alloc(0) }

/** What the script that admits jobs takes of one. */
function admitted(job: Submission['jobs'][number]) {
  const { head, tenant, webhook, rank, delayMs, size, maxRunningJobs, keptRequest, replyTo } = job
  const fields = hash({
    head: JSON.stringify(head),
    tenant,
    state: 'queued',
    attempt: 0,
    startedAt: '',
    summary: '',
    rank,
    size,
    cap: maxRunningJobs ?? 0,
    ...webhookUrls(webhook),
    ...(replyTo !== undefined && { replyTo }),
    ...(keptRequest !== null && { request: keptRequest }),
  })
  const events = texts([
    { type: 'state', data: { state: 'queued', attempt: 0 } },
    ...head.warnings.map((finding): JobEvent => ({ type: 'warning', data: finding })),
  ])
  const due = delayMs > 0 ? Date.parse(head.createdAt) + delayMs : 0
  return [head.id, rank, due, fields.length, ...fields, events.length, ...events]
}

const texts = (events: readonly JobEvent[]): string[] =>
  events.flatMap(({ type, data }) => [type, JSON.stringify(data)])

const hash = (fields: Record<string, string | number | Buffer>): (string | number | Buffer)[] =>
  Object.entries(fields).flat()
