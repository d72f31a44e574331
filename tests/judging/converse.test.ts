import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { JobSpec } from '../../src/shared/job.ts'
import type { JudgeProgram } from '../../src/shared/judging/judging-spec.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { createJudgeCell } from '../../src/worker/jobs/judge-sandbox.ts'
import { createJudge } from '../../src/worker/judging/judge.ts'
import type { StageReport } from '../../src/worker/sandbox/stage-report.ts'
import { nullSandbox, SUCCESS } from '../worker/null-sandbox.ts'

const [bash] = loadLanguages(join(packageRoot(), 'languages')).filter(({ id }) => id === 'bash')
const INTERACTOR: JudgeProgram = {
  protocol: 'kattis',
  language: 'bash',
  files: [{ path: 'main.sh', content: '', encoding: 'utf-8' }],
  entrypoint: 'main.sh',
  args: [],
  compilerArgs: [],
  limits: DEFAULT_LIMITS,
}
const SPEC = {
  tenant: 'alice',
  head: { id: 'x', limits: DEFAULT_LIMITS },
  env: {},
  files: [],
  tests: [],
  judging: { checker: { type: 'lines' }, interactor: INTERACTOR, groups: [], stopOnFailure: false },
} as unknown as JobSpec
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
const ended = (reason: StageReport['reason']): StageReport => ({ ...SUCCESS, reason, exitCode: null, signal: 9 })

type Speaker = 'program' | 'interactor'

/**
 * A program that meets its wall time after these have written, one after another, and an interactor that meets a limit after the end
 * of its input.
 */
async function converse(words: readonly Speaker[], limit: StageReport['reason']) {
  const [program, judges] = [nullSandbox(), nullSandbox()]
  const says: Partial<Record<Speaker, () => void>> = {}
  let endProgram = () => {}
  let endInteractor = () => {}
  program.run = async (_start, _stdin, onOutput) => {
    says.program = () => onOutput('stdout', Buffer.from('1\n'))
    await new Promise<void>((resolve) => (endProgram = resolve))
    return ended('wall')
  }
  judges.run = async (_start, _stdin, onOutput) => {
    says.interactor = () => onOutput('stdout', Buffer.from('2\n'))
    await new Promise<void>((resolve) => (endInteractor = resolve))
    return ended(limit)
  }
  judges.endInput = () => endInteractor()
  if (!bash) throw new Error('there is no Bash')
  const options = {
    spec: SPEC,
    program: INTERACTOR,
    role: 'interactor',
    language: bash,
    image: 'b:1',
    graceMs: 0,
  } as const
  const judge = createJudge(SPEC, async () => createJudgeCell(judges, options))
  expect(await judge.prepare()).toBeUndefined()
  const judged = { test: { stdin: '' } as JobSpec['tests'][number], input: Buffer.from('') }
  const conversation = judge.converse(judged, program, START, () => undefined)
  // Both have begun when what was begun at once has come so far.
  while (!says.program || !says.interactor) await new Promise((resolve) => setImmediate(resolve))
  for (const who of words) says[who]?.()
  endProgram()
  return conversation
}

test.each<[Speaker[], StageReport['reason']]>([
  [['program'], 'cpu'],
  [['program'], 'wall'],
  [['interactor', 'program'], 'output'],
])('an interactor that hangs where the program awaits its answer is to blame: %j, %s', async (words, limit) => {
  expect((await converse(words, limit)).ruling?.verdict).toBe('judge-error')
})

test.each<[Speaker[], StageReport['reason']]>([
  [[], 'cpu'],
  [[], 'wall'],
  [['interactor'], 'cpu'],
  [['program', 'interactor'], 'output'],
])('one that awaits a program that sleeps is not, whatever it does then: %j, %s', async (words, limit) => {
  const { report, ruling } = await converse(words, limit)
  expect(report.reason).toBe('wall')
  expect(ruling).toBeUndefined()
})
