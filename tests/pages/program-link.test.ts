import { expect, test } from '@jest/globals'
import type { Checker } from '../../src/shared/requests.ts'
import { programOf, requestOf } from '../../src/pages/playground/program.ts'
import { FIRST_CHECKER } from '../../src/pages/playground/tests/own-tests.ts'
import { programFragment, readProgramFragment } from '../../src/pages/playground/share/program-link.ts'

const LINKED = {
  language: 'python',
  code: 'print(1)',
  stdin: 'a',
  args: 'b',
  packages: 'numpy',
  environment: 'python/data',
  tests: [{ input: '1', expected: '2' }],
  checker: 'tokens' as const,
  own: FIRST_CHECKER,
}

const LINKED_BROKEN = { checker: 'program' as const, own: { language: 'c', code: '', protocol: 'toString' } }

test('a link has the packages and the tests of its program', async () => {
  expect(await readProgramFragment(await programFragment(LINKED))).toEqual(LINKED)
})

test('a link of before has none', async () => {
  const program = await readProgramFragment(await programFragment({ language: 'c', code: '' }))
  expect(program).toMatchObject({ language: 'c', packages: '', environment: '', tests: [] })
})

test('a checker that is a program goes with its link', async () => {
  const own = { language: 'c', code: 'int main() { return 42; }', protocol: 'testlib' } as const
  const linked = { ...LINKED, checker: 'program', own } as const
  expect(await readProgramFragment(await programFragment(linked))).toEqual(linked)
  const more = { args: ['x'] }
  expect(await readProgramFragment(await programFragment({ ...linked, own: { ...own, more } }))).toEqual(linked)
})

test('a checker that is made of files does not go with its link, in part either', async () => {
  const own = { language: 'c', code: '', protocol: 'testlib', more: { files: [{ path: 'a.c', content: '' }] } } as const
  const linked = { ...LINKED, checker: 'program', own } as unknown as typeof LINKED
  expect(await readProgramFragment(await programFragment(linked))).toEqual({ ...LINKED, checker: 'lines' })
})

test('the checker of a kept job is asked for again, with all that it has', () => {
  const tests = [{ stdin: '1' }]
  for (const checker of [
    { type: 'program', language: 'c', code: 'x', args: ['y'], protocol: 'testlib' },
    {
      type: 'program',
      language: 'python',
      protocol: 'kattis',
      files: [{ path: 'a.py', content: '' }],
      entrypoint: 'a.py',
    },
  ] as const) {
    const request = { language: 'python', code: '', tests: [...tests], checker: checker as unknown as Checker }
    expect(requestOf(programOf(request, 'main.py'), 'main.py').checker).toEqual(checker)
  }
})

test.each([{ packages: 1 }, { tests: [{ input: 1, expected: '' }] }, { tests: [null] }, LINKED_BROKEN])(
  'a link that has %j holds no program',
  async (broken) => {
    const fragment = await programFragment({ ...LINKED, ...(broken as object) })
    expect(await readProgramFragment(fragment)).toBeUndefined()
  },
)

test('the environment of a kept job is asked for again, unless packages are named', () => {
  const program = programOf({ language: 'python', code: '', environment: 'python/data' }, 'main.py')
  expect(requestOf(program, 'main.py')).toMatchObject({ environment: 'python/data' })
  const other = requestOf({ ...program, packages: 'numpy' }, 'main.py')
  expect(other).toMatchObject({ dependencies: ['numpy'] })
  expect(other).not.toHaveProperty('environment')
})
