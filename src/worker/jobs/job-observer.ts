import type { JobSpec, StageSummary, Status } from '../../shared/job.ts'
import type { RequeueReason } from '../../shared/jobs/job-life-cycle.ts'

/** What is told of the jobs of this worker, for metrics and traces. Nothing of it waits or throws. */
export interface JobObserver {
  /** An attempt begins. */
  started: (spec: JobSpec, attempt: number) => void
  /** It has its sandbox, for which it waited so long. */
  acquired: (spec: JobSpec, ms: number) => void
  stageEnded: (spec: JobSpec, stage: StageSummary) => void
  /** It went back to the queue. */
  putBack: (spec: JobSpec, reason: RequeueReason) => void
  /** Its result was stored. @param startedAt of the attempt; null when none had begun */
  ended: (spec: JobSpec, status: Status, startedAt: string | null) => void
}

/** One that tells all of these, in their order. */
export function observeTogether(observers: readonly JobObserver[]): JobObserver {
  const [only, ...others] = observers
  if (only && others.length === 0) return only
  return {
    started: (spec, attempt) => observers.forEach((one) => one.started(spec, attempt)),
    acquired: (spec, ms) => observers.forEach((one) => one.acquired(spec, ms)),
    stageEnded: (spec, stage) => observers.forEach((one) => one.stageEnded(spec, stage)),
    putBack: (spec, reason) => observers.forEach((one) => one.putBack(spec, reason)),
    ended: (spec, status, startedAt) => observers.forEach((one) => one.ended(spec, status, startedAt)),
  }
}
