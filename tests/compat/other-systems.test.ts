import { describe, expect, test } from '@jest/globals'
import { escapeBytes } from '../../src/api/compat/jobe/escape-bytes.ts'
import { JobeFault, jobeLanguages, jobeResult, readRun } from '../../src/api/compat/jobe/run-spec.ts'
import { jobOfRunCode, languageName, runCodeResult } from '../../src/api/compat/sandboxfusion/run-code.ts'
import { heldLimits, heldStatus } from '../../src/api/compat/system/held-limits.ts'
import { showKey } from '../../src/api/compat/system/show-key.ts'
import type { Job, Stage } from '../../src/shared/job.ts'
import { findLanguage, loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS, MIB } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

const languages = loadLanguages(`${packageRoot()}/languages`)
const language = (id: string) => {
  const found = findLanguage(languages, id)
  if (!found) throw new Error(`there is no language ${id}`)
  return found
}
const runtimes = { languages: { python: '3.13.5', c: '14.2.0', javascript: '20.19.2' }, images: [] }
const limits = { defaults: DEFAULT_LIMITS, ceilings: DEFAULT_CEILINGS }

const stage = (more: Partial<Stage> = {}): Stage => ({
  name: 'run',
  status: 'succeeded',
  exitCode: 0,
  signal: null,
  wallMs: 1500,
  cpuMs: 100,
  memoryPeakBytes: MIB,
  stdout: 'out',
  stderr: '',
  output: 'out',
  encoding: 'utf-8',
  stdoutBytes: 3,
  stderrBytes: 0,
  truncated: false,
  limitsMet: [],
  ...more,
})
const job = (...stages: Stage[]) =>
  ({ id: 'j', status: stages.at(-1)?.status ?? 'internal-error', message: null, stages }) as unknown as Job

describe('limits as other systems have them', () => {
  test('are raised to what a language can live with, lowered to the ceiling, and rounded up', () => {
    const { held } = heldLimits(
      { memoryBytes: 1, processes: 1, cpuMs: 0.5, wallMs: 1e9 },
      language('c'),
      DEFAULT_LIMITS,
      DEFAULT_CEILINGS,
    )
    expect(held).toEqual({ memoryBytes: 16 * MIB, processes: 4, cpuMs: 1, wallMs: DEFAULT_CEILINGS.wallMs })
  })

  test('are not raised for a compiler where there is none', () => {
    const asked = { cpuMs: 1000, memoryBytes: 64 * MIB }
    expect(heldLimits(asked, language('python'), DEFAULT_LIMITS, DEFAULT_CEILINGS).limits).toEqual(asked)
    expect(heldLimits(asked, language('c'), DEFAULT_LIMITS, { ...DEFAULT_CEILINGS, cpuMs: 5000 }).limits).toEqual({
      cpuMs: 5000,
      memoryBytes: DEFAULT_LIMITS.memoryBytes,
    })
  })

  test('are what a program is held to afterwards, and its compiler is not', () => {
    const held = { cpuMs: 99, memoryBytes: 2 * MIB }
    expect(heldStatus(stage(), held)).toBe('cpu-time-limit')
    expect(heldStatus(stage({ name: 'compile' }), held)).toBe('succeeded')
    expect(heldStatus(stage({ cpuMs: 1, memoryPeakBytes: 3 * MIB }), held)).toBe('memory-limit')
    expect(heldStatus(stage({ status: 'wall-time-limit' }), held)).toBe('wall-time-limit')
  })
})

test('a key is taken from the header of another system, and from Authorization without its scheme', () => {
  const key = `ry_${'0'.repeat(12)}_${'a'.repeat(43)}`
  const shown = (headersDistinct: Record<string, string[]>, names: string[] = []) => {
    showKey({ headersDistinct }, names)
    return headersDistinct
  }
  expect(shown({ 'x-auth-token': ['t'], 'x-auth-user': ['u'] }, ['x-auth-token', 'x-auth-user'])['x-api-key']).toEqual([
    't',
  ])
  expect(shown({ 'x-auth-token': ['t'], 'x-api-key': ['k'] }, ['x-auth-token'])['x-api-key']).toEqual(['k', 't'])
  expect(shown({ authorization: ['Bearer x'] })['authorization']).toEqual(['Bearer x'])
  expect(shown({ authorization: [`Bearer ${key}`] })['authorization']).toEqual([`Bearer ${key}`])
  expect(shown({ authorization: [key] })['authorization']).toEqual([`Bearer ${key}`])
  expect(shown({ 'x-auth-token': ['t'] })).not.toHaveProperty('x-api-key')
})

