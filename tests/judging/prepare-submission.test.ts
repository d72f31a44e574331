import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import {
  asPrinter,
  checkAllowed,
  checkHarness,
  checkLanguageLimits,
  checkLanguages,
  limitsIn,
  withHarness,
} from '../../src/api/judging/prepare-submission.ts'
import { withProblem } from '../../src/api/judging/judging-of-request.ts'
import { requestAgain, submissionRoutes } from '../../src/api/problems/submission-routes.ts'
import { trialRoutes } from '../../src/api/problems/trial-routes.ts'
import type { JobSpec } from '../../src/shared/job.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { Problem } from '../../src/shared/problems.ts'
import type { CodeRequest } from '../../src/shared/requests.ts'

const languages = loadLanguages(join(packageRoot(), 'languages'))
const language = (id: string) => languages.find((one) => one.id === id) ?? (undefined as never)
const harness = [
  {
    language: 'py3',
    files: [{ path: 'main.py', content: 'import solution' }],
    submission: 'solution.py',
    entrypoint: 'main.py',
  },
  { language: 'c', files: [{ path: 'grader.c', content: 'int main() {}' }] },
]
const refused = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    return (error as Problem).errors
  }
  return undefined
}

test('a program in a language that the problem does not allow is refused, with those it allows', () => {
  const allow = (allowed: string[] | undefined, id: string) =>
    refused(() => checkAllowed({ language: id, ...(allowed && { languages: allowed }) }, language(id), languages))
  expect(allow(undefined, 'python')).toBeUndefined()
  expect(allow(['py3', 'c'], 'python')).toBeUndefined()
  expect(allow(['cpp', 'c', 'nowhere'], 'python')).toEqual([
    { pointer: '/language', detail: 'is "python"; the problem takes programs in cpp, c' },
  ])
  expect(allow(['nowhere'], 'python')?.[0]?.detail).toMatch(/in languages that are not known here$/)
})

test('a version of a language is allowed where the language is, and has what the problem has for it', () => {
  const java21 = language('java-21')
  const asked = { language: 'java', version: '21' }
  const allow = (allowed: string[], of = java21) =>
    refused(() => checkAllowed({ ...asked, languages: allowed }, of, languages))
  expect(allow(['java'])).toBeUndefined()
  expect(allow(['java-21'])).toBeUndefined()
  expect(allow(['c'])).toEqual([{ pointer: '/language', detail: 'is "java"; the problem takes programs in c' }])
  expect(allow(['java-21'], language('java'))).toHaveLength(1)
  const files = [{ path: 'Grader.java', content: '' }]
  const own = { language: 'java-21', files: [{ path: 'Own.java', content: '' }] }
  const pathsWith = (given: NonNullable<CodeRequest['harness']>) =>
    withHarness({ ...asked, code: '', harness: given }, java21, languages).request.files?.map(({ path }) => path)
  expect(pathsWith([{ language: 'java', files }])).toContain('Grader.java')
  expect(pathsWith([{ language: 'java', files }, own])).toContain('Own.java')
  const languageLimits = { java: { timeFactor: 2 } }
  const limits = { cpuMs: 1000 }
  expect(limitsIn({ limits, languageLimits }, java21, languages).limits).toEqual({ cpuMs: 2000 })
  const both = { ...languageLimits, 'java-21': { timeFactor: 3 } }
  expect(limitsIn({ limits, languageLimits: both }, java21, languages).limits).toEqual({ cpuMs: 3000 })
})

test('languages that a folder allows and nobody knows are told', () => {
  expect(checkLanguages(['py3', 'pyhton'], languages)).toEqual([
    { pointer: '/languages/1', detail: 'is "pyhton", which is no language; see GET /v1/runtimes' },
  ])
})

