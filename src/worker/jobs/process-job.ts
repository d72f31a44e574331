import type { Logger } from 'pino'
import type { JobReturn, JobSpec, JobSummary, StageSummary, Status } from '../../shared/job.ts'
import type { JobEvent } from '../../shared/job-event.ts'
import type { Language } from '../../shared/language.ts'
import { KIB, MAX_TIMER_MS, SECOND } from '../../shared/limits.ts'
import type { CountFinished } from '../../shared/metrics/finished-jobs.ts'
import type { ArtifactStore } from '../../shared/redis/artifact-store.ts'
import type { JobLifeCycle, RequeueReason } from '../../shared/jobs/job-life-cycle.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import { longestStagesMs } from '../../shared/judging/longest-stages.ts'
import type { RecordedJob } from '../../shared/jobs/recorded-job.ts'
import { fillTests, type ProblemStore, versionOfContent } from '../../shared/judging/problem-store.ts'
import type { Priority } from '../../shared/redis/job-queue.ts'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import { FilesUnavailable, type JobFiles } from '../files/job-files.ts'
import type { CompiledPrograms } from '../judging/compiled-programs.ts'
import { acquirePatiently, NoSandbox, unlessAborted } from '../sandbox/acquire-patiently.ts'
import { EngineDown } from '../sandbox/engine-health.ts'
import type { SandboxPool } from '../sandbox/pool.ts'
import { GATHER_TIMEOUT_MS, SandboxBroken } from '../sandbox/sandbox.ts'
import { withEnvironment } from '../sandbox/sandbox-image.ts'
import { createEventPublisher, type EventPublisher } from './event-publisher.ts'
import type { JobObserver } from './job-observer.ts'
import { lendJudge } from './lend-judge.ts'
import type { LiveInput } from './live-input.ts'
import { EnvironmentFailed, type JobEnvironments } from './job-environments.ts'
import { missingPackage } from './missing-package.ts'
import { producedBy } from './produced-artifacts.ts'
import type { Turn } from './queue-worker.ts'
import { type JobOutcome, runJob } from './run-job.ts'
import type { RunningJobs } from './running-jobs.ts'

/** What a worker does with records. */
export type JobRecords = JobLifeCycle & Pick<JobReader, 'read'>

export interface JobContext {
  records: JobRecords
  artifacts: Pick<ArtifactStore, 'put'>
  /** Those that jobs name. */
  problems: Pick<ProblemStore, 'content'>
  files: JobFiles
  environments: JobEnvironments
  sandboxes: JobSandboxes
  queues: JobQueues
  /** Takes a security event; never fails. */
  report: (event: SecurityEvent) => void
  /** Counts the end of a job for the statistics. */
  count: (job: JobSummary, delayMs: number) => void
  running: RunningJobs
  input: LiveInput
  observer: JobObserver
  log: Logger
}

/** Where jobs run. */
export interface JobSandboxes {
  pool: SandboxPool
  /** @returns the language of a code job and the image it runs in. @throws Error naming what is not installed here */
  locate: (spec: Pick<JobSpec, 'head'>) => { language: Language | undefined; image: string }
  /** Between SIGTERM and SIGKILL, when a limit ends a stage. */
  graceMs: number
  /** Judges' programs that were compiled before. */
  compiled?: CompiledPrograms
}

/** What becomes of others that wait, when something becomes of a job. */
export interface JobQueues {
  /** Gives queued jobs other places. @throws when Redis refuses */
  reorder: (changes: readonly Priority[]) => Promise<void>
  /** Promotes jobs that were held: one of their tenant has ended. */
  promoteHeld: (ids: readonly string[]) => Promise<void>
  /** Queues a webhook delivery; an empty id is none. Never fails. */
  enqueueWebhook: (deliveryId: string) => Promise<void>
}

/** Added to all the time a job may take by its own limits; a sandbox that needs longer has failed. */
const DEADLINE_MARGIN_MS = 15 * SECOND
/** A held job looks again after this time by itself, should whoever was to let it go have been killed. */
const HELD_MS = 10 * SECOND
/** The same for one that waits for its packages. */
const PACKAGES_MS = 2 * SECOND
/** Before a requeued job is taken again: by another worker, or here when the engine is back. */
const REQUEUE_MS: Record<RequeueReason, number> = {
  'engine-down': SECOND,
  'no-sandbox': 5 * SECOND,
  'files-unavailable': 5 * SECOND,
  draining: 0,
  'sandbox-lost': SECOND / 10,
}

