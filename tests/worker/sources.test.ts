import { expect, test } from '@jest/globals'
import type { JobSpec } from '../../src/shared/job.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { planStages } from '../../src/worker/jobs/plan.ts'

const languages = loadLanguages(`${packageRoot()}/languages`)

test.each([
  ['cpp', ['main.cc', 'lib/more.cxx', 'last.cpp', 'main.h', 'notes.c'], ['./main.cc', './lib/more.cxx', './last.cpp']],
  ['clang-cpp', ['validate.cc', 'validate.h'], ['./validate.cc']],
  ['c', ['main.c', 'other.cc', 'main.h'], ['./main.c']],
])('in %s, of the files %j the sources %j are compiled', (id, paths, sources) => {
  const files = paths.map((path) => ({ path }))
  const head = { limits: DEFAULT_LIMITS, interactive: false }
  const spec = { head, files, entrypoint: paths[0], env: {}, args: [], compilerArgs: [], tests: [], stdin: '' }
  const language = languages.find((one) => one.id === id)
  const [compile] = planStages(spec as unknown as JobSpec, language, 0)
  expect(compile?.start.args.filter((argument) => argument.startsWith('./'))).toEqual(sources)
})
