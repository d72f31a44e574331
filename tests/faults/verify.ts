import { setTimeout as sleep } from 'node:timers/promises'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import type { Job } from '../../src/shared/job.ts'
import { createJobQueue, type JobQueue } from '../../src/shared/redis/job-queue.ts'
import { createWorkerRegistry } from '../../src/shared/redis/worker-registry.ts'
import { patientEngine } from '../support/patient-engine.ts'
import type { Installation } from '../support/installation.ts'
import { leftKeys } from '../support/left-keys.ts'
import { faultOf, type SubmittedJob } from '../support/mixed-load.ts'
import type { PatientClient } from '../support/patient-client.ts'
import { isAlive, processesOf } from '../support/processes.ts'
import { type ReceivedEvent, textOf } from '../support/read-events.ts'

/** How a job ended that was accepted. */
export interface Ending {
  job: Job
  submitted: SubmittedJob
}

/** How long the job hit by the worst of faults may take: two attempts that are lost, and a sweep. */
const FINAL_MS = 120_000
/** Sweeps are 30 s apart, and only what two of them find is removed. */
const CLEAN_MS = 75_000
/** How long the stream of a job that has ended may take, from a gateway that has just lost its Redis too. */
const STREAM_MS = 60_000

/** Waits until all of them are final. */
export async function endings(client: PatientClient, jobs: readonly SubmittedJob[]): Promise<Ending[]> {
  const deadline = Date.now() + FINAL_MS
  return await Promise.all(
    jobs.map(async (submitted) => ({ submitted, job: await client.untilEnded(submitted.id, deadline) })),
  )
}

/**
 * What is wrong with how these jobs ended, were told of and are listed.
 * @param mayFail whether a job may have ended as `internal-error`; it must tell why then
 */
export async function faultsOfJobs(
  client: PatientClient,
  ended: readonly Ending[],
  mayFail: (ending: Ending) => boolean,
): Promise<string[]> {
  const faults: string[] = []
  for (const ending of ended) {
    const { job, submitted } = ending
    const id = `${submitted.kind.name} ${job.id} (attempt ${job.attempt})`
    if (job.status === null) faults.push(`${id} is ${job.state} for ever`)
    else if (job.status !== 'internal-error')
      faults.push(...[faultOf(job, submitted)].filter((fault) => fault !== undefined))
    else if (!mayFail(ending)) faults.push(`${id} is internal-error after having been hit once`)
    else if (job.message === null) faults.push(`${id} is internal-error without a message`)
    if (job.status !== null) faults.push(...(await faultsOfStream(client, job)).map((fault) => `${id}: ${fault}`))
  }
  return faults
}

async function faultsOfStream(client: PatientClient, job: Job): Promise<string[]> {
  const events: ReceivedEvent[] = []
  for await (const event of client.events(job.id, AbortSignal.timeout(STREAM_MS))) events.push(event)
  const results = events.filter(({ event }) => event === 'result').length
  if (results !== 1 || events.at(-1)?.event !== 'result') {
    return [`its stream has ${results} results and ends with ${events.at(-1)?.event}`]
  }
  if (job.status === 'internal-error') return []
  const last = events.findLastIndex(({ event, data }) => event === 'state' && data['state'] === 'running')
  const streamed = textOf(events.slice(last), 'stdout')
  const stored = job.stages.map(({ stdout }) => stdout).join('')
  return streamed === stored
    ? []
    : [`the last attempt's output has ${streamed.length} characters in the stream, ${stored.length} in the result`]
}

/** What is wrong with the list of all jobs there ever were: each accepted one stands in it once, and nothing else. */
export async function faultsOfList(client: PatientClient, accepted: readonly SubmittedJob[]): Promise<string[]> {
  const listed = (await client.list()).map(({ id }) => id)
  const known = new Set(accepted.map(({ id }) => id))
  const twice = listed.length - new Set(listed).size
  const missing = [...known].filter((id) => !listed.includes(id))
  const ghosts = listed.filter((id) => !known.has(id))
  return [
    ...(known.size < accepted.length ? [`${accepted.length - known.size} jobs have the id of another`] : []),
    ...(twice > 0 ? [`${twice} jobs are listed twice`] : []),
    ...missing.map((id) => `${id} was accepted and is not listed`),
    ...ghosts.map((id) => `${id} is listed and was not accepted`),
  ]
}

/** What there is to look at. */
export type Remains = Pick<Installation, 'connection' | 'keys' | 'namespace' | 'podmanSocket'> & {
  readonly workers: readonly { pid: number }[]
}

/**
 * What is left of the jobs, now that all have ended, once everything had the time to go by itself.
 * @param seen every container of the namespace there ever was
 */
export async function faultsOfLeftovers(installation: Remains, seen: ReadonlySet<string>): Promise<string[]> {
  const queue = createJobQueue(installation.connection, installation.keys)
  try {
    for (const deadline = Date.now() + CLEAN_MS; ; await sleep(250)) {
      const left = await leftovers(installation, queue, seen)
      if (left.length === 0 || Date.now() > deadline) return left
    }
  } finally {
    await queue.close()
  }
}

async function leftovers(installation: Remains, queue: JobQueue, seen: ReadonlySet<string>): Promise<string[]> {
  const { connection, keys, namespace, podmanSocket } = installation
  const left: string[] = []
  const counts = await queue.getJobCounts('active', 'waiting', 'prioritized', 'delayed', 'waiting-children')
  for (const [state, count] of Object.entries(counts)) if (count > 0) left.push(`the queue has ${count} ${state} jobs`)
  // Before each check BullMQ notes whose locks it will look at; once nothing is active nothing of it may stay.
  const stalled = await connection.scard(`${keys.prefix}:jobs:stalled`)
  if (stalled > 0) left.push(`the queue has ${stalled} stalled jobs`)
  for (const set of [keys.queued, keys.running]) {
    const members = await connection.zcard(set)
    if (members > 0) left.push(`${set} has ${members} members`)
  }
  left.push(...(await leftKeys(connection, namespace)).map((key) => `${key} never expires`))

  const pids = new Set(installation.workers.map(({ pid }) => pid))
  const alive = (await createWorkerRegistry(connection, keys).alive()).filter(({ pid }) => pids.has(pid))
  const containers = await patientEngine(podmanSocket).containers(CONTAINER_LABEL.namespace, namespace)
  const owners = new Set(alive.map(({ id }) => id))
  const orphans = containers.filter(({ labels }) => !owners.has(labels[CONTAINER_LABEL.worker] ?? ''))
  left.push(...orphans.map(({ id }) => `container ${id.slice(0, 12)} belongs to no worker that lives`))
  const present = new Set(containers.map(({ id }) => id))
  const gone = new Set([...seen].filter((id) => !present.has(id)))
  left.push(
    ...processesOf(gone)
      .filter(isAlive)
      .map((pid) => `process ${pid} is of a container that is gone`),
  )
  return left
}
