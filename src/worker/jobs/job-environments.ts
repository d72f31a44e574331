import type { JobSpec } from '../../shared/job.ts'
import type { MountedEnvironment } from '../sandbox/sandbox-image.ts'

/** What a job with packages needs of its worker. */
export interface JobEnvironments {
  /** Whether packages of the language can be installed here. @param language its id */
  canInstall(language: string): boolean
  /** Whether the job can begin: its environment has an end, good or bad. Where not, the job is noted among those that wait. */
  isDecided(spec: Pick<JobSpec, 'environment' | 'head'>): Promise<boolean>
  /**
   * Brings the job's environment to this host, where it stays until it is released.
   * @throws EnvironmentFailed; what Redis or the disk answers
   */
  use(id: string): Promise<UsedEnvironment>
}

export interface UsedEnvironment extends MountedEnvironment {
  release: () => void
}

/** For the owner of a job: its packages cannot be had. */
export class EnvironmentFailed extends Error {
  override readonly name = 'EnvironmentFailed'
}
