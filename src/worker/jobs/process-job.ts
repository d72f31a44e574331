import type { Logger } from 'pino'
import { type Job, type JobReturn, type JobSpec, type Stage, type Status, summarize } from '../../shared/job.ts'
import type { Language } from '../../shared/language.ts'
import { MAX_TIMER_MS, SECOND } from '../../shared/limits.ts'
import type { JobRecords } from '../../shared/redis/job-record.ts'
import { acquirePatiently } from '../sandbox/acquire-patiently.ts'
import type { SandboxPool } from '../sandbox/pool.ts'
import { createEventPublisher, type EventPublisher } from './event-publisher.ts'
import { type JobOutcome, runJob } from './run-job.ts'

export interface JobContext {
  records: JobRecords
  pool: SandboxPool
  /** @returns the language of a code job and the image it runs in. @throws Error naming what is not installed here */
  locate: (spec: JobSpec) => { language: Language | undefined; image: string }
  graceMs: number
  log: Logger
}

/** Added to all the time a job may take by its own limits; a sandbox that needs longer has failed. */
const DEADLINE_MARGIN_MS = 15 * SECOND

/**
 * Takes one job from the queue to its stored result. Every way out stores one, unless an earlier attempt already had.
 * @param attempt how often it has been started, from 1
 * @param signal ends the job, which is `cancelled` then
 * @throws when Redis refuses; never because of the program or its sandbox
 */
export async function processJob(
  context: JobContext,
  spec: JobSpec,
  attempt: number,
  signal: AbortSignal,
): Promise<JobReturn> {
  const { records, log } = context
  const { head, tenant } = spec
  const startedAt = new Date().toISOString()
  if (!(await records.start(head, tenant, attempt))) return storedReturn(records, head.id)
  const events = createEventPublisher(records, head.id)
  const { outcome, clear } = await attemptJob(context, spec, signal, events).catch((err: unknown): Attempt => {
    log.error({ err, jobId: head.id, tenant }, 'job failed inside')
    return { outcome: internalError(), clear: async () => {} }
  })
  const job = endedJob(spec, outcome, startedAt, attempt)
  const store = async () => records.finish(job, tenant, await events.close())
  await Promise.all([store(), clear()])
  log.info(
    { jobId: head.id, tenant, language: head.language, image: head.image, status: job.status, attempt },
    'job ended',
  )
  return { status: outcome.status }
}

interface Attempt {
  outcome: JobOutcome
  /** Clears the sandbox and gives it back; never rejects. */
  clear: () => Promise<void>
}

async function attemptJob(
  { pool, locate, graceMs, log }: JobContext,
  spec: JobSpec,
  signal: AbortSignal,
  events: EventPublisher,
): Promise<Attempt> {
  const { language, image } = locate(spec)
  const { memoryBytes } = spec.head.limits
  const lease = await acquirePatiently(
    pool,
    { image, memoryBytes, tenant: spec.tenant, shareable: spec.shareable },
    signal,
    log,
  )
  const { sandbox } = lease
  const deadline = setTimeout(
    () => void sandbox.destroy(),
    Math.min(longestMs(spec, graceMs) + DEADLINE_MARGIN_MS, MAX_TIMER_MS),
  )
  const listener = { ...events, stageEnded: (stage: Stage) => events.stageEnded(stage.name, summarize(stage)) }
  const outcome = await runJob(sandbox, spec, language, graceMs, listener, signal)
    .catch((error: unknown) => {
      lease.retire()
      throw error
    })
    .finally(() => clearTimeout(deadline))
  return {
    outcome,
    async clear() {
      try {
        if (lease.reusable && outcome.reusable) {
          await sandbox.end()
          return lease.release()
        }
      } catch (err) {
        log.warn({ err, jobId: spec.head.id }, 'sandbox could not be cleared')
      }
      lease.retire()
    },
  }
}

/** The longest a job can take when init keeps its limits, in ms. */
function longestMs(spec: JobSpec, graceMs: number): number {
  const { wallMs, compileWallMs } = spec.head.limits
  const runs = Math.max(1, spec.tests.length)
  return compileWallMs + graceMs + runs * (wallMs + graceMs)
}

async function storedReturn(records: JobRecords, id: string): Promise<{ status: Status }> {
  const stored = await records.read(id)
  return { status: stored?.job.status ?? 'internal-error' }
}

/** Stores the end of a job that the queue gave up, normally one whose worker died twice: its owner learns of it. */
export async function storeLostJob(records: JobRecords, spec: JobSpec, attempt: number): Promise<void> {
  await records.finish(endedJob(spec, internalError(), null, attempt), spec.tenant)
}

function endedJob({ head }: JobSpec, outcome: JobOutcome, startedAt: string | null, attempt: number): Job {
  const { status, message, stages } = outcome
  const state = status === 'cancelled' ? 'cancelled' : 'finished'
  return { ...head, state, status, message, startedAt, finishedAt: new Date().toISOString(), attempt, stages }
}

/** The owner learns that it was not the program; what it was stands in the log. */
function internalError(): JobOutcome {
  return {
    status: 'internal-error',
    message: 'the job could not be run; this is a fault of the service, not of the program',
    stages: [],
    reusable: false,
  }
}
