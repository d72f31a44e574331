import { describe, expect, test } from '@jest/globals'
import { loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import type { JobSpec } from '../../src/shared/job.ts'
import { planAhead } from '../../src/worker/jobs/plan.ts'
import { preloadedModules } from '../../src/worker/jobs/preloaded-modules.ts'
import { partsOf, withEnvironment } from '../../src/worker/sandbox/sandbox-image.ts'
import { createForecast, fitsPrewarmed, type JobFile } from '../../src/worker/sandbox/prewarmed.ts'
import type { StageStart } from '../../src/worker/sandbox/frames.ts'
import { testRoot } from '../support/platform.ts'

const languages = new Map(loadLanguages(`${testRoot}/languages`).map((language) => [language.id, language]))

function ahead(id: string) {
  const language = languages.get(id)
  const program = language && planAhead(language, DEFAULT_LIMITS, 5000)
  if (!program) throw new Error(`${id} cannot wait`)
  return program
}

const python = ahead('python')
const stage = (changes: Partial<StageStart> = {}): StageStart => ({ ...python.start, stdin: false, ...changes })
const file = (content: string | Uint8Array, path = 'main.py'): JobFile => ({
  path,
  mode: 0o644,
  content: Buffer.from(content as string),
})
const hello = file('print("Hello")\n')

describe('a job fits what is prewarmed', () => {
  test('when it asks for nothing but its program', () => {
    expect(fitsPrewarmed(python, [hello], stage())).toBe(true)
  })

  test.each<[string, Partial<StageStart>]>([
    ['its input', { stdin: true }],
    ['its limits', { wallMs: 1, cpuMs: 2, graceMs: 3, outputBytes: 4, processes: 5, fileBytes: 6, openFiles: 7 }],
  ])('whatever %s', (_, changes) => {
    expect(fitsPrewarmed(python, [hello], stage(changes))).toBe(true)
  })

  test.each<[string, JobFile[], Partial<StageStart>]>([
    ['arguments', [hello], { args: [...python.start.args, 'x'] }],
    ['another command', [hello], { args: ['python3', '-I', './main.py'] }],
    ['a variable of its own', [hello], { env: { ...python.start.env, LD_PRELOAD: '/job/evil.so' } }],
    ['another value of a variable', [hello], { env: { ...python.start.env, LANG: 'de_DE' } }],
    ['variables in another order', [hello], { env: Object.fromEntries(Object.entries(python.start.env).toReversed()) }],
    ['another stack', [hello], { stackBytes: python.start.stackBytes / 2 }],
    ['a second file', [hello, file('', 'sitecustomize.py')], {}],
    ['another name', [file('', 'app.py')], {}],
    ['no file', [], {}],
    ['an archive for its program', [file(Buffer.from('PK\x05\x06 and the rest'))], {}],
  ])('but not with %s', (_, files, changes) => {
    expect(fitsPrewarmed(python, files, stage(changes))).toBe(false)
  })

  test.each([
    ['javascript', 'main.js', 'while (performance.now() < 1000);'],
    ['javascript', 'main.js', 'console.log(process.uptime())'],
    ['javascript', 'main.js', 'console.log(new Event("x").timeStamp)'],
    ['bash', 'main.sh', 'while ((SECONDS < 3)); do :; done'],
    ['bash', 'main.sh', 'printf "%(%s)T" -2'],
  ])('but not where a program would see its age: %s, %s, %s', (id, path, code) => {
    const program = ahead(id)
    const start = { ...program.start, stdin: false }
    expect(fitsPrewarmed(program, [file('', path)], start)).toBe(true)
    expect(fitsPrewarmed(program, [file(code, path)], start)).toBe(false)
  })
})

test('of the languages those can be prewarmed that are said to', () => {
  const prewarmed = [...languages.values()]
    .filter((language) => planAhead(language, DEFAULT_LIMITS, 0))
    .map(({ id }) => id)
  expect(prewarmed).toEqual(expect.arrayContaining(['bash', 'java', 'javascript', 'python']))
  expect(prewarmed).not.toContain('ruby')
})

describe('of a language that is compiled, the compiler is prewarmed', () => {
  const java = ahead('java')
  const compile = { ...java.start, stdin: false }
  const main = file('public class Main {}', 'Main.java')

  test('for a job of one file, whatever its program is given', () => {
    expect(compile.args).toEqual(expect.arrayContaining(['java-build', '-encoding', './Main.java']))
    expect(compile.wallMs).toBe(DEFAULT_LIMITS.compileWallMs)
    expect(fitsPrewarmed(java, [main], compile)).toBe(true)
  })

  test('but not for one with options of its own or a second file', () => {
    expect(fitsPrewarmed(java, [main], { ...compile, args: [...compile.args, '-Xlint'] })).toBe(false)
    expect(fitsPrewarmed(java, [main, file('', 'Other.java')], compile)).toBe(false)
  })

  test('by a launcher, which is started in its place', () => {
    expect(java.launcher).toEqual(expect.arrayContaining(['java', 'JavaBuild', '--wait', './Main.java']))
    expect(python.launcher).toBeUndefined()
  })
})

describe('modules are imported ahead', () => {
  const environment = { key: 'a'.repeat(64), tree: 'one' }
  const modules = ['numpy', 'matplotlib.pyplot']

  test('by a launcher that is told of them, for jobs that are started as ever', () => {
    const language = languages.get('python')
    const program = language && planAhead(language, DEFAULT_LIMITS, 5000, {}, modules)
    expect(program?.launcher).toEqual(['python3', '-X', 'runyard_preload', './main.py', ...modules])
    expect(program?.start).toEqual(python.start)
  })

  test('not where a language has no launcher for that', () => {
    const bash = languages.get('bash')
    const program = bash && planAhead(bash, DEFAULT_LIMITS, 5000, {}, modules)
    expect(program?.launcher).toBeUndefined()
  })

  test('in sandboxes of their own', () => {
    const image = withEnvironment('localhost/runyard/python:1', environment, modules)
    expect(image).not.toBe(withEnvironment('localhost/runyard/python:1', environment))
    expect(partsOf(image)).toEqual({ image: 'localhost/runyard/python:1', environment: environment.key, modules })
    expect(withEnvironment('localhost/runyard/python:1', undefined, modules)).toBe('localhost/runyard/python:1')
  })

  test('for those of whom the operator says so, and no job with tests', () => {
    const rules = ['lab numpy', '* matplotlib.pyplot', 'lab matplotlib.pyplot', 'other pandas'].map((rule) => {
      const [tenant = '', module = ''] = rule.split(' ')
      return { tenant, language: 'python', module }
    })
    const preloaded = preloadedModules(rules)
    const of = (tenant: string, language = 'python', tests: JobSpec['tests'] = []) =>
      preloaded({ tenant, tests, head: { language } as JobSpec['head'] })
    expect(of('lab')).toEqual(modules)
    expect(of('nobody')).toEqual(['matplotlib.pyplot'])
    expect(of('lab', 'javascript')).toEqual([])
    expect(of('lab', 'python', [{ stdin: '1' }])).toEqual([])
  })
})

describe('a forecast', () => {
  test('expects a job without input first, and then one like the last', () => {
    const forecast = createForecast()
    expect(forecast.expected()).toBe(false)
    forecast.saw(true, undefined)
    expect(forecast.expected()).toBe(true)
    forecast.saw(true, true)
    expect(forecast.expected()).toBe(true)
  })

  test('expects nothing after a job that nothing can be prewarmed for', () => {
    const forecast = createForecast()
    forecast.saw(undefined, undefined)
    expect(forecast.expected()).toBeUndefined()
  })

  test('is wary once it was wrong, until three jobs in a row were alike', () => {
    const forecast = createForecast()
    const expected = [true, false, true, false, false, false].map((stdin) => {
      forecast.saw(stdin, forecast.expected())
      return forecast.expected()
    })
    expect(expected).toEqual([undefined, undefined, undefined, undefined, undefined, false])
    forecast.saw(false, false)
    forecast.saw(true, undefined)
    expect(forecast.expected()).toBe(true)
  })
})
