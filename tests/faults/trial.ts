import { setTimeout as sleep } from 'node:timers/promises'
import { type Installation, type InstallationOptions, startInstallation } from '../support/installation.ts'
import { faultOf, JOB_KINDS, startLoad, submitKind, type SubmittedJob } from '../support/mixed-load.ts'
import { createPatientClient, type PatientClient } from '../support/patient-client.ts'
import { commandLine, isAlive, processesOf } from '../support/processes.ts'
import { watchContainers } from './containers.ts'
import type { MarkedJob } from './marked-job.ts'
import type { Outcome } from './outcome.ts'
import { type Ending, endings, faultsOfJobs, faultsOfLeftovers, faultsOfList } from './verify.ts'

/** Jobs a second beside the marked one. */
const LOAD_PER_SECOND = 4
const BEFORE_MS = 500
const AFTER_MS = 2_000
const MOST_PAUSE_MS = 2_000
/** What a process that was told to end may take. */
const ENDING_MS = 500

export interface Hit {
  /** In ms since the epoch. */
  at: number
  /** Resolves when what a supervisor would start is started. */
  mended: Promise<void>
}

export interface Fault {
  victim: string
  step: string
  /** Brings a job to where it is to be hit. */
  mark: (installation: Installation, clientOf: (gateway: number) => PatientClient) => Promise<MarkedJob>
  /** Resolves as soon as it has hit. */
  hit: (installation: Installation, marked: MarkedJob, client: PatientClient) => Promise<Hit>
  /** Whether nothing is known afterwards of what was accepted before; then only new jobs count. */
  forgets?: boolean
  /** Whether a job may end as `internal-error`. */
  mayFail: (ending: Ending, marked: MarkedJob) => boolean
}

/**
 * One installation and faults in it, one after another, each under a mixed load. Every job must end as it is to, and nothing
 * may be left; see `verify.ts`.
 * @returns what is left when the installation has ended
 */
export async function runTrial(
  options: InstallationOptions,
  faults: readonly Fault[],
  tell: (outcome: Outcome) => void,
): Promise<string[]> {
  const installation = await startInstallation(options)
  const client = createPatientClient(installation.urls, { mostPauseMs: MOST_PAUSE_MS })
  const clients = installation.urls.map((url) => createPatientClient([url], { mostPauseMs: MOST_PAUSE_MS }))
  const clientOf = (gateway: number) => clients[gateway] ?? client
  const watch = watchContainers(installation)
  const accepted: SubmittedJob[] = []
  let left: string[] = []
  try {
    for (const fault of faults) {
      tell(await runFault(fault, installation, client, clientOf, accepted, watch.seen))
    }
  } finally {
    watch.stop()
    const containers = await installation.close()
    await sleep(ENDING_MS)
    const processes = processesOf(watch.seen).filter(isAlive)
    left = [
      ...(containers > 0 ? [`${containers} containers are left after the end`] : []),
      ...processes.map((pid) => `process ${pid} is left after the end: ${commandLine(pid).join(' ')}`),
    ]
  }
  return left
}

async function runFault(
  fault: Fault,
  installation: Installation,
  client: PatientClient,
  clientOf: (gateway: number) => PatientClient,
  accepted: SubmittedJob[],
  seen: ReadonlySet<string>,
): Promise<Outcome> {
  const parts = [installation.redis, installation.podman, ...installation.workers, ...installation.gateways]
  const load = startLoad(client, JOB_KINDS, LOAD_PER_SECOND)
  await sleep(BEFORE_MS)
  const marked = await fault.mark(installation, clientOf)
  const { at: hitAt, mended } = await fault.hit(installation, marked, client)
  await sleep(AFTER_MS)
  await load.stop()
  let jobs = [...load.jobs, ...marked.others, marked.job]
  if (fault.forgets) {
    await mended
    accepted.length = 0
    const known = new Set((await client.list()).map(({ id }) => id))
    jobs = jobs.filter(({ id }) => known.has(id))
    jobs.push(...(await Promise.all(JOB_KINDS.map((kind) => submitKind(client, kind)))))
  }
  accepted.push(...jobs)
  const [ended] = await Promise.all([endings(client, jobs), mended])

  const early = ended.filter(({ submitted }) => fault.forgets || submitted.acceptedAt <= hitAt)
  const finishedAt = early.map(({ job }) => Date.parse(job.finishedAt ?? '')).filter((time) => time > 0)
  return {
    victim: fault.victim,
    step: fault.step,
    jobs: jobs.length,
    asExpected: ended.filter(({ job, submitted }) => faultOf(job, submitted) === undefined).length,
    runAgain: ended.filter(({ job }) => job.attempt > 1).length,
    internalErrors: ended.filter(({ job }) => job.status === 'internal-error').length,
    recoverySeconds: Math.max(0, ...finishedAt.map((time) => time - hitAt)) / 1000,
    faults: [
      ...(await faultsOfJobs(client, ended, (ending) => fault.mayFail(ending, marked))),
      ...(await faultsOfList(client, accepted)),
      ...(await faultsOfLeftovers(installation, seen)),
      ...parts.filter(({ running }) => !running).map(({ name }) => `${name} has ended`),
    ],
  }
}
