import { Counter, type Registry } from 'prom-client'
import type { JobHead, Status } from '../job.ts'

/** Counts a job whose result this process has stored. */
export type CountFinished = (head: Pick<JobHead, 'language'>, status: Status) => void

/** What stands for a job's runtime in metrics: its language, or `container`. */
export const runtimeOf = ({ language }: Pick<JobHead, 'language'>): string => language ?? 'container'

/**
 * Workers store most results, gateways those of jobs that were cancelled while they waited: their sum is all jobs.
 * @param runtimes whose internal errors are told from the start: of a series that begins with 1 no rate can tell the first
 */
export function createFinishedJobs(registers: Registry[], runtimes: readonly string[] = []): CountFinished {
  const finished = new Counter({
    name: 'runyard_jobs_finished_total',
    help: 'Jobs whose result this process stored; each job counts once, in one process',
    labelNames: ['runtime', 'status'],
    registers,
  })
  for (const runtime of runtimes) finished.inc({ runtime, status: 'internal-error' satisfies Status }, 0)
  return (head, status) => finished.inc({ runtime: runtimeOf(head), status })
}
