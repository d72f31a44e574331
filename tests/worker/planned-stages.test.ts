import { expect, test } from '@jest/globals'
import type { JobSpec } from '../../src/shared/job.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { planStages } from '../../src/worker/jobs/plan.ts'

const languages = loadLanguages(`${packageRoot()}/languages`)

const languageOf = (id: string) => languages.find((one) => one.id === id)
const specOf = (more: object, limits: Partial<Limits> = {}): JobSpec => {
  const head = { limits: { ...DEFAULT_LIMITS, ...limits }, interactive: false }
  return { head, files: [], env: {}, args: [], compilerArgs: [], tests: [], stdin: '', ...more } as unknown as JobSpec
}

test.each([
  ['cpp', ['main.cc', 'lib/more.cxx', 'last.cpp', 'main.h', 'notes.c'], ['./main.cc', './lib/more.cxx', './last.cpp']],
  ['clang-cpp', ['validate.cc', 'validate.h'], ['./validate.cc']],
  ['c', ['main.c', 'other.cc', 'main.h'], ['./main.c']],
])('in %s, of the files %j the sources %j are compiled', (id, paths, sources) => {
  const files = paths.map((path) => ({ path }))
  const [compile] = planStages(specOf({ files, entrypoint: paths[0] }), languageOf(id), 0)
  expect(compile?.start.args.filter((argument) => argument.startsWith('./'))).toEqual(sources)
})

test('the CPU time of a judged program is that of its tests; its compiler may take as long as it has', () => {
  const times = (spec: JobSpec, isJudged?: boolean) =>
    planStages(spec, languageOf('cpp'), 0, {}, isJudged).map(({ start }) => start.cpuMs)
  const limits = { cpuMs: 400, compileWallMs: 20_000 }
  const tests = [{ stdin: '1', limits: { cpuMs: 200 } }, { stdin: '2' }]
  expect(times(specOf({ tests }, limits))).toEqual([20_000, 200, 400])
  expect(times(specOf({ tests }, { cpuMs: 60_000, compileWallMs: 20_000 }))[0]).toBe(60_000)
  // So has that of a judge, which has no tests of its own.
  expect(times(specOf({}, limits), true)).toEqual([20_000, 400])
  // Of other jobs, each stage has the time that was asked for.
  expect(times(specOf({}, limits))).toEqual([400, 400])
})
