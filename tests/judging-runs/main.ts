// npm run test:judging [-- --rounds N] [--minutes M] [--only WORD] [--in-flight N] [--spinning N] [--keep FILE] [--pause-file FILE]: problems of each
// kind, with programs that are right, wrong, slow or greedy in four languages, and cheaters, judged N times beside processes that keep the machine busy:
// each must have the verdict it deserves every time. With --keep, a run that was ended goes on with the round after the last that was complete.
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { MINUTE } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { machineLoad } from '../../src/worker/judging/machine-load.ts'
import { startInstallation } from '../support/installation.ts'
import { keepBusy } from './busy.ts'
import { proveCompiledOnce } from './compiled-once.ts'
import { judged } from './judged.ts'
import { PACKAGES, provePackage } from './packages.ts'
import { openRounds, type Round, tableOf } from './rounds.ts'
import { faultOf, type Row, ROWS } from './rows.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    minutes: { type: 'string', default: '600' },
    only: { type: 'string', default: '' },
    // So that programs have neighbours, and no slot waits for this process.
    'in-flight': { type: 'string', default: String(2 * availableParallelism() + 2) },
    spinning: { type: 'string', default: String(availableParallelism()) },
    keep: { type: 'string' },
    'pause-file': { type: 'string' },
  },
})
const whole = (name: 'rounds' | 'in-flight' | 'spinning', least: number): number => {
  const number = Number(values[name])
  if (!Number.isInteger(number) || number < least) throw new Error(`--${name} takes a whole number from ${least}`)
  return number
}
const [wanted, inFlight, spinning] = [whole('rounds', 1), whole('in-flight', 1), whole('spinning', 0)]
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error('--minutes takes a number above 0: no round begins after that time')

const chosen = ROWS.filter(({ title }) => title.includes(values.only))
const rounds = openRounds(values.keep, packageRoot(), chosen)
const busy = keepBusy(spinning)
let pausing: Promise<void> | undefined
/** Others may need the machine: nothing begins while the file is there. */
const paused = () => (pausing ??= waitWhilePaused().finally(() => (pausing = undefined)))
async function waitWhilePaused(): Promise<void> {
  const file = values['pause-file']
  if (file === undefined || !existsSync(file)) return
  busy.pause(true)
  while (existsSync(file)) await sleep(1000)
  busy.pause(false)
}

const installation = await startInstallation({ name: 'judging', workers: 2, gateways: 1 })
let ending = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => (ending = true))
let failed = 0
const report = (faults: string[]) => {
  for (const fault of faults) console.log(fault)
  failed += faults.length
}
try {
  const [url = ''] = installation.urls
  if (rounds.done.length === 0) {
    if ('compiled once'.includes(values.only)) report(await proveCompiledOnce(installation))
    const packages = PACKAGES.filter(({ name }) => name.includes(values.only))
    report((await Promise.all(packages.map((one) => provePackage(url, one)))).flat())
    if (packages.length > 0) console.log(`${packages.length} packages with their submissions`)
  }
  const until = Date.now() + minutes * MINUTE
  while (chosen.length > 0 && rounds.done.length < wanted && Date.now() < until && !ending) {
    const round = await judgeRound(url, rounds.done.length + 1)
    if (!round) break
    rounds.add(round)
    const wrong = rounds.done.reduce((sum, one) => sum + totalOf(one.wrong), 0)
    console.log(
      `round ${rounds.done.length}: ${chosen.length} programs in ${round.seconds} s, load ${round.load}; slowest: ${round.slowest.title}, ${round.slowest.seconds} s; misjudged so far: ${wrong}`,
    )
  }
} finally {
  busy.pause(true)
  const leftContainers = await installation.close()
  report(leftContainers > 0 ? [`containers left behind: ${leftContainers}`] : [])
}
for (const line of tableOf(rounds.done)) console.log(line)
failed += rounds.done.reduce((sum, { wrong }) => sum + totalOf(wrong), 0)
console.log(
  `${rounds.done.length * chosen.length} judgements in ${rounds.done.length} of ${wanted} rounds; faults: ${failed}`,
)
process.exitCode = failed === 0 && (chosen.length === 0 || rounds.done.length === wanted) ? 0 : 1

/** @returns undefined when it was ended before all rows were judged */
async function judgeRound(url: string, number: number): Promise<Round | undefined> {
  const began = performance.now()
  const left = [...chosen]
  const round: Round = { seconds: 0, load: 0, slowest: { title: '', seconds: 0 }, judged: {}, wrong: {} }
  const judgeOne = async (row: Row) => {
    const from = performance.now()
    const fault = await judged(url, row.request).then((job) => faultOf(row, job), String)
    const seconds = secondsSince(from)
    if (seconds > round.slowest.seconds) round.slowest = { title: row.title, seconds }
    round.judged[row.group] = (round.judged[row.group] ?? 0) + 1
    if (fault === undefined) return
    round.wrong[row.group] = (round.wrong[row.group] ?? 0) + 1
    console.log(`round ${number}: ${row.title}: ${fault}`)
  }
  const judgeOneByOne = async () => {
    for (let row = left.shift(); row && !ending; row = left.shift()) {
      await paused()
      await judgeOne(row)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, judgeOneByOne))
  if (totalOf(round.judged) < chosen.length) {
    failed += totalOf(round.wrong)
    return undefined
  }
  return { ...round, seconds: secondsSince(began), load: machineLoad() }
}

function totalOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 100) / 10
}
