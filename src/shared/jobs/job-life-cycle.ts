import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { JobSpec, JobSummary, State } from '../job.ts'
import type { JobEvent } from '../job-event.ts'
import { KIB } from '../limits.ts'
import type { Priority } from '../redis/job-queue.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, runScript } from '../redis/lua-script.ts'
import { headField, NOT_ENDED, summaryField } from '../redis/record-fields.ts'
import { type CapturedOutput, NO_OUTPUT, packOutputs, textsOf } from '../redis/stored-output.ts'
import { newDelivery, webhookUrls } from '../webhooks/new-delivery.ts'
import { QUEUED_TTL_SECONDS, type RecordedJob } from './recorded-job.ts'
import { FINISH } from './scripts/finish.ts'
import { APPEND, CANCEL, HOLD, RENEW, REORDER, REORDERED, REQUEUE, START } from './scripts/run.ts'

export type Start =
  /** `delivery`: id of the webhook delivery that tells of it, to be queued; empty when there is none. */
  | { kind: 'started'; attempt: number; delivery: string }
  | { kind: 'finished' }
  /** It was cancelled while an earlier attempt, which was lost, ran. */
  | { kind: 'cancelled'; attempt: number }
  | { kind: 'held' }
  /** Others go before it; these are the priorities that jobs have in the queue now. */
  | { kind: 'later'; priority: number; others: Priority[] }

/** `sandbox-lost` may be the job's own doing; the others are not. `no-sandbox`: the engine answers, and made none for it. `files-unavailable`: its files could not be read. */
export type RequeueReason = 'engine-down' | 'no-sandbox' | 'files-unavailable' | 'draining' | 'sandbox-lost'

export type Requeued =
  | { outcome: 'done'; priority: number; promotable: string[] }
  | { outcome: 'overtaken' | 'too often' | 'cancelled' }

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
 * What becomes of a job that has a record. Where a method returns ids of held jobs, the caller has to promote them in the queue: a running
 * job of their tenant has made room.
 */
export interface JobLifeCycle {
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
  ): Promise<{ stored: boolean; delivery: string; promotable: string[] }>
  /**
   * Asks whoever runs a job to end it.
   * @returns the state it was in; undefined when there is no such job. Only a running one is told
   */
  cancel(id: string): Promise<State | undefined>
  /**
   * Marks a running job queued again.
   * @param reason a job whose sandbox was lost is queued again once
   */
  requeue(job: RecordedJob, attempt: number, reason: RequeueReason): Promise<Requeued>
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
}

/** How often a job may be queued again for a reason. Each time without a sandbox takes a minute. */
const MOST_REQUEUED: Partial<Record<RequeueReason, number>> = {
  'sandbox-lost': 1,
  'no-sandbox': 10,
  'files-unavailable': 20,
}
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

