import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND } from '../../src/shared/limits.ts'
import { WORKER_TTL_MS } from '../../src/shared/redis/worker-registry.ts'
import { faultsOfLeftovers } from '../faults/verify.ts'
import type { JobKind, SubmittedJob } from '../support/mixed-load.ts'
import { createPatientClient } from '../support/patient-client.ts'
import { writeSection } from '../support/write-section.ts'
import { type Hosts, startHosts } from './hosts.ts'
import { type Outcome, outcomeTable, type Turn, underLoad } from './under-load.ts'

/**
 * An installation on three hosts, whose links fail under load. Every job must end as it is to.
 * `npm run test:hosts [-- SECONDS]`, as root: how long a worker's link is cut. With the default, which is longer than a job's lock (10 s)
 * and than it takes a worker to count as gone, it writes its table into docs/reliability.md.
 */
const DEFAULT_CUT_SECONDS = 25
const cutSeconds = Number(process.argv[2] ?? DEFAULT_CUT_SECONDS)
const GATEWAY_CUT_SECONDS = 5
/** A client that waits no longer than this for an answer. */
const REQUEST_MS = 2 * SECOND
const MOST_PAUSE_MS = 2 * SECOND
/** How long the worker that was away may take to take jobs again. */
const BACK_MS = 45 * SECOND

const sleeping = (seconds: number): JobKind => ({
  name: `bash, ${seconds} s`,
  request: (token) => ({ language: 'bash', code: `echo "$1"; sleep ${seconds}; echo "$1"`, args: [token] }),
  status: 'succeeded',
  stdout: (token) => `${token}\n${token}\n`,
})
/** Its program ends while its worker is away. */
const SHORT = sleeping(4)
/** Its program ends when its worker is back, and runs a second time elsewhere by then. */
const LONG = sleeping(cutSeconds + 3)
/** With more than a worker has slots, the other one has got one too. */
const MOST_LONG = 4
/** Until a job that was submitted has begun. */
const BEGUN_MS = 5 * SECOND

const began = performance.now()
const elapsed = () => `${Math.round((performance.now() - began) / 1000)} s`.padStart(6)
const tell = (line: string) => console.log(`${elapsed()}  ${line}`)

if (process.getuid?.() !== 0) throw new Error('namespaces need root: run this as root, or with sudo')
if (!(cutSeconds > 0)) throw new Error(`"${process.argv[2]}" is not a number of seconds`)
const interrupted = new Promise<never>((_, reject) => {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => reject(new Error(`told to end by ${name}`)))
  }
})
interrupted.catch(() => undefined)

const hosts = await startHosts(tell)
let wrong = 1
try {
  wrong = await Promise.race([run(hosts), interrupted])
} catch (error) {
  console.error(error)
} finally {
  await hosts.close()
  tell('the hosts are gone')
}
process.exit(wrong === 0 ? 0 : 1)

