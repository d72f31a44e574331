import { setTimeout as sleep } from 'node:timers/promises'
import { createWorkerRegistry } from '../../src/shared/redis/worker-registry.ts'
import type { Installation, InstallationOptions } from '../support/installation.ts'
import { writeSection } from '../support/write-section.ts'
import { bringTo, containerRunning, STEPS, untilEvent } from './marked-job.ts'
import { type Outcome, outcomeTable } from './outcome.ts'
import { type RedisLink, startRedisLink } from './redis-link.ts'
import { runSessionTrials, SESSION_VICTIMS, type SessionOutcome, sessionTable } from './sessions/session-trial.ts'
import { type Fault, runTrial } from './trial.ts'
import { killVictim, type Restart, type Victim, VICTIMS } from './victims.ts'

/**
 * Kills each part of a running installation at each step of a job, under load, and looks whether every job ends as it must; then at each step of
 * a session, and looks whether every call is told the truth. `npm run test:faults [-- PART...]` runs those trials whose name contains one of the
 * words (`sessions` those of sessions); all of them write their tables into docs/reliability.md.
 */

/** What a supervisor takes to start something again. */
const RESTART_MS = 700
const OUTAGE_MS = 10_000
const INSTALLATION = { workers: 2, gateways: 2, env: { KILL_GRACE_MS: '300', WORKER_CONCURRENCY: '2' } }

const never = () => false

const restarted = async (part: Restart): Promise<void> => {
  await sleep(RESTART_MS)
  await part?.start()
}
const killed = (victim: Victim): Fault[] =>
  STEPS.map((step) => ({
    victim,
    step,
    mark: (installation, clientOf) => bringTo(step, installation, clientOf),
    async hit(installation, marked) {
      const restart = await killVictim(victim, installation, marked)
      return { at: Date.now(), mended: restarted(restart) }
    },
    mayFail: never,
  }))

/** The same load with nobody killed, for comparison. */
const unharmed: Fault[] = STEPS.map((step) => ({
  victim: 'nobody',
  step,
  mark: (installation, clientOf) => bringTo(step, installation, clientOf),
  hit: async () => ({ at: Date.now(), mended: Promise.resolve() }),
  mayFail: never,
}))

/** Its sandbox or its worker is lost again as soon as it runs again. */
const killedTwice = (victim: Victim): Fault => ({
  victim: `${victim}, twice`,
  step: 'running',
  mark: (installation, clientOf) => bringTo('running', installation, clientOf),
  async hit(installation, marked, client) {
    const first = await killVictim(victim, installation, marked)
    const at = Date.now()
    const mended = restarted(first)
    const runsAgain = ({ event, data }: { event: string; data: Record<string, unknown> }) =>
      event === 'state' && data['state'] === 'running' && data['attempt'] === 2
    await untilEvent(client, marked.job, runsAgain)
    const second = await killVictim(victim, installation, { ...marked, container: await containerRunning(marked.job) })
    return { at, mended: mended.then(() => restarted(second)) }
  },
  mayFail: ({ job }) => job.attempt > 1,
})

interface Outage {
  begin: (installation: Installation) => void
  end: (installation: Installation) => Promise<void> | void
}

const redisAway = (victim: string, { begin, end }: Outage): Fault => ({
  victim,
  step: 'running',
  mark: (installation, clientOf) => bringTo('running', installation, clientOf),
  async hit(installation) {
    begin(installation)
    return { at: Date.now(), mended: sleep(OUTAGE_MS).then(() => end(installation)) }
  },
  mayFail: never,
})

const frozen: Fault = redisAway('Redis, frozen for 10 s', {
  begin: ({ redis }) => void process.kill(redis.pid, 'SIGSTOP'),
  end: ({ redis }) => void process.kill(redis.pid, 'SIGCONT'),
})

/** Whoever lost the data has lost the jobs; all else must go on. */
const emptied: Fault = {
  victim: 'Redis, restarted empty',
  step: 'running',
  mark: (installation, clientOf) => bringTo('running', installation, clientOf),
  async hit(installation) {
    await installation.redis.kill()
    const at = Date.now()
    const restart = async () => {
      await installation.loseData()
      await installation.redis.start()
      const registry = createWorkerRegistry(installation.connection, installation.keys)
      while ((await registry.alive()).length < installation.workers.length) await sleep(100)
    }
    return { at, mended: restart() }
  },
  forgets: true,
  mayFail: never,
}