/**
 * Takes one job from the queue to its stored result. Every way out stores one, unless an earlier attempt already had, or
 * the job goes back to the queue: because its tenant runs as many as it may, the engine is away, its
 * sandbox was lost, or this worker closes.
 * @throws when Redis refuses; never because of the program or its sandbox
 */
export async function processJob(context: JobContext, spec: JobSpec, turn: Turn): Promise<JobReturn> {
  const { records, queues, running } = context
  // Before it counts as running, since from then on it can be cancelled.
  const { signal, done } = running.begin(spec)
  try {
    if (!(await context.environments.isDecided(spec))) {
      await turn.delay(PACKAGES_MS)
      return DELAYED
    }
    const start = await records.start(spec)
    switch (start.kind) {
      case 'finished':
        return await storedReturn(records, spec.head.id)
      case 'cancelled':
        return await finish(context, spec, start.attempt, CANCELLED, null, [])
      case 'later':
        await queues.reorder([{ id: spec.head.id, priority: start.priority }, ...start.others])
        await turn.delay(0)
        return DELAYED
      case 'held':
        await turn.delay(HELD_MS)
        await queues.promoteHeld(await records.hold(spec))
        return DELAYED
      case 'started':
        context.observer.started(spec, start.attempt)
        await queues.enqueueWebhook(start.delivery)
        return await runAttempt(context, spec, start.attempt, turn, signal)
    }
  } finally {
    done()
  }
}

/** What BullMQ is told of a job that went back; it does not count. */
const DELAYED: JobReturn = { status: 'internal-error' }

const CANCELLED: JobOutcome = endedInside('cancelled', null)

async function runAttempt(
  context: JobContext,
  spec: JobSpec,
  attempt: number,
  turn: Turn,
  signal: AbortSignal,
): Promise<JobReturn> {
  const { records, log } = context
  const { head, tenant, origin } = spec
  const startedAt = new Date().toISOString()
  const fields = { jobId: head.id, tenant, requestId: origin.requestId, attempt }
  log.info({ ...fields, language: head.language, image: head.image }, 'job started')
  const events = createEventPublisher(records, head.id, attempt, spec.replyTo === undefined ? 'at once' : 'soon')
  try {
    const { outcome, clear } = await attemptJob(context, spec, attempt, signal, events)
    if (outcome.status === 'cancelled' && signal.reason === 'draining') {
      await clear()
      throw new Drained('the worker is closing')
    }
    const store = async () => finish(context, spec, attempt, outcome, startedAt, await events.close())
    const [result] = await Promise.all([store(), clear()])
    return result
  } catch (err) {
    const rest = await events.close()
    if (signal.reason === 'cancelled') return finish(context, spec, attempt, CANCELLED, startedAt, rest)
    if (err instanceof EnvironmentFailed)
      return finish(context, spec, attempt, endedInside('environment-failed', err.message), startedAt, rest)
    const reason = reasonToRequeue(err, signal)
    const how = reason && (await requeue(context, spec, attempt, turn, reason))
    if (how === 'back') return DELAYED
    if (how === 'cancelled') return finish(context, spec, attempt, CANCELLED, startedAt, rest)
    log.error({ err, ...fields }, 'job failed inside')
    return finish(context, spec, attempt, internalError(), startedAt, rest)
  }
}

/** The job was ended because its worker closes. */
class Drained extends Error {
  override readonly name = 'Drained'
}

/** Only where nothing was wrong with the job itself. */
function reasonToRequeue(error: unknown, signal: AbortSignal): RequeueReason | undefined {
  if (signal.reason === 'draining') return 'draining'
  if (error instanceof EngineDown) return 'engine-down'
  if (error instanceof NoSandbox) return 'no-sandbox'
  if (error instanceof FilesUnavailable) return 'files-unavailable'
  return error instanceof SandboxBroken ? 'sandbox-lost' : undefined
}

