import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../../src/shared/job.ts'
import { MINUTE, SECOND } from '../../src/shared/limits.ts'
import { faultsOfList } from '../faults/verify.ts'
import { type Installation, type Part, startInstallation } from '../support/installation.ts'
import { faultOf, type JobKind, startLoad } from '../support/mixed-load.ts'
import { createPatientClient } from '../support/patient-client.ts'
import { writeSection } from '../support/write-section.ts'

/**
 * Restarts all workers and gateways one after another, again and again, under a steady load, in which no request may fail
 * and no job be lost. `npm run test:rolling [-- JOBS_PER_SECOND [SECONDS]]`.
 */
const [perSecond = 20, seconds = 180] = process.argv.slice(2).map(Number)

const TRUE: JobKind = {
  name: 'bash, true',
  request: (token) => ({ language: 'bash', code: 'true', metadata: { token } }),
  status: 'succeeded',
  stdout: () => '',
}
const sleeping = (seconds: number): JobKind => ({
  ...TRUE,
  name: `bash, ${seconds} s`,
  request: (token) => ({ language: 'bash', code: `sleep ${seconds}`, metadata: { token } }),
})
/** Of 200 jobs five are under way for a while when their worker is told to stop, and one for longer than it waits. */
const KINDS = Array.from({ length: 200 }, (_, number) =>
  number === 100 ? sleeping(5) : number % 40 === 0 ? sleeping(1) : TRUE,
)
const ENV = { DRAIN_TIMEOUT_MS: '2000' }

const installation = await startInstallation({ name: 'rolling', workers: 2, gateways: 2, env: ENV })
const { gateways, workers, urls } = installation
/** Told to end: what stands before the gateways sends nothing to it any more. */
const leaving = new Set<Part>()
const serves = (gateway: number) => {
  const part = gateways[gateway]
  return part !== undefined && part.running && !leaving.has(part)
}
const client = createPatientClient(urls, { serves, mostPauseMs: 5 * SECOND })
let failures: string[] = []
try {
  failures = await run(installation)
} finally {
  const left = await installation.close()
  if (left > 0) failures.push(`${left} containers are left`)
}
for (const failure of failures.slice(0, 20)) console.log(`  ${failure}`)
console.log(failures.length === 0 ? 'no request failed and no job was lost' : `${failures.length} things went wrong`)
process.exit(failures.length === 0 ? 0 : 1)

async function run({ namespace }: Installation): Promise<string[]> {
  console.log(`${namespace}: ${perSecond} jobs/s for ${seconds} s`)
  const began = performance.now()
  const elapsed = () => (performance.now() - began) / 1000
  const load = startLoad(client, KINDS, perSecond)
  let restarts = 0
  const failures: string[] = []
  while (elapsed() < seconds) {
    for (const part of [...workers, ...gateways]) {
      const at = performance.now()
      leaving.add(part)
      const exitCode = await part.stop()
      if (exitCode !== 0) failures.push(`${part.name} exited with ${exitCode}`)
      const stopped = performance.now()
      await part.start()
      leaving.delete(part)
      restarts++
      const queued = await installation.connection.zcard(installation.keys.queued)
      console.log(
        `${elapsed().toFixed(0).padStart(5)} s  ${part.name} restarted (${Math.round(stopped - at)} ms to stop, ${Math.round(performance.now() - stopped)} ms to start); ${load.jobs.length} accepted, ${queued} wait`,
      )
      await sleep(SECOND)
    }
  }
  await load.stop()
  const { requests, unavailable, unavailableWithoutTime, broken } = client.counts
  failures.push(...client.counts.failed)
  if (broken > 0) failures.push(`${broken} requests were not answered`)
  if (unavailableWithoutTime > 0) failures.push(`${unavailableWithoutTime} answers 503 had no Retry-After`)

  const deadline = Date.now() + 2 * MINUTE
  const jobs: Job[] = []
  for (const submitted of load.jobs) {
    const job = await client.untilEnded(submitted.id, deadline)
    jobs.push(job)
    const fault = job.status === null ? `${job.id} is ${job.state} for ever` : faultOf(job, submitted)
    if (fault !== undefined) failures.push(fault)
  }
  failures.push(...(await faultsOfList(client, load.jobs)))
  const again = jobs.filter(({ attempt }) => attempt > 1).length
  const summary = `${restarts} restarts under ${perSecond} jobs a second for ${seconds} s: ${requests} requests, of which ${unavailable} were answered 503 with \`Retry-After\` and ${failures.length} failed; ${load.jobs.length} jobs, of which ${again} ran again and none was lost.`
  console.log(summary)
  if (failures.length === 0) await writeSection('docs/reliability.md', 'rolling', summary)
  return failures
}
