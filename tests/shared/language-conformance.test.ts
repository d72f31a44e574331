import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import type { Job } from '../../src/shared/job.ts'
import { CASE_NAMES, deviation, loadConformance } from '../support/language-conformance.ts'

const root = packageRoot()
const languages = loadLanguages(`${root}/languages`)

describe.each(languages)('$id', (language) => {
  test('has a program for each case, or the reason why not', () => {
    const { programs, without } = loadConformance(root, language)
    const wanted = CASE_NAMES.filter((name) => name !== 'compile-error' || language.compile !== undefined)
    expect([...programs.map((program) => program.case), ...Object.keys(without)].sort()).toEqual([...wanted].sort())
    for (const program of programs.filter((one) => one.case.endsWith('-error'))) {
      expect(program.expected.contains).toMatch(/./)
    }
  })
})

test('a program that ends otherwise than expected is told by what differs', () => {
  const program = { case: 'exit-code', code: '', expected: { status: 'failed', exitCode: 7, stdout: 'a\n' } } as const
  const job = (status: string, exitCode: number, stdout: string) =>
    ({
      status,
      message: null,
      stages: [{ name: 'run', status, exitCode, stdout, stderr: '', output: stdout }],
    }) as unknown as Job
  expect(deviation(program, job('failed', 7, 'a\n'))).toBeUndefined()
  expect(deviation(program, job('succeeded', 0, 'a\n'))).toBe('is succeeded (exit code 0); run: "a\\n"')
  expect(deviation(program, job('failed', 1, 'a\n'))).toBe('exit code 1; run: "a\\n"')
  expect(deviation(program, job('failed', 7, 'b\n'))).toBe('standard output is "b\\n"')
})