describe('grader files', () => {
  test('are put beside a program, and may be what runs', () => {
    const python = withHarness({ language: 'python', code: 'x = 1', harness }, language('python'), languages)
    expect(python.request).toMatchObject({
      entrypoint: 'main.py',
      files: [{ path: 'solution.py', content: 'x = 1' }, { path: 'main.py' }],
    })
    expect(python.request.code).toBeUndefined()
    expect(python.pointers).toEqual(['/code', '/harness/0/files/0/content'])
    const c = withHarness({ language: 'c', code: 'int f;', harness }, language('c'), languages)
    expect(c.request).toMatchObject({ entrypoint: 'main.c', files: [{ path: 'main.c' }, { path: 'grader.c' }] })
  })

  test('are not replaced by those of a program, nor left out for another language', () => {
    const own: CodeRequest = { language: 'python', files: [{ path: 'main.py', content: '' }], harness }
    expect(refused(() => withHarness(own, language('python'), languages))).toEqual([
      { pointer: '/files/0/path', detail: 'is also the path of a grader file' },
    ])
    expect(refused(() => withHarness({ language: 'bash', code: '', harness }, language('bash'), languages))).toEqual([
      { pointer: '/language', detail: 'is "bash"; the problem takes programs in py3, c' },
    ])
  })

  test('are checked by themselves', () => {
    const files = [{ path: 'a', content: '' }]
    const wrong = [
      { language: 'python', files, entrypoint: 'b' },
      { language: 'py', files, submission: 'a' },
      { language: 'klingon', files },
    ]
    expect(checkHarness(wrong, languages).map(({ pointer }) => pointer)).toEqual([
      '/harness/0/entrypoint',
      '/harness/1/language',
      '/harness/1/submission',
      '/harness/2/language',
    ])
    expect(checkHarness(harness, languages)).toEqual([])
  })
})

describe('output in place of a program', () => {
  test('is printed by the name of the test', () => {
    const tests = [{ name: 'secret/1' }, {}]
    const { request, isCode } = asPrinter({ language: 'text', files: [{ path: '1.out', content: 'x' }], tests })
    expect(isCode).toBe(false)
    expect(request).toMatchObject({ language: 'bash', entrypoint: 'print-output.sh' })
    expect(request.tests?.map(({ args }) => args)).toEqual([
      ['secret/1.out', 'secret/1.ans', '1.out', '1.ans', 'output.txt'],
      ['2.out', '2.ans', 'output.txt'],
    ])
    expect(asPrinter({ language: 'text', code: 'x', tests }).request.files?.[0]).toEqual({
      path: 'output.txt',
      content: 'x',
    })
  })

  test('is no program', () => {
    expect(refused(() => asPrinter({ language: 'python', code: '', tests: [{}] }))?.[0]?.detail).toMatch(/use "text"/)
  })
})

test.each<Partial<CodeRequest>>([
  { env: { BASH_ENV: 'a.out' } },
  { env: { LD_PRELOAD: './a.out' } },
  { compilerArgs: ['-O2'] },
  { dependencies: ['x'] },
  { environment: '01a2072e-7983-76e0-a216-a5590488afdc' },
  { interactive: true },
  { terminal: { columns: 80, rows: 24 } },
])('output is not printed with %j', (more) => {
  const [name] = Object.keys(more)
  expect(refused(() => asPrinter({ language: 'text', code: 'x', tests: [{}], ...more }))).toEqual([
    { pointer: `/${name}`, detail: 'is not allowed: the problem takes output, not a program' },
  ])
})

test('output is printed where nothing is said of programs', () => {
  const nothing = { env: {}, compilerArgs: [], dependencies: [], interactive: false }
  expect(asPrinter({ language: 'text', code: 'x', tests: [{}], ...nothing }).isCode).toBe(false)
})

describe('limits by language', () => {
  const languageLimits = { python3: { timeFactor: 2.5 }, java: { memoryFactor: 2, limits: { processes: 100 } } }
  const request = {
    limits: { cpuMs: 1000, memoryBytes: 64_000_000 },
    languageLimits,
    tests: [{ limits: { wallMs: 301 } }, {}],
  }

  test('are factors of those of the problem and its tests', () => {
    expect(limitsIn(request, language('python'), languages)).toEqual({
      limits: { cpuMs: 2500, memoryBytes: 64_000_000 },
      tests: [{ limits: { wallMs: 753 } }, {}],
    })
    expect(limitsIn(request, language('java'), languages).limits).toEqual({
      cpuMs: 1000,
      memoryBytes: 128_000_000,
      processes: 100,
    })
    expect(limitsIn(request, language('c'), languages).limits).toEqual(request.limits)
  })

  test('leave those of a submission as they are', () => {
    expect(limitsIn(request, language('python'), languages, { cpuMs: 7 }).limits).toMatchObject({ cpuMs: 7 })
    expect(checkLanguageLimits({ klingon: {}, py: {} }, languages).map(({ pointer }) => pointer)).toEqual([
      '/languageLimits/klingon',
    ])
  })
})