describe('Jobe', () => {
  const run = (spec: Record<string, unknown>) => readRun({ run_spec: spec }, languages, runtimes, limits)
  const hello = { language_id: 'python3', sourcecode: 'print(1)' }

  test('lists languages by the names it has for them', () => {
    expect(jobeLanguages(languages, runtimes)).toEqual([
      ['c', '14.2.0'],
      ['nodejs', '20.19.2'],
      ['python3', '3.13.5'],
    ])
  })

  test.each(['__proto__', 'constructor', { toString: 1, valueOf: 2 }, [], null])('knows no language %j', (id) => {
    expect(() => run({ ...hello, language_id: id })).toThrow(JobeFault)
  })

  test('runs what CodeRunner sends', () => {
    const { request, files } = run({
      ...hello,
      sourcefilename: '__tester__.python3',
      input: 'x\n',
      file_list: [['0a', 'data.txt']],
      parameters: { cputime: 2, memorylimit: 100, streamsize: 1, numprocs: 20, runargs: ['a'], compileargs: ['-x'] },
    })
    expect(files).toEqual([{ id: '0a', name: 'data.txt' }])
    expect(request).toEqual({
      language: 'python',
      files: [{ path: '__tester__.python3.py', content: 'print(1)' }],
      entrypoint: '__tester__.python3.py',
      stdin: 'x\n',
      args: ['a'],
      limits: { cpuMs: 2000, wallMs: 4000, memoryBytes: 100 * MIB, outputBytes: MIB, processes: 20 },
    })
  })

  test.each(['python3', 'c'])('gives %s the memory of a sandbox that waits ready, unless it asks for other', (id) => {
    const spec = { language_id: id, sourcecode: 'x' }
    expect(run(spec).request.limits).not.toHaveProperty('memoryBytes')
    expect(run({ ...spec, parameters: { memorylimit: 600 } }).request.limits).toMatchObject({ memoryBytes: 600 * MIB })
  })

  test('compiles C with warnings as errors unless told otherwise', () => {
    expect(run({ language_id: 'c', sourcecode: '' }).request.compilerArgs).toEqual(['-Wall', '-Werror'])
    const parameters = { compileargs: ['-O0'], linkargs: ['-lm'] }
    expect(run({ language_id: 'c', sourcecode: '', parameters }).request.compilerArgs).toEqual(['-O0', '-lm'])
  })

  test.each([
    [{}, "run_spec is missing the required attribute 'language_id'"],
    [{ language_id: 'c' }, "run_spec is missing the required attribute 'sourcecode'"],
    [{ ...hello, language_id: 'nosuch' }, "Language 'nosuch' is not known"],
    [
      { ...hello, language_id: 'pascal' },
      "Language 'pascal' is not known; Pascal (Free Pascal) is not installed; the operator can install it with: npx runyard languages install pascal",
    ],
    [{ ...hello, language_id: '__proto__' }, "Language '__proto__' is not known"],
    [{ ...hello, sourcefilename: '../x' }, 'The sourcefilename for the run_spec is illegal'],
    [{ ...hello, sourcefilename: '..' }, 'The sourcefilename for the run_spec is illegal'],
    [{ ...hello, file_list: [['a']] }, 'Invalid file specifier: ["a"]'],
    [{ ...hello, file_list: [['../a', 'b']] }, 'Invalid file specifier: ["../a","b"]'],
    [{ ...hello, parameters: { cputime: 121 } }, 'cputime exceeds maximum allowed on this Jobe server (120 secs)'],
    [{ ...hello, parameters: { numprocs: 'many' } }, 'numprocs is not a number'],
    [{ ...hello, parameters: { runargs: 'x' } }, 'runargs must be a list of strings'],
  ])('%j is refused: %s', (spec, message) => expect(() => run(spec)).toThrow(new JobeFault(message)))

  test('tells of a run by its outcome, and any error output is a runtime error', () => {
    expect(jobeResult(job(stage()), {})).toEqual({ run_id: 'j', outcome: 15, cmpinfo: '', stdout: 'out', stderr: '' })
    expect(jobeResult(job(stage({ stderr: 'warning' })), {})).toMatchObject({ outcome: 12, stderr: 'warning' })
    expect(jobeResult(job(stage({ status: 'signalled', signal: 'SIGSEGV' })), {})).toMatchObject({
      outcome: 12,
      stderr: 'Terminated by signal SIGSEGV',
    })
    expect(jobeResult(job(stage({ status: 'cpu-time-limit' })), {}).outcome).toBe(13)
    expect(jobeResult(job(stage({ status: 'memory-limit' })), {}).outcome).toBe(17)
    expect(jobeResult(job(stage({ name: 'compile', status: 'compile-failed' })), {})).toMatchObject({
      outcome: 11,
      cmpinfo: 'out',
    })
    expect(jobeResult(job(), {}).outcome).toBe(20)
  })

  test.each([
    [[0x61, 0xff, 0x62], 'a\\xffb'],
    [[0xc3, 0xa4], 'ä'],
    [[0xc3], '\\xc3'],
    [[0xed, 0xa0, 0x80, 0x41], '\\xed\\xa0\\x80A'],
    [[], ''],
  ])('bytes %j are text %j', (bytes, text) => expect(escapeBytes(Buffer.from(bytes))).toBe(text))
})

