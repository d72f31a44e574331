import type { JobSpec, StageSummary } from '../../shared/job.ts'
import { longestStagesMs } from '../../shared/judging/longest-stages.ts'
import { fillTests } from '../../shared/judging/problem-store.ts'
import { KIB, MAX_TIMER_MS, SECOND } from '../../shared/limits.ts'
import { acquirePatiently, unlessAborted } from '../sandbox/acquire-patiently.ts'
import { GATHER_TIMEOUT_MS } from '../sandbox/sandbox.ts'
import { withEnvironment } from '../sandbox/sandbox-image.ts'
import type { EventPublisher } from './event-publisher.ts'
import type { JobContext } from './job-context.ts'
import { lendJudge } from './lend-judge.ts'
import { missingPackage } from './missing-package.ts'
import { type JobOutcome, runJob } from './run-job.ts'

/** Added to all the time a job may take by its own limits; a sandbox that needs longer has failed, on a machine that is not slow. */
const DEADLINE_MARGIN_MS = 15 * SECOND

export interface Attempt {
  outcome: JobOutcome
  /** Clears the sandbox and gives it back; never rejects. */
  clear: () => Promise<void>
}

/**
 * Runs a job once, in a sandbox of the pool.
 * @param queued as it lies in the queue; the tests of a stored problem are fetched here
 * @throws EnvironmentFailed, NoSandbox, EngineDown, FilesUnavailable, SandboxBroken; never because of the program
 */
export async function attemptJob(
  { sandboxes, stores, environments, input, observer, log }: JobContext,
  queued: JobSpec,
  attempt: number,
  signal: AbortSignal,
  events: EventPublisher,
): Promise<Attempt> {
  const { problems, files } = stores
  const spec = await fillTests(problems, queued)
  const { pool, locate, graceMs, preloaded, timeoutFactor } = sandboxes
  const { language, image } = locate(spec)
  const { memoryBytes } = spec.head.limits
  const asked = performance.now()
  const packages =
    spec.environment === undefined ? undefined : await unlessAborted(environments.use(spec.environment), signal)
  const request = {
    image: withEnvironment(image, packages, preloaded(spec)),
    memoryBytes,
    tenant: spec.tenant,
    shareable: spec.shareable,
  }
  // From then on the lease holds what is mounted in its sandbox.
  const lease = await acquirePatiently(pool, request, signal, log).finally(() => packages?.release())
  observer.acquired(spec, performance.now() - asked)
  const { sandbox } = lease
  const judge = lendJudge({ ...sandboxes, files }, spec, signal, log)
  const tooLate = () => {
    void sandbox.destroy()
    judge.destroy()
  }
  const deadlineMs = longestMs(spec, graceMs) + DEADLINE_MARGIN_MS * timeoutFactor
  const deadline = setTimeout(tooLate, Math.min(deadlineMs, MAX_TIMER_MS))
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
  if (language) {
    const canInstall = environments.canInstall(language.packagesOf ?? language.id)
    outcome.message ??= missingPackage(language, canInstall, outcome.stages, outcome.outputs)
  }
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
  const { wallMs, compileWallMs } = spec.head.limits
  // A test may run again when its time cannot be believed, and so may the compiler before tests.
  const againMs = spec.tests.reduce(
    (sum, { limits = {} }) => sum + (limits.wallMs ?? wallMs) + graceMs,
    spec.tests.length > 0 ? compileWallMs + graceMs : 0,
  )
  return longestStagesMs(spec, graceMs) + againMs + (placings * storedBytes) / SLOWEST_BYTES_PER_MS + gatherMs
}

/** Between the file store and a cell. */
const SLOWEST_BYTES_PER_MS = KIB
