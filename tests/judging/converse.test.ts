import { expect, test } from '@jest/globals'
import type { JobSpec } from '../../src/shared/job.ts'
import { createJudgeCell } from '../../src/worker/jobs/judge-sandbox.ts'
import { createJudge } from '../../src/worker/judging/judge.ts'
import type { StageReport } from '../../src/worker/sandbox/stage-report.ts'
import { nullSandbox, SUCCESS } from '../worker/null-sandbox.ts'
import { judgedSpec, judgeProgram, languageOf } from './judge-parts.ts'

const BASH = languageOf('bash')
const INTERACTOR = judgeProgram('kattis', BASH, '')
const SPEC = judgedSpec({
  judging: { checker: { type: 'lines' }, interactor: INTERACTOR, groups: [], stopOnFailure: false },
})
const START = {
  args: ['true'],
  env: {},
  stdin: true,
  wallMs: 1000,
  cpuMs: 1000,
  graceMs: 0,
  outputBytes: 1000,
  processes: 1,
  fileBytes: 1000,
  openFiles: 10,
  stackBytes: 1000,
}
/** How an interactor ends: by a limit after 2 s, of which it computed so much. */
type End = Pick<StageReport, 'reason'> & { cpuMs: number }
const reportOf = ({ reason, cpuMs }: End): StageReport => ({
  ...SUCCESS,
  reason,
  exitCode: reason === 'exit' ? 43 : null,
  signal: reason === 'exit' ? null : 9,
  wallUs: 2_000_000,
  cpuUs: cpuMs * 1000,
})

type Speaker = 'program' | 'interactor'

/**
 * A program that meets its wall time after these have written, one after another.
 * @param atEnd how the interactor ends that was given the end of its input @param without how one does that is given none
 */
async function converse(words: readonly Speaker[], atEnd: End, without?: End, killsAtSecondPlace = false) {
  const [program, judges] = [nullSandbox(), nullSandbox()]
  const says: Partial<Record<Speaker, () => void>> = {}
  const heard: string[][] = []
  let endProgram = () => {}
  let endInteractor = () => {}
  program.run = async (_start, _stdin, onOutput) => {
    says.program = () => onOutput('stdout', Buffer.from('1\n'))
    await new Promise<void>((resolve) => (endProgram = resolve))
    return reportOf({ reason: 'wall', cpuMs: 1 })
  }
  judges.run = async (_start, _stdin, onOutput) => {
    heard.push([])
    if (heard.length === 2) {
      if (!without) throw new Error('the interactor was run again')
      // What it is told comes before it ends.
      await new Promise((resolve) => setImmediate(resolve))
      return reportOf(without)
    }
    says.interactor = () => onOutput('stdout', Buffer.from('2\n'))
    await new Promise<void>((resolve) => (endInteractor = resolve))
    return reportOf(atEnd)
  }
  judges.input = (bytes) => void heard.at(-1)?.push(Buffer.from(bytes).toString())
  judges.endInput = () => {
    heard.at(-1)?.push('end')
    endInteractor()
  }
  const options = {
    spec: SPEC,
    program: INTERACTOR,
    role: 'interactor',
    language: BASH,
    image: 'b:1',
    graceMs: 0,
  } as const
  const judge = createJudge(SPEC, async () => {
    const cell = createJudgeCell(judges, options)
    let placed = 0
    return {
      ...cell,
      refusedCalls: [],
      async place(files) {
        await cell.place(files)
        if (killsAtSecondPlace && ++placed === 2) judge.kill()
      },
    }
  })
  expect(await judge.prepare()).toBeUndefined()
  const judged = { test: { stdin: '' } as JobSpec['tests'][number], input: Buffer.from('') }
  const conversation = judge.converse(judged, program, START, () => undefined)
  // Both have begun when what was begun at once has come so far.
  while (!says.program || !says.interactor) await new Promise((resolve) => setImmediate(resolve))
  for (const who of words) says[who]?.()
  endProgram()
  return { ...(await conversation), heard }
}

const SLEPT: End = { reason: 'wall', cpuMs: 10 }
const COMPUTED: End = { reason: 'cpu', cpuMs: 1500 }
const COMPUTED_SLOWLY: End = { reason: 'wall', cpuMs: 900 }
const FLOODED: End = { reason: 'output', cpuMs: 5 }
const EXITED: End = { reason: 'exit', cpuMs: 5 }

test('an interactor that sleeps through the end of its input did not wait for the program', async () => {
  const { ruling, heard } = await converse(['interactor', 'program'], SLEPT)
  expect(ruling?.verdict).toBe('judge-error')
  expect(heard).toEqual([['1\n', 'end']])
})

test.each<[End, End]>([
  [COMPUTED, COMPUTED],
  [COMPUTED, COMPUTED_SLOWLY],
  [COMPUTED_SLOWLY, COMPUTED_SLOWLY],
  [FLOODED, FLOODED],
])('one that hangs just so without the end of its input is to blame: %j, %j', async (atEnd, without) => {
  const { ruling, heard } = await converse(['program', 'interactor', 'program'], atEnd, without)
  expect(ruling?.verdict).toBe('judge-error')
  expect(heard).toEqual([
    ['1\n', '1\n', 'end'],
    ['1\n', '1\n'],
  ])
})

test.each<[End, End]>([
  [COMPUTED, SLEPT],
  [COMPUTED_SLOWLY, SLEPT],
  [FLOODED, SLEPT],
  [COMPUTED, EXITED],
  // Much of what it computed it did before the program met its limit.
  [
    { reason: 'wall', cpuMs: 1900 },
    { reason: 'wall', cpuMs: 950 },
  ],
  // Little, but after the program had met its limit.
  [{ reason: 'wall', cpuMs: 80 }, SLEPT],
])('one that waits without that end is not: %j, %j', async (atEnd, without) => {
  const { report, ruling } = await converse(['program'], atEnd, without)
  expect(report.reason).toBe('wall')
  expect(ruling).toBeUndefined()
})

test.each<[Speaker[], End]>([
  [[], COMPUTED],
  [[], SLEPT],
  [['interactor'], COMPUTED],
  [['program', 'interactor'], FLOODED],
  [['program'], EXITED],
])('nor is one that has answered or ends, whatever it does then: %j, %j', async (words, atEnd) => {
  const { report, ruling } = await converse(words, atEnd)
  expect(report.reason).toBe('wall')
  expect(ruling).toBeUndefined()
})

test('an interactor does not run again for a job that was cancelled', async () => {
  const { ruling, heard } = await converse(['program'], COMPUTED, COMPUTED, true)
  expect(ruling).toBeUndefined()
  expect(heard).toEqual([['1\n', 'end']])
})
