import type { Job } from '../../shared/job.ts'

export interface LockNeeds {
  /** Of an environment; null when it was not built, or its record is gone. */
  lockOf: (environment: string) => Promise<string | null>
}

/**
 * A job with the lock of its packages. That may be some hundred KiB, so it is kept once, with the environment, and added where
 * one job is answered; events, webhooks and lists name the environment only.
 */
export async function withLock<T extends Pick<Job, 'environment' | 'startedAt'>>(
  { lockOf }: LockNeeds,
  job: T,
): Promise<T> {
  if (!job.environment) return job
  const { id } = job.environment
  return { ...job, environment: { id, lock: job.startedAt === null ? null : await lockOf(id) } }
}
