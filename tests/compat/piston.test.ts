import { describe, expect, test } from '@jest/globals'
import { PistonFault, readExecution } from '../../src/api/compat/piston/execute-request.ts'
import { findRuntime, pistonRuntimes } from '../../src/api/compat/piston/piston-runtimes.ts'
import { stageEnd } from '../../src/api/compat/piston/stage-result.ts'
import { sourceName } from '../../src/api/compat/system/source-name.ts'
import type { StageSummary } from '../../src/shared/job.ts'
import { findLanguage, loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

const languages = loadLanguages(`${packageRoot()}/languages`)
const runtimes = { languages: { python: '3.13.5', cpp: '14.2.0', javascript: '20.19', bash: '5.2.37' }, images: [] }
const limits = { defaults: DEFAULT_LIMITS, ceilings: DEFAULT_CEILINGS }
const read = (body: Record<string, unknown>) => readExecution(body, languages, runtimes, limits)
const python = { language: 'python', version: '*', files: [{ content: 'print(1)' }] }

describe('runtimes', () => {
  test('are the installed languages by the names that Piston has for them', () => {
    const found = pistonRuntimes(languages, runtimes)
    expect(found.map(({ language, version }) => [language, version])).toEqual([
      ['bash', '5.2.37'],
      ['c++', '14.2.0'],
      ['javascript', '20.19.0'],
      ['python', '3.13.5'],
    ])
    expect(found.find(({ language }) => language === 'c++')).toMatchObject({ aliases: ['cpp', 'g++'], runtime: 'gcc' })
    expect(pistonRuntimes(languages, undefined)).toEqual([])
  })

  test.each([
    ['python', '*', 'python'],
    ['py', '3.x', 'python'],
    ['js', '>=18', 'javascript'],
    ['c++', '14.2.0', 'cpp'],
    ['python', '2.x', undefined],
    ['python', 'no range', undefined],
    ['ruby', '*', undefined],
    ['__proto__', '*', undefined],
  ])('%s at %s is %s', (name, selector, id) =>
    expect(findRuntime(languages, runtimes, name, selector)?.definition.id).toBe(id),
  )
})

test('versions of a language go by its name, and the newest that is met runs', () => {
  const both = { languages: { java: '25.0.1', 'java-21': '21.0.9' }, images: [] }
  expect(pistonRuntimes(languages, both).map(({ language, version }) => [language, version])).toEqual([
    ['java', '25.0.1'],
    ['java', '21.0.9'],
  ])
  const id = (selector: string) => findRuntime(languages, both, 'java', selector)?.definition.id
  expect(['*', '21.x', '>=21 <25', '17.x'].map(id)).toEqual(['java', 'java-21', 'java-21', undefined])
})

describe('a request to execute', () => {
  test('becomes a job with the limits of Piston', () => {
    const { request, runtime } = read({ ...python, stdin: 'x', args: ['a', 1] })
    expect(runtime).toEqual({ language: 'python', version: '3.13.5' })
    expect(request).toEqual({
      language: 'python',
      files: [{ path: 'main.py', content: 'print(1)' }],
      entrypoint: 'main.py',
      stdin: 'x',
      args: ['a', '1'],
      limits: { compileWallMs: 10_000, wallMs: 3000, cpuMs: 3000 },
    })
  })

  test('runs the first file that is text, and decodes the others', () => {
    const { request } = read({
      ...python,
      files: [
        { name: 'a.bin', content: 'ff00', encoding: 'hex' },
        { content: 'aGk=', encoding: 'base64' },
        { name: 'start.py', content: '1' },
      ],
      run_memory_limit: -1,
    })
    expect(request.entrypoint).toBe('start.py')
    expect(request.files).toEqual([
      { path: 'a.bin', content: '/wA=', encoding: 'base64' },
      { path: 'file1.code', content: 'hi' },
      { path: 'start.py', content: '1' },
    ])
    expect(request.limits).not.toHaveProperty('memoryBytes')
  })

  test.each([
    [{}, 'language is required as a string'],
    [{ language: 'python' }, 'version is required as a string'],
    [{ language: 'python', version: 3 }, 'version is required as a string'],
    [{ language: 'python', version: '*' }, 'files is required as an array'],
    [{ ...python, files: [{}] }, 'files[0].content is required as a string'],
    [{ ...python, files: ['x'] }, 'files[0].content is required as a string'],
    [{ ...python, files: [] }, 'files must include at least one utf8 encoded file'],
    [{ ...python, files: [{ content: 'x', encoding: 'rot13' }] }, 'files[0].encoding must be utf8, base64 or hex'],
    [{ ...python, language: 'nosuch' }, 'nosuch-* runtime is unknown'],
    [{ ...python, version: '2.x' }, 'python-2.x runtime is unknown'],
    [
      { ...python, language: 'golang' },
      'golang-* runtime is unknown; Go is not installed; the operator can install it with: npx runyard languages install go',
    ],
    [{ ...python, run_timeout: '3' }, 'If specified, run_timeout must be a number'],
    [{ ...python, run_timeout: -1 }, 'run_timeout must be non-negative'],
    [{ ...python, compile_timeout: 1e9 }, 'compile_timeout cannot exceed the configured limit of 120000'],
    [{ ...python, stdin: 1 }, 'stdin must be a string'],
    [{ ...python, args: 'x' }, 'args must be an array'],
  ])('%j is refused: %s', (body, message) => expect(() => read(body)).toThrow(new PistonFault(message)))
})

test.each([
  ['python', 'prog', 'prog'],
  ['python', '__tester__.python3', '__tester__.python3.py'],
  ['python', undefined, 'main.py'],
  ['cpp', 'my.cpp', 'my.cpp'],
  ['cpp', 'main', 'main.cpp'],
  ['cpp', 'main.txt', 'main.txt.cpp'],
])('in %s a file %s is saved as %s', (id, name, saved) => {
  const language = findLanguage(languages, id)
  expect(language && sourceName(name, language)).toBe(saved)
})

const stage = {
  name: 'run',
  status: 'succeeded',
  exitCode: 0,
  signal: null,
  wallMs: 5,
  cpuMs: 5,
  memoryPeakBytes: 1,
  stdoutBytes: 2,
  stderrBytes: 1,
  truncated: false,
  limitsMet: [],
} as const satisfies StageSummary

test.each([
  [{}, { code: 0, signal: null, status: null, message: null }],
  [
    { status: 'failed', exitCode: 3 },
    { code: 3, signal: null, status: 'RE', message: 'Exited with error status 3' },
  ],
  [
    { status: 'signalled', exitCode: null, signal: 'SIGSEGV' },
    { code: null, signal: 'SIGSEGV', status: 'SG', message: 'Caught fatal signal 11' },
  ],
  [
    { status: 'wall-time-limit' },
    { code: null, signal: 'SIGKILL', status: 'TO', message: 'Time limit exceeded (wall clock)' },
  ],
  [{ cpuMs: 2000 }, { code: null, signal: 'SIGKILL', status: 'TO', message: 'Time limit exceeded' }],
  [{ status: 'output-limit' }, { code: null, signal: 'SIGKILL', status: 'OL', message: 'stdout length exceeded' }],
  [
    { status: 'output-limit', stderrBytes: 3 },
    { code: null, signal: 'SIGKILL', status: 'EL', message: 'stderr length exceeded' },
  ],
  [{ status: 'internal-error' }, { code: null, signal: 'SIGKILL', status: 'XX' }],
] as const)('%j is told as %j', (more, end) =>
  expect(stageEnd({ ...stage, ...more } as StageSummary, { cpuMs: 1000 })).toMatchObject(end),
)