/** @returns `end` when it was requeued before for the same reason, and `cancelled` when it is not to run again */
async function requeue(
  { records, queues, observer, log }: JobContext,
  spec: JobSpec,
  attempt: number,
  turn: Turn,
  reason: RequeueReason,
): Promise<'back' | 'cancelled' | 'end'> {
  const { head, tenant, origin } = spec
  const answer = await records.requeue(spec, attempt, reason)
  switch (answer.outcome) {
    case 'too often':
      return 'end'
    case 'cancelled':
      return 'cancelled'
    case 'overtaken':
      return 'back'
    case 'done':
      await queues.reorder([{ id: head.id, priority: answer.priority }])
      await turn.delay(REQUEUE_MS[reason])
      await queues.promoteHeld(answer.promotable)
      observer.requeued(spec, reason)
      log.warn({ jobId: head.id, tenant, requestId: origin.requestId, attempt, reason }, 'job requeued')
      return 'back'
  }
}

async function finish(
  context: JobContext,
  spec: JobSpec,
  attempt: number,
  outcome: JobOutcome,
  startedAt: string | null,
  events: readonly JobEvent[],
): Promise<JobReturn> {
  const { records, queues, observer, log } = context
  const { head, tenant, origin } = spec
  const fileIds = await context.files.keep(spec, outcome.gathered?.stored ?? [])
  const job = { ...endedJob(spec, outcome, startedAt, attempt), ...producedBy(spec, outcome, fileIds) }
  // Before the result, so that whoever has read of a file finds it.
  if (outcome.gathered) await context.artifacts.put(head.id, attempt, outcome.gathered.files)
  const artifactBytes = outcome.gathered?.files.reduce((sum, { content }) => sum + content.length, 0) ?? 0
  const ending = {
    events,
    outputs: outcome.outputs,
    artifactBytes,
    replies: spec.replyTo !== undefined,
    silent: spec.webhook === null,
    spec,
  }
  const { stored, delivery, promotable } = await records.finish(job, tenant, { attempt }, ending)
  if (stored) observer.ended(spec, outcome.status, startedAt)
  await Promise.all([queues.promoteHeld(promotable), queues.enqueueWebhook(delivery)])
  if (!stored) {
    await context.files.drop(tenant, fileIds.values())
    return storedReturn(records, head.id)
  }
  context.count(job, spec.delayMs)
  const fields = { jobId: head.id, tenant, requestId: origin.requestId, attempt }
  log.info({ ...fields, language: head.language, image: head.image, status: job.status }, 'job ended')
  reportOutcome(context, spec, outcome)
  return { status: outcome.status }
}

/** What of a job's end is of interest for security. */
function reportOutcome(
  { report }: JobContext,
  { head, tenant, origin }: JobSpec,
  { status, message, refusedCalls }: JobOutcome,
): void {
  const common = { ...origin, tenant, jobId: head.id }
  if (refusedCalls.length > 0) {
    report({ kind: 'escape-attempt', ...common, detail: `the program tried ${refusedCalls.join(', ')}` })
  }
  if (status === 'wall-time-limit' || status === 'cpu-time-limit') {
    report({ kind: 'time-limit', ...common, detail: message ?? 'a time limit ended the job' })
  }
}

interface Attempt {
  outcome: JobOutcome
  /** Clears the sandbox and gives it back; never rejects. */
  clear: () => Promise<void>
}

async function attemptJob(
  { sandboxes, problems, files, environments, input, observer, log }: JobContext,
  queued: JobSpec,
  attempt: number,
  signal: AbortSignal,
  events: EventPublisher,
): Promise<Attempt> {
  const spec = await fillTests(problems, queued)
  const { pool, locate, graceMs } = sandboxes
  const { language, image } = locate(spec)
  const { memoryBytes } = spec.head.limits
  const asked = performance.now()
  const packages =
    spec.environment === undefined ? undefined : await unlessAborted(environments.use(spec.environment), signal)
  const request = { image: withEnvironment(image, packages?.key), memoryBytes, tenant: spec.tenant, shareable: spec.shareable } // prettier-ignore
  // From then on the sandbox holds what is mounted in it.
  const lease = await acquirePatiently(pool, request, signal, log).finally(() => packages?.release())
  observer.acquired(spec, performance.now() - asked)
  const { sandbox } = lease
  const judge = lendJudge({ ...sandboxes, files }, spec, signal, log)
  const tooLate = () => {
    void sandbox.destroy()
    judge.destroy()
  }
  const deadline = setTimeout(tooLate, Math.min(longestMs(spec, graceMs) + DEADLINE_MARGIN_MS, MAX_TIMER_MS))
  const listener = {
    ...events,
    stageEnded(stage: StageSummary) {
      observer.stageEnded(spec, stage)
      events.stageEnded(stage.name, stage)
    },
  }
  const { compiled: programs } = sandboxes
  const compiled = programs && { compiled: { programs, image } }
  const help = { startFeed: input(spec.head.id, attempt), judge, files, ...compiled }
  const outcome = await runJob(sandbox, spec, language, graceMs, listener, signal, help)
    .catch((error: unknown) => {
      lease.retire()
      void judge.clear(true)
      throw error
    })
    .finally(() => clearTimeout(deadline))
  if (packages) outcome.lock = packages.lock
  if (language) outcome.message ??= missingPackage(language, outcome.stages, outcome.outputs)
  return {
    outcome,
    async clear() {
      await judge.clear(false)
      try {
        if (lease.reusable && outcome.reusable) {
          await sandbox.end()
          return lease.release()
        }
      } catch (err) {
        log.warn({ err, jobId: spec.head.id }, 'sandbox could not be cleared')
      }
      lease.retire(outcome.reusable ? 'fault' : 'memory')
    },
  }
}

