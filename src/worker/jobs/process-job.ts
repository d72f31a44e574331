import type { JobReturn, JobSpec } from '../../shared/job.ts'
import type { JobEvent } from '../../shared/job-event.ts'
import type { RequeueReason } from '../../shared/jobs/job-life-cycle.ts'
import { SECOND } from '../../shared/limits.ts'
import { FileGone, FilesUnavailable } from '../files/job-files.ts'
import { NoSandbox } from '../sandbox/acquire-patiently.ts'
import { EngineDown } from '../sandbox/engine-health.ts'
import { SandboxBroken } from '../sandbox/sandbox.ts'
import { attemptJob } from './attempt-job.ts'
import { createEventPublisher } from './event-publisher.ts'
import { endedInside, finishJob, internalError, storedReturn } from './finish-job.ts'
import type { JobContext } from './job-context.ts'
import { EnvironmentFailed } from './job-environments.ts'
import type { Turn } from './queue-worker.ts'
import type { JobOutcome } from './run-job.ts'

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
        return await finishJob(context, spec, {
          attempt: start.attempt,
          outcome: CANCELLED,
          startedAt: null,
          events: [],
        })
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
  const end = (outcome: JobOutcome, rest: readonly JobEvent[]) =>
    finishJob(context, spec, { attempt, outcome, startedAt, events: rest })
  const events = createEventPublisher(records, head.id, attempt, spec.replyTo === undefined ? 'at once' : 'soon')
  try {
    const { outcome, clear } = await attemptJob(context, spec, attempt, signal, events)
    if (outcome.status === 'cancelled' && signal.reason === 'draining') {
      await clear()
      throw new Drained('the worker is closing')
    }
    const store = async () => end(outcome, await events.close())
    const [result] = await Promise.all([store(), clear()])
    return result
  } catch (err) {
    const rest = await events.close()
    if (signal.reason === 'cancelled') return end(CANCELLED, rest)
    if (err instanceof EnvironmentFailed) return end(endedInside('environment-failed', err.message), rest)
    const reason = reasonToRequeue(err, signal)
    const how = reason && (await requeue(context, spec, attempt, turn, reason))
    if (how === 'back') return DELAYED
    if (how === 'cancelled') return end(CANCELLED, rest)
    log.error({ err, ...fields }, 'job failed inside')
    return end(internalError(whyInside(err)), rest)
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

/** What may be told of our faults: nothing but what whoever submitted the job can act on. */
function whyInside(error: unknown): string | undefined {
  if (error instanceof FilesUnavailable) return 'the file store does not answer'
  return error instanceof FileGone ? 'a file of the job is not in the file store' : undefined
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
