import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Verdict } from '../../src/shared/judging/verdict.ts'
import { runJob } from '../support/client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform({ KILL_GRACE_MS: '200' })
})
/** Closing looks for containers and keys that are left. */
afterAll(() => platform.close())

/** It spins or floods soon enough, and may sleep for longer than the program. */
const ITS_LIMITS = { cpuMs: 800, wallMs: 2000, outputBytes: 65_536 }
const WALL_MS = 1000

interface Row {
  when: string
  program: string
  interactor: string
  verdict: Verdict
}

const SPINS = 'while :; do :; done'
const SLEEPS = 'sleep 1000'
/** Reads all there is, and then decides. */
const READS_ALL = 'while read -r line; do :; done'
const ASKS = 'echo 1; read -r answer'

/** Who ends first, by what, and whose fault that is. */
const ROWS: Row[] = [
  { when: 'both wait', program: 'read -r x; exit 0', interactor: 'read -r x; exit 42', verdict: 'time-limit' },
  {
    when: 'both wait after a question',
    program: `${ASKS}; exit 0`,
    interactor: `${READS_ALL}; exit 43`,
    verdict: 'time-limit',
  },
  {
    when: 'the program writes and sleeps',
    program: `echo 1; ${SLEEPS}`,
    interactor: `${READS_ALL}; exit 42`,
    verdict: 'time-limit',
  },
  {
    when: 'the program writes and sleeps, and the interactor spins at the end of its input',
    program: `echo 1; ${SLEEPS}`,
    interactor: 'while :; do read -r x; done',
    verdict: 'time-limit',
  },
  {
    when: 'the program asks for ever, and the interactor spins at the end of its input',
    program: `${ASKS}; exit 0`,
    interactor: `${READS_ALL}; ${SPINS}`,
    verdict: 'time-limit',
  },
  {
    when: 'the program writes and sleeps, and the interactor floods at the end of its input',
    program: `echo 1; ${SLEEPS}`,
    interactor: `${READS_ALL}; while :; do echo 1; done`,
    verdict: 'time-limit',
  },
  {
    when: 'the program says nothing and sleeps, and the interactor spins at the end of its input',
    program: SLEEPS,
    interactor: 'while :; do read -r x; done',
    verdict: 'time-limit',
  },
  { when: 'the interactor spins', program: `${ASKS}; exit 0`, interactor: SPINS, verdict: 'judge-error' },
  {
    when: 'the interactor spins after a question',
    program: `${ASKS}; exit 0`,
    interactor: `read -r x; ${SPINS}`,
    verdict: 'judge-error',
  },
  {
    when: 'the interactor answers after the program has met its limit',
    program: `${ASKS}; exit 0`,
    interactor: 'read -r x; sleep 1.8; echo 2; exit 42',
    verdict: 'time-limit',
  },
  { when: 'the interactor sleeps', program: `${ASKS}; exit 0`, interactor: SLEEPS, verdict: 'judge-error' },
  { when: 'the interactor accepts early', program: 'exit 0', interactor: 'exit 42', verdict: 'accepted' },
  {
    when: 'the interactor accepts, and the program fails after that',
    program: 'read -r x; exit 3',
    interactor: 'exit 42',
    verdict: 'runtime-error',
  },
  {
    when: 'the interactor accepts, and the program sleeps',
    program: SLEEPS,
    interactor: 'exit 42',
    verdict: 'time-limit',
  },
  { when: 'the interactor refuses early', program: SLEEPS, interactor: 'exit 43', verdict: 'wrong-answer' },
  { when: 'the interactor fails early', program: SLEEPS, interactor: 'exit 9', verdict: 'judge-error' },
  {
    when: 'the program exits early, and the interactor refuses that',
    program: 'echo 1',
    interactor: `${READS_ALL}; exit 43`,
    verdict: 'wrong-answer',
  },
  {
    when: 'the program exits early, and the interactor accepts that',
    program: 'echo 1',
    interactor: `${READS_ALL}; exit 42`,
    verdict: 'accepted',
  },
  {
    when: 'the program exits early, and the interactor spins at the end of its input',
    program: 'echo 1',
    interactor: `${READS_ALL}; ${SPINS}`,
    verdict: 'judge-error',
  },
  {
    when: 'the program fails early',
    program: 'echo 1; exit 3',
    interactor: `${READS_ALL}; exit 42`,
    verdict: 'runtime-error',
  },
  {
    when: 'the program spins',
    program: `echo 1; ${SPINS}`,
    interactor: `${READS_ALL}; exit 42`,
    verdict: 'time-limit',
  },
  {
    when: 'the program floods',
    program: 'while :; do echo 1; done',
    interactor: `${READS_ALL}; exit 42`,
    verdict: 'output-limit',
  },
]

test.each(ROWS)('$when: $verdict', async ({ program, interactor, verdict }) => {
  const job = await runJob(platform.url, {
    language: 'bash',
    code: program,
    tests: [{ stdin: '' }],
    interactor: { language: 'bash', code: interactor, limits: ITS_LIMITS },
    limits: { wallMs: WALL_MS, cpuMs: 500, outputBytes: 20_000 },
  })
  expect(job.judging?.verdict).toBe(verdict)
})