/** The longest a job can take when init keeps its limits, in ms. */
function longestMs(spec: JobSpec, graceMs: number): number {
  const gatherMs = spec.artifacts ? GATHER_TIMEOUT_MS + spec.artifacts.maxBytes / SLOWEST_BYTES_PER_MS : 0
  const storedBytes = (spec.storedFiles ?? []).reduce((sum, { bytes }) => sum + bytes, 0)
  const placings = Math.max(1, spec.tests.length)
  // A test may run again when its time cannot be believed.
  const againMs = spec.tests.reduce(
    (sum, { limits = {} }) => sum + (limits.wallMs ?? spec.head.limits.wallMs) + graceMs,
    0,
  )
  return longestStagesMs(spec, graceMs) + againMs + (placings * storedBytes) / SLOWEST_BYTES_PER_MS + gatherMs
}

/** Between the file store and a cell. */
const SLOWEST_BYTES_PER_MS = KIB

async function storedReturn(records: Pick<JobReader, 'read'>, id: string): Promise<{ status: Status }> {
  const stored = await records.read(id)
  return { status: stored?.job.status ?? 'internal-error' }
}

export interface LostJobContext extends Pick<JobContext, 'records' | 'queues' | 'count'> {
  /** Counts the job. */
  lost: CountFinished
}

/**
 * Stores the end of a job that the queue gave up, normally one whose worker died twice: its owner learns of it.
 */
export async function storeLostJob(
  { records, queues, lost, count }: LostJobContext,
  spec: Pick<RecordedJob, 'head' | 'tenant'> & Partial<JobSpec>,
): Promise<void> {
  const stored = (await records.read(spec.head.id))?.job
  const job = endedJob(spec, internalError(), stored?.startedAt ?? null, stored?.attempt ?? 0)
  const ending = isWhole(spec) ? { spec } : {}
  const { stored: isStored, delivery, promotable } = await records.finish(job, spec.tenant, {}, ending)
  if (isStored) {
    lost(spec.head, 'internal-error')
    count(job, spec.delayMs ?? 0)
  }
  await Promise.all([queues.promoteHeld(promotable), queues.enqueueWebhook(delivery)])
}

/** Whether more than its record is known of a job. */
const isWhole = (spec: Partial<JobSpec>): spec is JobSpec => spec.files !== undefined

function endedJob(
  { head, problem }: Pick<RecordedJob, 'head'> & Pick<JobSpec, 'problem'>,
  outcome: JobOutcome,
  startedAt: string | null,
  attempt: number,
): JobSummary {
  const { status, message, stages, judging, lock } = outcome
  const environment = head.environment && lock !== undefined && { environment: { ...head.environment, lock } }
  const state = status === 'cancelled' ? 'cancelled' : 'finished'
  const finishedAt = new Date().toISOString()
  return {
    ...head,
    state,
    status,
    message,
    startedAt,
    finishedAt,
    attempt,
    stages,
    ...(judging && { judging: { ...judging, ...(problem !== undefined && { problem: versionOfContent(problem) }) } }),
    ...environment,
  }
}

/** The owner learns that it was not the program; what it was stands in the log. */
function internalError(): JobOutcome {
  return endedInside('internal-error', 'the job could not be run; this is a fault of the service, not of the program')
}

/** The end of a job that has nothing to show. */
function endedInside(status: Status, message: string | null): JobOutcome {
  return { status, message, stages: [], outputs: [], reusable: false, refusedCalls: [] }
}