describe('judging again', () => {
  const spec = (id: string) =>
    ({
      head: { id, language: 'python', metadata: {}, status: 'succeeded' },
      tenant: 'alice',
      files: [{ path: 'main.py', content: 'x', encoding: 'utf-8' }],
      args: [],
      compilerArgs: [],
      env: {},
      environment: '01a2072e-7983-76e0-a216-a5590488afdc',
      problem: '01a2072e-7983-76e0-a216-a5590488afdd:1',
      webhook: null,
    }) as unknown as JobSpec

  test('runs with the packages of the first time', () => {
    expect(requestAgain(spec('a'))).toMatchObject({ environment: '01a2072e-7983-76e0-a216-a5590488afdc' })
  })

  test.each([submissionRoutes[0], trialRoutes[0]])(
    'makes all its jobs with the version that it tells of, whatever is stored meanwhile: $path',
    async (route) => {
      let version = 1
      const problems = {
        read: async () => ({ id: 'p', version: version++ }),
        content: async (content: string) => ({
          tests: [{ name: content }],
          examples: ['a', 'b'].map((name) => ({ name, language: 'python', files: [], entrypoint: 'main.py' })),
        }),
      }
      const judged: (string | undefined)[] = []
      const needs = {
        problems,
        problemJobs: { newest: async () => ['a', 'b'] },
        records: {
          read: async () => ({ tenant: 'alice', job: { status: 'succeeded' } }),
          spec: async (id: string) => spec(id),
        },
        requests: {
          code: async (
            body: CodeRequest,
            caller: { tenant: string },
            _: string,
            as?: { id: string; version: number },
          ) => {
            judged.push((await withProblem(body, caller.tenant, problems as never, as)).tests?.[0]?.name)
            return spec('new')
          },
        },
        pace: async () => ({ outcome: 'too many', rate: { perMinute: 1, burst: 1 }, waitingMs: 1 }),
      }
      const handle = route?.handle as unknown as (needs: object, request: object) => Promise<void>
      await expect(handle(needs, { caller: { tenant: 'alice' }, params: { id: 'p' } })).rejects.toMatchObject({
        code: 'rate-limited',
      })
      expect(judged).toEqual(['p', 'p'])
    },
  )

  test.each([submissionRoutes[0], trialRoutes[0]])(
    'starts its jobs as fast as the rate of its caller allows, and costs no more than a request: $path',
    async (route) => {
      const jobs = ['a', 'b', 'c']
      const paced: number[] = []
      const submitted: JobSpec[] = []
      const example = { language: 'python', files: [], entrypoint: 'main.py' }
      const full = new Problem('queue-full', 'no room')
      const needs = {
        problems: {
          read: async () => ({ id: 'p', version: 1 }),
          content: async () => ({ examples: jobs.map(() => example) }),
        },
        problemJobs: { newest: async () => jobs },
        records: {
          read: async () => ({ tenant: 'alice', job: { status: 'succeeded' } }),
          spec: async (id: string) => spec(id),
        },
        requests: { code: async () => spec('new') },
        submission: {
          submitBatch: async (specs: JobSpec[]) => {
            submitted.push(...specs)
            throw full
          },
        },
        pace: async (_: unknown, count: number) => {
          paced.push(count)
          return { outcome: 'paced', delaysMs: [0, 0, 1000] }
        },
      }
      const request = { caller: { tenant: 'alice' }, params: { id: 'p' } }
      const handle = route?.handle as unknown as (needs: object, request: object) => Promise<void>
      await expect(handle(needs, request)).rejects.toBe(full)
      expect(submitted.map(({ delayMs }) => delayMs)).toEqual([0, 0, 1000])
      // What is not accepted keeps no place.
      expect(paced).toEqual([3, -3])
      const rate = { perMinute: 1, burst: 1 }
      const busy = { ...needs, pace: async () => ({ outcome: 'too many', rate, waitingMs: 90_000 }) }
      await expect(handle(busy, request)).rejects.toMatchObject({
        code: 'rate-limited',
        headers: { 'Retry-After': '90' },
      })
      expect(submitted).toHaveLength(3)
    },
  )
})
