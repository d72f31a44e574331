import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { expect } from '@jest/globals'
import type { Job, Stage, Status } from '../../src/shared/job.ts'
import { runJob, stageOf } from './client.ts'
import { testRoot, type TestPlatform } from './platform.ts'
import type { Expected, ProgramRow } from './program-table.ts'

const LANGUAGES: Readonly<Record<string, { language: string; fileName: string }>> = {
  '.py': { language: 'python', fileName: 'main.py' },
  '.js': { language: 'javascript', fileName: 'main.js' },
  '.sh': { language: 'bash', fileName: 'main.sh' },
}

const languageOf = (program: string) => {
  const found = LANGUAGES[extname(program)]
  if (!found) throw new Error(`${program} is of no language the table knows`)
  return found
}

/** Text of a program under `tests/programs/`. */
export const readProgram = (name: string): string => readFileSync(`${testRoot}/tests/programs/${name}`, 'utf8')

/** Runs a row's program through the gateway, to its end. */
export function runRow(platform: TestPlatform, row: ProgramRow): Promise<Job> {
  const { program, path, files = [], args = [], hostPorts, stdin, env, limits, tests, expectedOutput, artifacts } = row
  const { language, fileName } = languageOf(program)
  const entrypoint = path ?? fileName
  const given = { stdin, env, limits, tests, expectedOutput, artifacts }
  return runJob(platform.url, {
    language,
    files: [{ path: entrypoint, content: readProgram(program) }, ...files],
    entrypoint,
    args: hostPorts ? [...args, ...portsOf(platform)] : args,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  })
}

/** Ports of the host's loopback on which the gateway and Redis answer. */
function portsOf(platform: TestPlatform): string[] {
  const redis = new URL(process.env['RUNYARD_TEST_REDIS'] ?? '').port
  return [new URL(platform.url).port, redis || '6379']
}

const MESSAGES: Readonly<Partial<Record<Status, RegExp>>> = {
  'wall-time-limit': /^stage (run|test \d+) took longer than \d+ ms$/,
  'cpu-time-limit': /^stage (run|test \d+) used more than \d+ ms of CPU time$/,
  'memory-limit': /^stage (run|test \d+) needed more than \d+ bytes of memory$/,
  'output-limit': /^stage (run|test \d+) wrote more than \d+ bytes$/,
  'wrong-answer': /^stage (run|test \d+) wrote something else than expected$/,
}

/** Holds a job to the whole of what is expected: what a row does not name must be the ordinary. */
export function expectOutcome(job: Job, expected: Expected): void {
  const { status, stdout = '', stderr = '', truncated = false, encoding = 'utf-8', stages = ['run'] } = expected
  const stage: Stage = stageOf(job, stages[0])
  const message = MESSAGES[status]
  // Chance alone decides how these end; `check` says what may be.
  const open = expected.check !== undefined && expected.exitCode === undefined && expected.signal === undefined
  const exitCode = expected.exitCode ?? (status === 'succeeded' ? 0 : null)
  expect({
    status: job.status,
    message: job.message,
    stages: job.stages.map(({ name }) => name),
    exitCode: stage.exitCode,
    signal: stage.signal,
    stdout: short(stage.stdout),
    stderr: short(stage.stderr),
    truncated: stage.truncated,
    encoding: stage.encoding,
    attempt: job.attempt,
  }).toEqual({
    status,
    message: expected.message ?? (message ? expect.stringMatching(message) : null),
    stages,
    exitCode: open && status !== 'succeeded' ? stage.exitCode : exitCode,
    signal: open && status !== 'succeeded' ? stage.signal : (expected.signal ?? null),
    stdout: text(stage.stdout, stdout),
    stderr: text(stage.stderr, stderr),
    truncated,
    encoding,
    attempt: 1,
  })
  expected.check?.(job, stage)
}

/** A megabyte of difference helps nobody. */
const SHORT = 4000
const short = (value: string) => (value.length > SHORT ? `${value.slice(0, SHORT)}... ${value.length}` : value)

/** What the shortened text must be for the whole one to be as expected. */
function text(actual: string, expected: string | RegExp): unknown {
  if (typeof expected === 'string')
    return actual === expected ? short(actual) : `${short(expected)} (and not what was written)`
  return expected.test(actual) ? short(actual) : expect.stringMatching(expected)
}

/** A program that greets and then tells all it finds around itself, in the language of a row's program. */
export function probeOf(program: string): string {
  return `inspect-sandbox${extname(program)}`
}

/** Runs the probe. @returns what it wrote, which is the same in every fresh sandbox of the language */
export async function inspectSandbox(platform: TestPlatform, probe: string): Promise<string> {
  const { language } = languageOf(probe)
  const job = await runJob(platform.url, { language, code: readProgram(probe) })
  const stage = stageOf(job)
  expect({ status: job.status, stderr: stage.stderr }).toEqual({ status: 'succeeded', stderr: '' })
  return stage.stdout
}