describe('SandboxFusion', () => {
  test('runs code with its files, and keeps those that are asked for', () => {
    const body = {
      code: 'x',
      language: 'python',
      run_timeout: 2.5,
      memory_limit_MB: 100,
      files: { './a': 'aGk=', b: null },
      fetch_files: ['./out'],
    }
    const { request } = jobOfRunCode(body, language('python'), limits)
    expect(request).toMatchObject({
      language: 'python',
      files: [
        { path: 'main.py', content: 'x' },
        { path: 'a', content: 'aGk=', encoding: 'base64' },
      ],
      artifacts: ['out'],
      limits: { wallMs: 2500, compileWallMs: 10_000, memoryBytes: 100 * MIB },
    })
    expect(jobOfRunCode({ code: 'x', language: 'python' }, language('python'), limits).request).not.toHaveProperty(
      'artifacts',
    )
  })

  const summary = (made: Job) => {
    const { status, compile_result: compile, run_result: run } = runCodeResult(made, {}, {})
    return {
      status,
      compile: compile && [compile.status, compile.return_code],
      run: run && [run.status, run.return_code],
    }
  }
  const compile = stage({ name: 'compile' })

  test.each([
    [job(stage()), { status: 'Success', compile: null, run: ['Finished', 0] }],
    [job(compile, stage()), { status: 'Success', compile: ['Finished', 0], run: ['Finished', 0] }],
    [job(stage({ status: 'failed', exitCode: 2 })), { status: 'Failed', compile: null, run: ['Finished', 2] }],
    [
      job(stage({ status: 'signalled', exitCode: null, signal: 'SIGSEGV' })),
      { status: 'Failed', compile: null, run: ['Finished', -11] },
    ],
    [job(stage({ status: 'wall-time-limit' })), { status: 'Failed', compile: null, run: ['TimeLimitExceeded', null] }],
    [
      job(stage({ status: 'memory-limit', exitCode: 137 })),
      { status: 'Failed', compile: null, run: ['Finished', 137] },
    ],
    [
      job({ ...compile, status: 'compile-failed', exitCode: 1 }),
      { status: 'Failed', compile: ['Finished', 1], run: null },
    ],
    [job(), { status: 'SandboxError', compile: null, run: null }],
  ])('job %# is told as it is', (made, expected) => expect(summary(made)).toEqual(expected))
})

test("names of SandboxFusion's languages are its own, and nothing that every object has", () => {
  expect(['R', 'python', '__proto__', 'constructor'].map(languageName)).toEqual([
    'r',
    'python',
    '__proto__',
    'constructor',
  ])
})
