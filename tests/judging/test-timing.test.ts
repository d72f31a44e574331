import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import type { JobSpec } from '../../src/shared/job.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { runJob } from '../../src/worker/jobs/run-job.ts'
import type { StageReport } from '../../src/worker/sandbox/stage-report.ts'
import { nullSandbox, SUCCESS } from '../worker/null-sandbox.ts'

const LISTENER = { stageStarted: () => undefined, output: () => undefined, stageEnded: () => undefined }
const never = new AbortController().signal
const SPEC = {
  tenant: 'alice',
  head: { id: 'x', limits: { ...DEFAULT_LIMITS, cpuMs: 1000 }, interactive: false },
  command: ['x'],
  compilerArgs: [],
  files: [],
  args: [],
  env: {},
  stdin: '',
  tests: [{ expectedOutput: '' }],
  expectedOutput: null,
} as unknown as JobSpec

let renewals = 0
afterEach(() => {
  renewals = 0
})

/** Judges one test whose runs end as told. */
async function judge(...reports: Partial<StageReport>[]) {
  const sandbox = nullSandbox()
  const given: number[] = []
  sandbox.renew = async () => void renewals++
  sandbox.run = async ({ cpuMs }) => {
    given.push(cpuMs)
    return { ...SUCCESS, ...reports[given.length - 1] }
  }
  const { stages, judging } = await runJob(sandbox, SPEC, undefined, 0, LISTENER, never)
  const [stage] = stages
  return { given, status: stage?.status, cpuMs: stage?.cpuMs, runs: stage?.judging?.runs, verdict: judging?.verdict }
}

test('a test within its time runs once, and may use a little more before it is killed', async () => {
  expect(await judge({ cpuUs: 1_000_000 })).toEqual({
    given: [1100],
    status: 'succeeded',
    cpuMs: 1000,
    runs: undefined,
    verdict: 'accepted',
  })
  expect(renewals).toBe(0)
})

test('a test that took a little too long runs again, in a new cell, and that counts', async () => {
  expect(await judge({ cpuUs: 1_040_000 }, { cpuUs: 990_000 })).toMatchObject({
    runs: 2,
    cpuMs: 990,
    verdict: 'accepted',
  })
  expect(renewals).toBe(1)
  const slow = await judge({ cpuUs: 1_040_000 }, { cpuUs: 1_010_000 })
  expect(slow).toMatchObject({ status: 'cpu-time-limit', runs: 2, cpuMs: 1010, verdict: 'time-limit' })
  const killed = await judge({ cpuUs: 1_040_000 }, { cpuUs: 1_100_000, reason: 'cpu', exitCode: null })
  expect(killed).toMatchObject({ status: 'cpu-time-limit', runs: 2, verdict: 'time-limit' })
})

test('a test that was killed for its CPU time does not run again', async () => {
  const killed = await judge({ cpuUs: 1_100_000, reason: 'cpu', exitCode: null })
  expect(killed).toMatchObject({ status: 'cpu-time-limit', runs: undefined, verdict: 'time-limit' })
  expect(killed.given).toHaveLength(1)
})

test('the signal that ends a secret test is not told: a program could choose it by what it read', async () => {
  for (const [secret, told] of [
    [true, null],
    [false, 'SIGSEGV'],
  ] as const) {
    const sandbox = {
      ...nullSandbox(),
      run: async () => ({ ...SUCCESS, exitCode: null, signal: 11 }),
    }
    const { stages } = await runJob(sandbox, { ...SPEC, tests: [{ secret }] }, undefined, 0, LISTENER, never)
    expect(stages[0]).toMatchObject({ status: 'signalled', signal: told, judging: { verdict: 'runtime-error' } })
  }
})

test('the instructions of the run that counts are told, but not of a secret test, in which a program could spell what it read', async () => {
  const told = async (counts: (number | null)[], test: object) => {
    const sandbox = nullSandbox()
    let runs = 0
    sandbox.run = async () => ({ ...SUCCESS, cpuUs: 1_050_000, instructions: counts[runs++] ?? null })
    const { stages } = await runJob(sandbox, { ...SPEC, tests: [test] }, undefined, 0, LISTENER, never)
    return stages[0]?.judging
  }
  expect(await told([5000, 7000], {})).toMatchObject({ runs: 2, instructions: 7000 })
  expect(await told([null, null], {})).toMatchObject({ runs: 2, instructions: null })
  expect(await told([5000, 7000], { secret: true })).toMatchObject({ runs: 2, instructions: null })
})

test('what is kept of a compiler is that of the same packages', async () => {
  const keys: string[] = []
  const programs = {
    get: async (key: string) => void keys.push(key),
    put: () => undefined,
  }
  const [c] = loadLanguages(join(packageRoot(), 'languages')).filter(({ id }) => id === 'c')
  for (const environment of ['e1', 'e2', 'e1', undefined]) {
    const more = { problem: 'p:1', entrypoint: 'main.c', compilerArgs: [], ...(environment && { environment }) }
    const spec: JobSpec = { ...SPEC, ...more, head: { ...SPEC.head, language: 'c' } }
    await runJob(nullSandbox(), spec, c, 0, LISTENER, never, { compiled: { programs, image: 'i' } })
  }
  expect(keys[0]).toBe(keys[2])
  expect(new Set(keys).size).toBe(3)
})

/** Judges one test in a language that compiles, on a machine that is so busy. */
async function compiledJob(load: number, ...reports: Partial<StageReport>[]) {
  const languages = loadLanguages(join(packageRoot(), 'languages'))
  const language = languages.find(({ id }) => id === 'c')
  const sandbox = nullSandbox()
  const renewed: string[] = []
  let runs = 0
  sandbox.renew = async (from) => void renewed.push(from)
  sandbox.run = async () => ({ ...SUCCESS, ...reports[runs++] })
  const outcome = await runJob(sandbox, SPEC, language, 0, LISTENER, never, { load: () => load })
  return { runs, renewed, status: outcome.status, message: outcome.message, verdict: outcome.judging?.verdict }
}

const OUT_OF_WALL_TIME = { reason: 'wall', exitCode: null, cpuUs: 3_000_000 } as const

test('a compiler whose wall time ended on a busy machine runs again, from the files', async () => {
  expect(await compiledJob(2, OUT_OF_WALL_TIME, {}, {})).toMatchObject({
    runs: 3,
    renewed: ['files', 'folder'],
    verdict: 'accepted',
  })
})

test('a submission that a busy machine could not compile twice is not to blame', async () => {
  const { verdict, message, ...rest } = await compiledJob(2, OUT_OF_WALL_TIME, OUT_OF_WALL_TIME)
  expect(rest).toEqual({ runs: 2, renewed: ['files'], status: 'judge-error' })
  expect(verdict).toBe('judge-error')
  expect(message).toBe(
    'stage compile took longer than 30000 ms twice, with 3000 ms of CPU time, on a busy machine (load 2)',
  )
})

test.each([
  ['on a machine that is not busy', 0.5, OUT_OF_WALL_TIME],
  ['that used the CPU time it had', 2, { ...OUT_OF_WALL_TIME, cpuUs: 29_000_000 }],
  ['that ended by itself', 2, { exitCode: 1 }],
])('a compiler %s does not run again', async (_case, load, report) => {
  expect(await compiledJob(load, report)).toMatchObject({ runs: 1, renewed: [], verdict: 'compile-error' })
})
