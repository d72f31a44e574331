import { describe, expect, test } from '@jest/globals'
import type { JobSpec, Status } from '../../src/shared/job.ts'
import { refusedInputs, validationRequests } from '../../src/shared/judging/input-validators.ts'
import { fillTests, namingInputs } from '../../src/shared/judging/problem-store.ts'
import type { InputValidator } from '../../src/shared/judging/problem.ts'
import { readProblem } from '../../src/shared/judging/read-problem.ts'

const languageOf = (path: string) => ({ py: 'python', cpp: 'cpp', h: 'c' })[path.slice(path.lastIndexOf('.') + 1)]
const read = (files: Record<string, string>) =>
  readProblem(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])), languageOf)
const ofPackage = (files: Record<string, string>): InputValidator[] => {
  const found = read(files)
  return found.problem ? found.validators : []
}
const TESTS = {
  'data/sample/1.in': '1',
  'data/sample/1.ans': 'one',
  'data/secret/2.in': '2',
  'data/secret/2.ans': 'two',
}
const called = (files: Record<string, string>) =>
  ofPackage(files).map(({ name, language, entrypoint, protocol, args }) => [name, language, entrypoint, protocol, args])

test('a Kattis package has a validator for each file and each folder, with the arguments of the group', () => {
  const files = {
    'problem.yaml': 'problem_format_version: 2025-09\n',
    ...TESTS,
    'data/secret/test_group.yaml': 'input_validator_args: [--max, "5"]',
    'input_validators/check.py': 'import sys; sys.exit(42)',
    'input_validators/strict/main.cpp': 'int main() { return 42; }',
    'input_validators/strict/read.h': '',
  }
  const args = [[], ['--max', '5']]
  expect(called(files)).toEqual([
    ['input_validators/check.py', 'python', 'check.py', 'kattis', args],
    ['input_validators/strict', 'cpp', 'main.cpp', 'kattis', args],
  ])
  const named = { ...files, 'data/secret/test_group.yaml': 'input_validator_args:\n  strict: [--max]' }
  expect(ofPackage(named).map(({ args: own }) => own)).toEqual([
    [[], []],
    [[], ['--max']],
  ])
})

test('legacy packages give flags, and what cannot be run is left out', () => {
  const files = {
    'problem.yaml': 'name: Sums\n',
    ...TESTS,
    'data/testdata.yaml': 'input_validator_flags: a b',
    'input_format_validators/v.py': '',
    'input_format_validators/format.ctd': 'INT(1, 2)',
    'input_format_validators/scripted/build': '',
    'input_format_validators/scripted/v.py': '',
  }
  expect(called(files)).toEqual([
    [
      'input_format_validators/v.py',
      'python',
      'v.py',
      'kattis',
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
    ],
  ])
})

test('a plain folder has validators whose files are no tests', () => {
  const files = { '1.in': '1', '1.ans': '1', 'input_validators/v/main.py': '', 'input_validators/v/x.in': '' }
  expect(read(files).faults).toEqual([])
  expect(called(files)).toEqual([['input_validators/v', 'python', 'main.py', 'kattis', [[]]]])
})

test('a Polygon package has those of its assets, called with the group of the test', () => {
  const xml = `<problem><judging><testset name="tests"><test-count>1</test-count><tests><test points="1" group="g"/></tests>
    <groups><group name="g"/></groups></testset></judging><assets><checker name="std::wcmp.cpp"/>
    <validators><validator><source path="files/val.cpp"/></validator><validator><source path="files/val.dpr"/></validator></validators></assets></problem>`
  const files = { 'problem.xml': xml, 'tests/01': '1', 'tests/01.a': '1', 'files/val.cpp': '', 'files/val.dpr': '' }
  expect(read(files).faults).toEqual([])
  expect(called(files)).toEqual([
    ['files/val.cpp', 'cpp', 'val.cpp', 'testlib', [['--testset', 'tests', '--group', 'g']]],
  ])
})

test('inputs go to jobs of a hundred each, without answers', () => {
  const tests = Array.from({ length: 250 }, (_, index) => ({
    name: `t${index}`,
    stdin: 'x',
    answer: 'y',
    secret: true,
  }))
  const validator: InputValidator = {
    name: 'v',
    language: 'python',
    files: [],
    entrypoint: 'v.py',
    protocol: 'kattis',
    args: [['a']],
  }
  const requests = validationRequests(validator, { tests })
  expect(requests.map((request) => request.tests?.length)).toEqual([100, 100, 50])
  expect(requests[0]?.tests?.slice(0, 2)).toEqual([
    { name: 't0', stdin: 'x', args: ['a'] },
    { name: 't1', stdin: 'x' },
  ])
})

test('a job on the queue names the problem whose inputs it reads, and is given them without answers', async () => {
  const tests = Array.from({ length: 101 }, (_, index) => ({ stdin: `input ${index}`, answer: 'y' }))
  const store = { content: async (id: string) => (id === 'p.2' ? { tests } : undefined) }
  const whole = { tests: [{ name: 'last', stdin: 'input 100', args: ['a'] }] } as unknown as JobSpec
  const queued = namingInputs(whole, { content: 'p.2', first: 100 })
  expect(JSON.stringify(queued)).not.toContain('input 100')
  expect((await fillTests(store, queued)).tests).toEqual(whole.tests)
  await expect(fillTests(store, namingInputs(whole, { content: 'p', first: 0 }))).rejects.toThrow('problem p is gone')
})

describe('an input', () => {
  const stage = (index: number, exitCode: number | null, name?: string) => ({
    test: { index, name: name ?? null },
    exitCode,
  })
  const job = (stages: { exitCode: number | null }[], status: Status | null = 'failed') => ({ status, stages })
  const accepted = Array.from({ length: 100 }, (_, index) => stage(index, 42))

  test('is accepted by one exit code alone', () => {
    const stages = [{ exitCode: 0 }, stage(0, 42), stage(1, 43, 'b'), stage(2, 0), stage(3, null, 'c')]
    expect(refusedInputs({ protocol: 'kattis' }, 4, [job(stages)])).toEqual(['b', '3', 'c'])
    expect(refusedInputs({ protocol: 'testlib' }, 2, [job([stage(0, 0), stage(1, 3, 'b')])])).toEqual(['b'])
    expect(refusedInputs({ protocol: 'kattis' }, 101, [job(accepted), job([stage(0, 42)])])).toEqual([])
  })

  test.each([
    ['did not compile', [job([{ exitCode: 1 }], 'compile-failed')]],
    ['is gone', [undefined]],
    ['is missing', []],
    ['ended after a part of its inputs', [job(accepted.slice(0, 99))]],
    ['was cancelled', [job(accepted, 'cancelled')]],
    ['failed by no fault of its own', [job(accepted, 'internal-error')]],
    ['has not ended', [job(accepted, null)]],
  ])('is not called accepted where the job %s', (_, jobs) =>
    expect(refusedInputs({ protocol: 'kattis' }, 100, jobs)).toBeUndefined(),
  )
})