/** @returns how many things were wrong */
async function run({ network, a, b, c, url, headers }: Hosts): Promise<number> {
  const client = createPatientClient([url], { mostPauseMs: MOST_PAUSE_MS, headers, requestMs: REQUEST_MS })
  const accepted: SubmittedJob[] = []
  const outcomes: Outcome[] = []
  const under = async (what: string, happen: (turn: Turn) => Promise<string[]>) => {
    tell(what)
    const outcome = await underLoad(what, hosts, client, accepted, happen)
    outcomes.push(outcome)
    const { jobs, asExpected, runAgain, onB, onC, broken, finalSeconds, faults } = outcome
    tell(
      `  ${asExpected}/${jobs} as expected, ${runAgain} run again, attempts: ${onB} on B, ${onC} on C; ${broken} requests without an answer; ${finalSeconds.toFixed(1)} s`,
    )
    for (const fault of faults) tell(`  WRONG: ${fault}`)
  }

  await under('nothing', async ({ begins }) => {
    begins()
    await sleep(10 * SECOND)
    return []
  })

  let backSeconds = Number.NaN
  await under(`link of B cut for ${cutSeconds} s`, async (turn) => {
    await untilBHasLong(turn)
    await Promise.all([SHORT, SHORT].map(turn.submit))
    await sleep(SECOND)
    turn.begins()
    await network.cut(b)
    const cutAt = Date.now()
    await sleep(cutSeconds * SECOND)
    const counted = (await hosts.alive()).some(({ host }) => host === b.name)
    const faults = counted && cutSeconds * SECOND > WORKER_TTL_MS ? ['the worker of B still counts as alive'] : []
    await network.mend(b)
    const mendedAt = Date.now()
    tell('  mended')
    for (; Number.isNaN(backSeconds); await sleep(50)) {
      if (Date.now() - mendedAt > BACK_MS) return [...faults, `B took no job within ${BACK_MS / SECOND} s`]
      // What it begins now may have been given to it before; these cannot.
      const since = new Set(turn.jobs().flatMap(({ id, acceptedAt }) => (acceptedAt > cutAt + SECOND ? [id] : [])))
      const first = hosts.starts(b).find(({ jobId }) => since.has(jobId))
      if (first) backSeconds = (first.time - mendedAt) / SECOND
    }
    tell(`  B takes jobs again after ${backSeconds.toFixed(1)} s`)
    return faults
  })
  if (outcomes.at(-1)?.runAgain === 0) outcomes.at(-1)?.faults.push('no job ran again, though B had some')

  await under('link of C with 50 ms each way, 1 % of the frames lost', async ({ begins }) => {
    begins()
    network.worsen(50, 0.01)
    await sleep(15 * SECOND)
    return []
  })
  network.worsen(0, 0)

  await under(`link of A, with Redis and the gateway, cut for ${GATEWAY_CUT_SECONDS} s`, async (turn) => {
    await Promise.all([SHORT, SHORT].map(turn.submit))
    const { broken } = client.counts
    turn.begins()
    await network.cut(a)
    await sleep(GATEWAY_CUT_SECONDS * SECOND)
    await network.mend(a)
    await sleep(5 * SECOND)
    return client.counts.broken > broken ? [] : ['every request was answered, though there was no way to the gateway']
  })

  tell('what is left')
  const left = await faultsAfterwards(hosts)
  for (const fault of left) tell(`  WRONG: ${fault}`)
  const text = `${outcomeTable(outcomes)}\n\nB took new jobs ${backSeconds.toFixed(1)} s after its link was mended.`
  console.log(`\n${text}\n`)
  const count = outcomes.reduce((sum, { faults }) => sum + faults.length, left.length)
  if (count === 0 && cutSeconds === DEFAULT_CUT_SECONDS) await writeSection('docs/reliability.md', 'hosts', text)
  console.log(
    `${accepted.length} jobs in ${elapsed().trim()}: ${count === 0 ? 'every job ended as it must' : `${count} times something was wrong`}`,
  )
  return count

  async function untilBHasLong(turn: Turn): Promise<void> {
    for (let number = 0; number < MOST_LONG; number++) {
      const { id } = await turn.submit(LONG)
      const on = (host: typeof b) => hosts.starts(host).some(({ jobId }) => jobId === id)
      for (const deadline = Date.now() + BEGUN_MS; !on(b) && !on(c) && Date.now() < deadline;) await sleep(50)
      if (on(b)) return
    }
    throw new Error('B took none of the jobs')
  }
}

/** What is wrong when all jobs have ended: what is left of them on each host, who is away, how the commands end. */
async function faultsAfterwards(installation: Hosts): Promise<string[]> {
  const { b, c, connection, keys, namespace } = installation
  const faults: string[] = []
  for (const host of [b, c]) {
    const workers = await installation.alive()
    const own = workers.filter((worker) => worker.host === host.name).length
    if (own !== 1) faults.push(`${own} workers of ${host.name} are alive`)
    const podmanSocket = installation.podmanSocket(host)
    faults.push(...(await faultsOfLeftovers({ connection, keys, namespace, podmanSocket, workers }, new Set())))
  }
  return [...faults, ...(await installation.stop())]
}
