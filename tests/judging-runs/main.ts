// npm run test:judging [-- --times N] [--minutes M] [--only WORD]: problems of each kind, with programs that are right, wrong, slow or greedy in three
// languages, and cheaters, judged N times beside processes that keep the machine busy: each must have the verdict it deserves every time.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Job } from '../../src/shared/job.ts'
import { MIB, MINUTE } from '../../src/shared/limits.ts'
import { startInstallation } from '../support/installation.ts'
import { CHEATS } from './cheaters.ts'
import { proveCompiledOnce } from './compiled-once.ts'
import { judged } from './judged.ts'
import { GREEDY, KINDS, LANGUAGES, outputOnly, SLOW, submissionOf } from './kinds.ts'
import { PACKAGES, provePackage } from './packages.ts'

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '50' },
    minutes: { type: 'string', default: '600' },
    only: { type: 'string', default: '' },
  },
})
const [times, minutes] = [Number(values.times), Number(values.minutes)]
if (!Number.isInteger(times) || times < 1) throw new Error('--times takes a whole number from 1')
if (!(minutes > 0)) throw new Error('--minutes takes a number above 0: no round begins after that time')

const LIMITS = { cpuMs: 1000, wallMs: 20_000, memoryBytes: 96 * MIB, outputBytes: MIB }
/** Of programs that wait for ever. */
const WAITING_MS = 3000
/** At once, so that programs have neighbours. */
const IN_FLIGHT = 3

interface Row {
  title: string
  request: Record<string, unknown>
  verdicts: string[]
  /** Undefined: all of the points. */
  score?: number
}

const rows: Row[] = KINDS.flatMap((kind) =>
  LANGUAGES.flatMap((language): Row[] => {
    const row = (what: string, code: string, verdicts: string[], more: object = {}, score?: number): Row => ({
      title: `${kind.name}, ${language}, ${what}`,
      request: { language, code, ...kind.problem, ...more, limits: LIMITS },
      verdicts,
      ...(score !== undefined && { score }),
    })
    const early = { stopOnFailure: true }
    return [
      row('right', kind.right[language], ['accepted']),
      row('wrong', kind.wrong[language], ['wrong-answer'], {}, kind.wrongScore ?? 0),
      row('slow', submissionOf(language, SLOW[language], kind), ['time-limit'], early, 0),
      row('greedy', submissionOf(language, GREEDY[language], kind), ['memory-limit', 'runtime-error'], early, 0),
    ]
  }),
)
rows.push({ title: 'output-only, right', request: outputOnly('4', '0', '999'), verdicts: ['accepted'] })
rows.push({ title: 'output-only, wrong', request: outputOnly('5', '1'), verdicts: ['wrong-answer'], score: 0 })
for (const { name, problem, programs, verdicts } of CHEATS) {
  for (const language of LANGUAGES) {
    const limits = { ...LIMITS, ...(name === 'exhausts the interactor' && { wallMs: WAITING_MS }) }
    rows.push({
      title: `cheater: ${name}, ${language}`,
      request: { language, code: programs[language], ...problem, limits },
      verdicts,
      score: 0,
    })
  }
}

/** What is wrong with how a row was judged. */
function faultOf({ verdicts, score }: Row, { id, judging, message }: Job): string | undefined {
  if (!judging) return `was not judged: ${message ?? 'no message'} (job ${id})`
  const expected = score ?? judging.points
  if (verdicts.includes(judging.verdict) && judging.score === expected) return undefined
  return `is ${judging.verdict} with ${judging.score} points (${message ?? 'no message'}, job ${id}), not ${verdicts.join(' or ')} with ${expected}`
}

const chosen = rows.filter(({ title }) => title.includes(values.only))
/** Ends with this process, however that ends. */
const SPIN = `for (let i = 0; ; i++) if (i % 1e8 === 0 && process.ppid !== ${process.pid}) process.exit()`
const spinning = Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ['-e', SPIN], { stdio: 'ignore' })) // prettier-ignore
const installation = await startInstallation({ name: 'judging', workers: 2, gateways: 1 })
let [failed, rounds] = [0, 0]
try {
  const [url = ''] = installation.urls
  if ('compiled once'.includes(values.only)) {
    const faults = await proveCompiledOnce(installation)
    for (const fault of faults) console.log(fault)
    failed += faults.length
  }
  for (const one of PACKAGES.filter(({ name }) => name.includes(values.only))) {
    const faults = await provePackage(url, one)
    for (const fault of faults) console.log(fault)
    failed += faults.length
  }
  const until = Date.now() + minutes * MINUTE
  for (; chosen.length > 0 && rounds < times && Date.now() < until; rounds++) {
    const began = Date.now()
    const left = [...chosen]
    const judgeOneByOne = async () => {
      for (let row = left.shift(); row; row = left.shift()) {
        const fault = await judged(url, row.request).then((job) => faultOf(row, job), String)
        if (fault === undefined) continue
        failed++
        console.log(`round ${rounds + 1}: ${row.title}: ${fault}`)
      }
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, judgeOneByOne))
    const seconds = Math.round((Date.now() - began) / 1000)
    console.log(`round ${rounds + 1}: ${chosen.length} programs in ${seconds} s; misjudged so far: ${failed}`)
  }
} finally {
  for (const one of spinning) one.kill('SIGKILL')
  const leftContainers = await installation.close()
  if (leftContainers > 0) console.log(`containers left behind: ${leftContainers}`)
  failed += leftContainers
}
console.log(`${rounds * chosen.length} judgements in ${rounds} rounds, ${failed} wrong`)
process.exitCode = failed === 0 ? 0 : 1
