import type { JobSpec, StageSummary, Status } from '../../shared/job.ts'
import type { PutBackReason } from '../../shared/redis/job-record.ts'

/** What is told of the jobs of this worker, for metrics and traces. Nothing of it waits or throws. */
export interface JobObserver {
  /** An attempt begins. */
  started: (spec: JobSpec, attempt: number) => void
  /** It has its sandbox, for which it waited so long. */
  acquired: (spec: JobSpec, ms: number) => void
  stageEnded: (spec: JobSpec, stage: StageSummary) => void
  /** It went back to the queue. */
  putBack: (spec: JobSpec, reason: PutBackReason) => void
  /** Its result was stored. @param startedAt of the attempt; null when none had begun */
  ended: (spec: JobSpec, status: Status, startedAt: string | null) => void
}