interface Trial {
  name: string
  faults: readonly Fault[]
  /** Whether there is a proxy between the services and Redis. */
  linked?: boolean
}

let link: RedisLink | undefined
const ofLink = (begin: 'cut' | 'silence'): Outage => ({ begin: () => link?.[begin](), end: () => link?.mend() })

const trials: readonly Trial[] = [
  { name: 'nobody', faults: unharmed },
  ...VICTIMS.map((victim): Trial => ({ name: victim, faults: killed(victim) })),
  { name: 'twice', faults: [killedTwice('worker'), killedTwice('init')] },
  { name: 'frozen', faults: [frozen] },
  { name: 'empty', faults: [emptied] },
  {
    name: 'link',
    faults: [
      redisAway('link to Redis, cut for 10 s', ofLink('cut')),
      redisAway('link to Redis, silent for 10 s', ofLink('silence')),
    ],
    linked: true,
  },
]

const asked = process.argv.slice(2)
const chosen = trials.filter(({ name }) => asked.length === 0 || asked.some((word) => name.includes(word)))
const began = performance.now()
const elapsed = () => `${Math.round((performance.now() - began) / 1000)} s`.padStart(6)
const outcomes: Outcome[] = []
let leftAfter = 0

for (const { name, faults, linked } of chosen) {
  console.log(`${elapsed()}  ${name}: starting an installation`)
  const options: InstallationOptions = { ...INSTALLATION, name: 'faults' }
  if (linked) options.redisUrl = async (socket) => (link = await startRedisLink(socket)).url
  const left = await runTrial(options, faults, (outcome) => {
    outcomes.push(outcome)
    console.log(`${elapsed()}  ${describe(outcome)}`)
    for (const fault of outcome.faults) console.log(`        ${fault}`)
  })
  for (const one of left) console.log(`        ${one}`)
  leftAfter += left.length
  link?.close()
  link = undefined
}

const sessionOutcomes: SessionOutcome[] = []
for (const victim of SESSION_VICTIMS) {
  const name = `sessions, ${victim}`
  if (asked.length > 0 && !asked.some((word) => name.includes(word))) continue
  console.log(`${elapsed()}  ${name}: starting an installation`)
  const left = await runSessionTrials(victim, (outcome) => {
    sessionOutcomes.push(outcome)
    const { step, answer, session, seconds, faults } = outcome
    const wrong = faults.length === 0 ? '' : `  ${faults.length} WRONG`
    const line = `${`${victim} while ${step}`.padEnd(44)} told ${answer}, session: ${session}, ${seconds.toFixed(1)} s`
    console.log(`${elapsed()}  ${line}${wrong}`)
    for (const fault of faults) console.log(`        ${fault}`)
  })
  for (const one of left) console.log(`        ${one}`)
  leftAfter += left.length
}

const tables: [string, string][] = [
  ['outcomes', outcomes.length > 0 ? outcomeTable(outcomes) : ''],
  ['outcomes of sessions', sessionOutcomes.length > 0 ? sessionTable(sessionOutcomes) : ''],
]
for (const [section, table] of tables.filter(([, text]) => text !== '')) {
  console.log(`\n${table}\n`)
  if (asked.length === 0 || asked.join() === 'sessions') await writeSection('docs/reliability.md', section, table)
}
const count = [...outcomes, ...sessionOutcomes].reduce((sum, { faults }) => sum + faults.length, leftAfter)
const all = outcomes.length + sessionOutcomes.length
const verdict = count === 0 ? 'everything ended as it must' : `${count} times something was wrong`
console.log(`${all} faults in ${elapsed().trim()}: ${verdict}`)
process.exit(count === 0 ? 0 : 1)

function describe({ victim, step, jobs, asExpected, runAgain, internalErrors, recoverySeconds, faults }: Outcome) {
  const errors = internalErrors === 0 ? '' : `, ${internalErrors} internal-error`
  const wrong = faults.length === 0 ? '' : `  ${faults.length} WRONG`
  return `${`${victim} while ${step}`.padEnd(44)} ${asExpected}/${jobs} as expected, ${runAgain} run again${errors}, ${recoverySeconds.toFixed(1)} s${wrong}`
}