export function createJobLifeCycle(redis: Redis, keys: Keys, retention: Retention): JobLifeCycle {
  defineScripts(redis, [START, APPEND, FINISH, CANCEL, REQUEUE, HOLD, RENEW, REORDER, REORDERED])
  const { prefix } = keys
  const ttlSeconds = QUEUED_TTL_SECONDS
  const cap = (job: RecordedJob) => job.maxRunningJobs ?? 0

  return {
    async start(job) {
      const { head, tenant, webhook } = job
      const startedAt = new Date().toISOString()
      const { startedUrl, finishedUrl } = webhookUrls(webhook)
      // Told once, of the first attempt.
      const first: JobSummary = { ...head, ...NOT_ENDED, state: 'running', attempt: 1, startedAt }
      const [deliveryId, deliveryEvent, body] = startedUrl === '' ? [] : newDelivery(first, 'job.started')
      const input = {
        ttlSeconds,
        id: head.id,
        tenant,
        cap: cap(job),
        leaseMs: LEASE_MS,
        startedAt,
        token: randomUUID(),
        deliveryId,
        deliveryEvent,
        makes: false,
        startedUrl: undefined,
        finishedUrl: undefined,
      }
      const bulk = body === undefined ? [] : [body]
      let answer = await runScript(redis, prefix, START, input, bulk)
      // Taken back by its gateway, which did not know that it had got onto the queue.
      if (answer[0] === 'unknown') {
        const made = { ...input, makes: true, startedUrl, finishedUrl }
        answer = await runScript(redis, prefix, START, made, [...bulk, JSON.stringify(head)])
      }
      const [kind, number = 0, text = '', other = 0] = answer
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
      await runScript(redis, prefix, APPEND, { ttlSeconds, id, attempt, number }, texts(events))
    },
    async finish(job, tenant, only, { events = [], outputs = [], artifactBytes = 0, replies, silent, spec } = {}) {
      const { id, state, attempt, startedAt } = job
      const { resultTtlSeconds, tenantResultsKept, tenantMaxStoredBytes, maxStoredBytes, keepRequests } = retention
      const [deliveryId, deliveryEvent, body = ''] = silent ? [] : newDelivery(job, 'job.finished')
      const { output, layout } = packOutputs(outputs)
      const input = {
        ttlSeconds: resultTtlSeconds,
        id,
        tenant,
        onlyAttempt: only.attempt,
        onlyState: only.state,
        state,
        attempt,
        startedAt: startedAt ?? '',
        tenantResultsKept,
        tenantMaxStoredBytes,
        maxStoredBytes,
        artifactBytes,
        environment: job.environment?.id,
        deliveryId,
        deliveryEvent,
        makes: false,
      }
      const ending: JobEvent[] = [...events, { type: 'state', data: { state, attempt } }, { type: 'result', data: job }]
      const bulk = [
        summaryField(job),
        output,
        layout,
        spec && keepRequests ? JSON.stringify(spec) : '',
        body,
        replies ? replyOf(job, outputs) : '',
      ]
      const said = texts(ending)
      let answer = await runScript(redis, prefix, FINISH, input, [...bulk, '', ...said])
      if (answer[0] === -1) {
        answer = await runScript(redis, prefix, FINISH, { ...input, makes: true }, [...bulk, headField(job), ...said])
      }
      const [stored, delivery, ...promotable] = answer
      return { stored: stored === 1, delivery, promotable }
    },
    async cancel(id) {
      const state = await runScript(redis, prefix, CANCEL, { id })
      return state === null ? undefined : (state as State)
    },
    async requeue(job, attempt, reason) {
      const { head, tenant } = job
      const input = { ttlSeconds, id: head.id, tenant, cap: cap(job), attempt, reason, most: MOST_REQUEUED[reason] }
      const [outcome, priority = 1, ...promotable] = await runScript(redis, prefix, REQUEUE, input)
      if (outcome === 'done') return { outcome, priority, promotable }
      return { outcome: outcome as 'overtaken' | 'too often' | 'cancelled' }
    },
    hold: (job) => runScript(redis, prefix, HOLD, { ttlSeconds, id: job.head.id, tenant: job.tenant, cap: cap(job) }),
    async renew({ head, tenant }) {
      return (await runScript(redis, prefix, RENEW, { id: head.id, tenant, leaseMs: LEASE_MS })) === 1
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
      for (let to: number | undefined; to !== 0;) {
        const [from, ...pairs] = await runScript(redis, prefix, REORDER, { to, count: PAGE })
        if (from === undefined) return
        yield Array.from({ length: pairs.length / 2 }, (_, i) => ({
          id: String(pairs[2 * i]),
          priority: Number(pairs[2 * i + 1]),
        }))
        to = from
      }
      await runScript(redis, prefix, REORDERED, {})
    },
  }
}

/** The job with its output, as JSON; empty when the output is long, which is read by itself then. */
function replyOf(job: JobSummary, outputs: readonly CapturedOutput[]): string {
  if (outputs.reduce((sum, { bytes }) => sum + bytes.length, 0) > REPLY_BYTES) return ''
  const stages = job.stages.map((stage, index) => ({ ...stage, ...textsOf(outputs[index] ?? NO_OUTPUT) }))
  return JSON.stringify({ ...job, stages })
}

const texts = (events: readonly JobEvent[]): string[] =>
  events.flatMap(({ type, data }) => [type, JSON.stringify(data)])
