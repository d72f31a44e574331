import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND } from '../../src/shared/limits.ts'
import { endings, faultsOfJobs, faultsOfList } from '../faults/verify.ts'
import { faultOf, JOB_KINDS, type JobKind, startLoad, submitKind, type SubmittedJob } from '../support/mixed-load.ts'
import type { PatientClient } from '../support/patient-client.ts'
import type { Host } from './host.ts'
import type { Hosts } from './hosts.ts'

/** What came of one fault of the network. */
export interface Outcome {
  what: string
  jobs: number
  asExpected: number
  runAgain: number
  internalErrors: number
  /** Attempts that began on each of the two. */
  onB: number
  onC: number
  /** Requests without an answer. */
  broken: number
  /** From the fault until every job that had been accepted by then was final. */
  finalSeconds: number
  faults: string[]
}

/** The jobs of one fault, while it lasts. */
export interface Turn {
  /** Those that were accepted so far. */
  readonly jobs: () => readonly SubmittedJob[]
  /** Submits one beside the load. */
  readonly submit: (kind: JobKind) => Promise<SubmittedJob>
  /** To be called in the moment the fault begins. */
  readonly begins: () => void
}

const PER_SECOND = 3
const BEFORE_MS = 2 * SECOND

/**
 * A fault under a mixed load, and how the jobs of it have ended.
 * @param accepted all jobs there ever were; is brought up to date
 * @param happen makes the fault and mends it. @returns what was wrong meanwhile
 */
export async function underLoad(
  what: string,
  hosts: Hosts,
  client: PatientClient,
  accepted: SubmittedJob[],
  happen: (turn: Turn) => Promise<string[]>,
): Promise<Outcome> {
  const { broken } = client.counts
  const failed = client.counts.failed.length
  const load = startLoad(client, JOB_KINDS, PER_SECOND)
  const others: SubmittedJob[] = []
  const jobs = () => [...load.jobs, ...others]
  let since = 0
  await sleep(BEFORE_MS)
  const faults = await happen({
    jobs,
    begins: () => (since = Date.now()),
    async submit(kind) {
      const job = await submitKind(client, kind)
      others.push(job)
      return job
    },
  })
  await load.stop()
  accepted.push(...jobs())
  const ended = await endings(client, jobs())

  const ids = new Set(jobs().map(({ id }) => id))
  const startsOn = (host: Host) => hosts.starts(host).filter(({ jobId }) => ids.has(jobId)).length
  const early = ended.filter(({ submitted }) => submitted.acceptedAt <= since)
  const finishedAt = early.map(({ job }) => Date.parse(job.finishedAt ?? '')).filter((time) => time > 0)
  const idle = [hosts.b, hosts.c].filter((host) => startsOn(host) === 0)
  return {
    what,
    jobs: ended.length,
    asExpected: ended.filter(({ job, submitted }) => faultOf(job, submitted) === undefined).length,
    runAgain: ended.filter(({ job }) => job.attempt > 1).length,
    internalErrors: ended.filter(({ job }) => job.status === 'internal-error').length,
    onB: startsOn(hosts.b),
    onC: startsOn(hosts.c),
    broken: client.counts.broken - broken,
    finalSeconds: Math.max(0, ...finishedAt.map((time) => time - since)) / 1000,
    faults: [
      ...faults,
      ...(await faultsOfJobs(client, ended, () => false)),
      ...(await faultsOfList(client, accepted)),
      ...client.counts.failed.slice(failed),
      ...hosts.ended(),
      ...idle.map(({ name }) => `${name} ran no job`),
    ],
  }
}

const HEAD = [
  'what happens',
  'jobs',
  'as expected',
  'run again',
  '`internal-error`',
  'attempts on B, on C',
  'requests without an answer',
  'all final after',
]

export function outcomeTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((one) => {
    const counts = [one.jobs, one.asExpected, one.runAgain, one.internalErrors, `${one.onB}, ${one.onC}`, one.broken]
    return [one.what, ...counts, `${one.finalSeconds.toFixed(1)} s`]
  })
  return [HEAD, HEAD.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
