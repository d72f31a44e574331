import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { JobSpec } from '../../src/shared/job.ts'
import { type Language, loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS, effectiveLimits, MIB } from '../../src/shared/limits.ts'
import { planAhead } from '../../src/worker/jobs/plan.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { testRoot } from '../support/platform.ts'
import type { ProgramRow } from '../programs/rows/row.ts'
import { HOSTILE, PLAIN, sampled } from '../support/program-table.ts'
import { languageIdOf, readProgram } from '../support/programs.ts'
import { ended, GRACE_MS, runInSandbox, told } from '../support/run-in-sandbox.ts'
import { createBench } from './init-harness.ts'

const bench = createBench('test-prewarmed-programs')
afterAll(() => bench.close())

const DEFAULTS = { ...DEFAULT_LIMITS, wallMs: 8000, memoryBytes: 128 * MIB, fileBytes: 32 * MIB }
const languages = loadLanguages(`${testRoot}/languages`)

function find(program: string): Language {
  const found = languages.find(({ id }) => id === languageIdOf(program))
  if (!found) throw new Error(`no language of ${program}`)
  return found
}

function specOf(row: Omit<ProgramRow, 'title' | 'expect'>): JobSpec {
  const { program, path, files = [], args = [], hostPorts, env = {}, limits = {} } = row
  const stdin = row.secretsAsInput ? 'no such secret' : (row.stdin ?? '')
  const language = find(program)
  const entrypoint = path ?? language.fileName
  return {
    head: {
      id: 'x',
      kind: 'code',
      language: language.id,
      version: null,
      image: null,
      interactive: false,
      limits: effectiveLimits(limits, language.limits, DEFAULTS, DEFAULT_CEILINGS),
      metadata: {},
      warnings: [],
      createdAt: '',
    },
    tenant: 'a',
    origin: { address: '127.0.0.1', keyId: null, requestId: 'x' },
    shareable: true,
    maxRunningJobs: null,
    rank: 1,
    keptRequest: null,
    delayMs: 0,
    webhook: null,
    artifacts: row.artifacts ? { globs: row.artifacts, maxBytes: MIB, maxFiles: 64 } : null,
    files: [{ path: entrypoint, content: readProgram(program) }, ...files].map((file) => ({
      encoding: 'utf-8' as const,
      ...file,
    })),
    entrypoint,
    command: [],
    stdin,
    args: hostPorts ? [...args, '1', '2'] : args,
    compilerArgs: [],
    env,
    tests: row.tests ?? [],
    expectedOutput: row.expectedOutput ?? null,
  }
}

/** Sandboxes by what they are for, made anew where one cannot be used again. */
const sandboxes = new Map<string, Sandbox>()

async function sandboxFor(language: Language, memoryBytes: number, prewarmed: boolean): Promise<Sandbox> {
  const name = `${language.id} ${memoryBytes} ${prewarmed}`
  const there = sandboxes.get(name)
  if (there) return there
  const limits = effectiveLimits({}, language.limits, DEFAULTS, DEFAULT_CEILINGS)
  const program = prewarmed ? planAhead(language, limits, GRACE_MS) : undefined
  const { processes } = DEFAULT_CEILINGS
  const made = await bench.make({ language: language.id, memoryBytes, processes, ...(program && { program }) })
  sandboxes.set(name, made)
  void made.gone.then(() => sandboxes.delete(name))
  return made
}

/** Whether the last job of a sandbox came with input; one that has served none expects a job without. */
const tookInput = new WeakMap<Sandbox, boolean>()
/** Jobs of a kind after which another of that kind is expected, whatever came before. */
const ALIKE = 4

/** Has an interpreter wait in it for a job with or without input; jobs of that kind make it expect another, unless it does. */
async function prewarm(sandbox: Sandbox, program: string, stdin: string): Promise<void> {
  const hello = specOf({ program: `hello${program.slice(program.lastIndexOf('.'))}`, stdin })
  const isExpected = () => (tookInput.get(sandbox) ?? false) === (stdin !== '')
  for (let jobs = 0; jobs < ALIKE; jobs++) {
    if (isExpected()) sandbox.prewarm()
    if (sandbox.prewarmed) return
    await runInSandbox(sandbox, hello, find(program))
    tookInput.set(sandbox, stdin !== '')
  }
  sandbox.prewarm()
  expect(sandbox.prewarmed).toBe(true)
}

/** So often a program that is no game of chance has to do the same without arming. */
const TRIES = 6

async function same(row: ProgramRow): Promise<void> {
  const spec = specOf(row)
  const language = find(row.program)
  const { memoryBytes } = spec.head.limits
  const plain = async () => told(await runInSandbox(await sandboxFor(language, memoryBytes, false), spec, language))
  const sandbox = await sandboxFor(language, memoryBytes, true)
  await prewarm(sandbox, row.program, spec.tests[0]?.stdin ?? spec.stdin)
  const prewarmed = told(await runInSandbox(sandbox, spec, language))
  const first = await plain()
  if (isDeepStrictEqual(prewarmed, first)) return
  for (let tries = 0; tries < TRIES; tries++) {
    const again = await plain()
    if (isDeepStrictEqual(prewarmed, again)) return
    if (!isDeepStrictEqual(first, again)) return expect(ended(prewarmed)).toEqual(ended(first))
  }
  expect(prewarmed).toEqual(first)
}

/** Since the machine was started, as in the kernel's times of processes. */
const uptimeSeconds = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])

test.each(['started.py', 'started.js', 'started.sh'])(
  'a prewarmed sandbox had started the interpreter before its program came: %s',
  async (program) => {
    const spec = specOf({ program })
    const startedBefore: boolean[] = []
    for (const prewarmed of [false, true]) {
      const sandbox = await sandboxFor(find(program), DEFAULTS.memoryBytes, prewarmed)
      if (prewarmed) {
        await prewarm(sandbox, program, '')
        // Nothing tells that it has started; the sandbox was only asked to.
        await new Promise((resolve) => setTimeout(resolve, 2000))
      }
      const began = uptimeSeconds()
      // The kernel tells when a process started in hundredths of a second.
      while (uptimeSeconds() === began) await new Promise((resolve) => setImmediate(resolve))
      const { wrote } = await runInSandbox(sandbox, spec, find(program))
      const started = Number(wrote['run stdout']?.toString())
      expect(started).toBeGreaterThan(0)
      startedBefore.push(started <= began)
    }
    expect(startedBefore).toEqual([false, true])
  },
)

for (const [group, rows] of Object.entries({ ...sampled(PLAIN, 2), ...sampled(HOSTILE) })) {
  describe(`prewarmed or not, it is the same with ${group}`, () => {
    // One that is compiled finds nothing started ahead.
    const fitting = rows.filter(({ program }) => find(program).prewarm)
    test.each(fitting.map((row) => [row.title, row] as const))('%s', (_title, row) => same(row))
  })
}
