import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { MIB } from '../../src/shared/limits.ts'
import { patientEngine } from '../support/patient-engine.ts'
import type { Installation } from '../support/installation.ts'
import { openFiles, processesOf, residentBytes } from '../support/processes.ts'

export const MEASURED = ['gateway', 'worker', 'Redis', 'podman service'] as const
export type Measured = (typeof MEASURED)[number]

export interface Sample {
  /** Since the beginning. */
  seconds: number
  residentMib: Record<Measured, number>
  openFiles: Record<Measured, number>
  /** Of the data alone, as Redis tells. */
  redisUsedMib: number
  containers: number
  /** Of those containers: monitors, inits, leaders, programs. */
  processes: number
  jobsEnded: number
}

/** A look at an installation with one worker and one gateway, at most. @throws when Redis or podman does not answer */
export async function takeSample(installation: Installation, seconds: number, jobsEnded: number): Promise<Sample> {
  const { redis, podman, workers, gateways, podmanSocket, namespace, connection } = installation
  const pids: Record<Measured, number> = {
    gateway: gateways[0]?.pid ?? 0,
    worker: workers[0]?.pid ?? 0,
    Redis: redis.pid,
    'podman service': podman.pid,
  }
  const each = (figure: (pid: number) => number) =>
    Object.fromEntries(MEASURED.map((name) => [name, figure(pids[name])])) as Record<Measured, number>
  const containers = await patientEngine(podmanSocket).containers(CONTAINER_LABEL.namespace, namespace)
  const memory = await connection.info('memory')
  return {
    seconds,
    residentMib: each((pid) => residentBytes(pid) / MIB),
    openFiles: each(openFiles),
    redisUsedMib: Number(/^used_memory:(\d+)/m.exec(memory)?.[1] ?? 0) / MIB,
    containers: containers.length,
    processes: processesOf(new Set(containers.map(({ id }) => id))).length,
    jobsEnded,
  }
}
