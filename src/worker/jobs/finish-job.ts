import type { JobReturn, JobSpec, JobSummary, Status } from '../../shared/job.ts'
import type { JobEvent } from '../../shared/job-event.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import type { RecordedJob } from '../../shared/jobs/recorded-job.ts'
import { versionOfContent } from '../../shared/judging/problem-store.ts'
import type { CountFinished } from '../../shared/metrics/finished-jobs.ts'
import type { JobContext } from './job-context.ts'
import { producedBy } from './produced-artifacts.ts'
import type { JobOutcome } from './run-job.ts'

/** How an attempt ended. */
export interface AttemptEnd {
  /** 1 for the first. */
  attempt: number
  outcome: JobOutcome
  /** ISO 8601; null for a job that never started. */
  startedAt: string | null
  /** What has not been published yet. */
  events: readonly JobEvent[]
}

/**
 * Stores the end of a job and all that hangs on it: files, artifacts, the webhook, the jobs that waited for it.
 * @returns what is stored: an earlier attempt's end where there is one
 * @throws when Redis refuses
 */
export async function finishJob(
  context: JobContext,
  spec: JobSpec,
  { attempt, outcome, startedAt, events }: AttemptEnd,
): Promise<JobReturn> {
  const { records, stores, queues, notes, observer, log } = context
  const { head, tenant, origin } = spec
  const fileIds = await stores.files.keep(spec, outcome.gathered?.stored ?? [])
  const job = { ...endedJob(spec, outcome, startedAt, attempt), ...producedBy(spec, outcome, fileIds) }
  // Before the result, so that whoever has read of a file finds it.
  if (outcome.gathered) await stores.artifacts.put(head.id, attempt, outcome.gathered.files)
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
    await stores.files.drop(tenant, fileIds.values())
    return storedReturn(records, head.id)
  }
  notes.ended(job, spec.delayMs)
  const fields = { jobId: head.id, tenant, requestId: origin.requestId, attempt }
  log.info({ ...fields, language: head.language, image: head.image, status: job.status }, 'job ended')
  reportOutcome(context, spec, outcome)
  return { status: outcome.status }
}

/** What of a job's end is of interest for security. */
function reportOutcome(
  { notes }: JobContext,
  { head, tenant, origin }: JobSpec,
  { status, message, refusedCalls }: JobOutcome,
): void {
  const common = { ...origin, tenant, jobId: head.id }
  if (refusedCalls.length > 0) {
    notes.security({ kind: 'escape-attempt', ...common, detail: `the program tried ${refusedCalls.join(', ')}` })
  }
  if (status === 'wall-time-limit' || status === 'cpu-time-limit') {
    notes.security({ kind: 'time-limit', ...common, detail: message ?? 'a time limit ended the job' })
  }
}

/** What BullMQ is told of a job whose end is stored. */
export async function storedReturn(records: Pick<JobReader, 'read'>, id: string): Promise<{ status: Status }> {
  const stored = await records.read(id)
  return { status: stored?.job.status ?? 'internal-error' }
}

export interface LostJobContext extends Pick<JobContext, 'records' | 'queues' | 'notes'> {
  /** Counts the job. */
  lost: CountFinished
}

/**
 * Stores the end of a job that the queue gave up, normally one whose worker died twice: its owner learns of it.
 */
export async function storeLostJob(
  { records, queues, lost, notes }: LostJobContext,
  spec: Pick<RecordedJob, 'head' | 'tenant'> & Partial<JobSpec>,
): Promise<void> {
  const stored = (await records.read(spec.head.id))?.job
  const job = endedJob(spec, internalError(), stored?.startedAt ?? null, stored?.attempt ?? 0)
  const ending = isWhole(spec) ? { spec } : {}
  const { stored: isStored, delivery, promotable } = await records.finish(job, spec.tenant, {}, ending)
  if (isStored) {
    lost(spec.head, 'internal-error')
    notes.ended(job, spec.delayMs ?? 0)
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
  const { status, message, stages, judging } = outcome
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
  }
}

/** The owner learns that it was not the program; what it was stands in the log. */
export function internalError(why = 'the job could not be run'): JobOutcome {
  return endedInside('internal-error', `${why}; this is a fault of the service, not of the program`)
}

/** The end of a job that has nothing to show. */
export function endedInside(status: Status, message: string | null): JobOutcome {
  return { status, message, stages: [], outputs: [], reusable: false, refusedCalls: [] }
}
