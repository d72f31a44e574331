import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { extname } from 'node:path'
import { expect } from '@jest/globals'
import type { Job, Stage, Status } from '../../src/shared/job.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { createInstalledRuntimes } from '../../src/worker/runtimes/installed-runtimes.ts'
import { createEngine } from '../../src/worker/sandbox/engine.ts'
import type { Beside, Expected, ProgramRow } from '../programs/rows/row.ts'
import { runJob, stageOf } from './client.ts'
import { startNeighbour } from './neighbour.ts'
import { testRoot, type TestPlatform } from './platform.ts'

const LANGUAGES: Readonly<Record<string, { language: string; fileName: string; probe: string; optional?: true }>> = {
  '.py': { language: 'python', fileName: 'main.py', probe: 'inspect-sandbox.py' },
  '.js': { language: 'javascript', fileName: 'main.js', probe: 'inspect-sandbox.js' },
  '.sh': { language: 'bash', fileName: 'main.sh', probe: 'inspect-sandbox.sh' },
  '.c': { language: 'c', fileName: 'main.c', probe: 'inspect-sandbox.c' },
  '.cpp': { language: 'cpp', fileName: 'main.cpp', probe: 'inspect-sandbox.c', optional: true },
  '.rb': { language: 'ruby', fileName: 'main.rb', probe: 'inspect-sandbox.rb', optional: true },
  '.go': { language: 'go', fileName: 'main.go', probe: 'inspect-sandbox.go', optional: true },
  '.rs': { language: 'rust', fileName: 'main.rs', probe: 'inspect-sandbox.rs', optional: true },
}

const languageOf = (program: string) => {
  const found = LANGUAGES[extname(program)]
  if (!found) throw new Error(`${program} is of no language the table knows`)
  return found
}

/** Text of a program under `tests/programs/`. */
export const readProgram = (name: string): string => readFileSync(`${testRoot}/tests/programs/${name}`, 'utf8')

/** Languages of the table that run here. Those every installation has are never missing from it. */
export async function tableLanguages(): Promise<ReadonlySet<string>> {
  const engine = createEngine(process.env['RUNYARD_TEST_PODMAN'] ?? '')
  const installed = createInstalledRuntimes(engine, testRoot, loadLanguages(`${testRoot}/languages`), [])
  await installed.refresh()
  const all = Object.values(LANGUAGES)
  return new Set(
    all
      .filter(({ language, optional }) => !optional || installed.runtimes.languages[language])
      .map((one) => one.language),
  )
}

/** Id of the language a program is in. */
export const languageIdOf = (program: string): string => languageOf(program).language

/** Runs a row's program through the gateway, to its end, beside its neighbour if it has one. */
export function runRow(platform: TestPlatform, row: ProgramRow): Promise<Job> {
  const {
    program,
    path,
    files = [],
    args = [],
    hostPorts,
    env,
    limits,
    tests,
    expectedOutput,
    compilerArgs,
    artifacts,
  } = row
  const { language, fileName } = languageOf(program)
  const entrypoint = path ?? fileName
  const stdin = row.secretsAsInput ? secretsOf(platform).join('\n') : row.stdin
  const given = { stdin, env, limits, tests, expectedOutput, compilerArgs, artifacts }
  const request = {
    language,
    files: [{ path: entrypoint, content: readProgram(program) }, ...files],
    entrypoint,
    args: hostPorts ? [...args, ...portsOf(platform)] : args,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  }
  return row.beside ? runBeside(platform, row.beside, request) : runJob(platform.url, request)
}

/** Runs a job from after its neighbour has begun until before it ends. */
async function runBeside(platform: TestPlatform, beside: Beside, request: Record<string, unknown>): Promise<Job> {
  const { program, begins = 'ready\n', says, ...given } = beside
  const { language } = languageOf(program)
  const neighbour = await startNeighbour(platform.url, { language, code: readProgram(program), ...given }, begins)
  try {
    return await runJob(platform.url, request)
  } finally {
    const end = await neighbour.cancel()
    expect(end.status).toBe('cancelled')
    if (says !== undefined) expect(stageOf(end).stdout).toBe(says)
  }
}

/** Ports of the host's loopback on which the gateway and Redis answer. */
function portsOf(platform: TestPlatform): string[] {
  const redis = new URL(process.env['RUNYARD_TEST_REDIS'] ?? '').port
  return [new URL(platform.url).port, redis || '6379']
}

/** Names, addresses and paths of the platform and its machine. */
function secretsOf(platform: TestPlatform): string[] {
  const { RUNYARD_TEST_REDIS = '', RUNYARD_TEST_PODMAN = '' } = process.env
  const addresses = [platform.url, platform.namespace, RUNYARD_TEST_REDIS, RUNYARD_TEST_PODMAN, testRoot]
  const words = ['libpod', 'podman.sock', 'redis.sock', 'RUNYARD_NAMESPACE', 'REDIS_URL', 'conmon']
  return [...addresses, ...words, ...(hostname().length > 5 ? [hostname()] : [])]
}

const MESSAGES: Readonly<Partial<Record<Status, RegExp>>> = {
  'wall-time-limit':
    /^stage (compile|run|test \d+) took longer than \d+ ms(?:; it reached the limit of \d+ processes and threads \(processes\))?$/,
  'cpu-time-limit': /^stage (compile|run|test \d+) used more than \d+ ms of CPU time$/,
  'memory-limit': /^stage (compile|run|test \d+) needed more than \d+ bytes of memory$/,
  'output-limit': /^stage (compile|run|test \d+) wrote more than \d+ bytes$/,
  'wrong-answer': /^stage (run|test \d+) wrote something else than expected$/,
}

/** Holds a job to the whole of what is expected: what a row does not name must be the ordinary. */
export function expectOutcome(job: Job, expected: Expected): void {
  const { status, stdout = '', stderr = '', truncated = false, stages = ['run'] } = expected
  const { of = stages[0] } = expected
  const stage: Stage = stageOf(job, of)
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
    stdoutBase64: stage.stdoutBase64,
    stderrBase64: stage.stderrBase64,
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
    stdoutBase64: expected.stdoutBase64,
    stderrBase64: expected.stderrBase64,
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

/** Runs the probe of a language, a program that greets and then tells all it finds around itself.
 * @param program any of the language
 * @returns what the probe wrote, which is the same in every fresh sandbox of the language */
export async function inspectSandbox(platform: TestPlatform, program: string): Promise<string> {
  const { language, probe } = languageOf(program)
  const job = await runJob(platform.url, { language, code: readProgram(probe) })
  const stage = stageOf(job)
  expect({ status: job.status, stderr: stage.stderr }).toEqual({ status: 'succeeded', stderr: '' })
  return stage.stdout
}
