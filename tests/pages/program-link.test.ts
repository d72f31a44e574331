import { expect, test } from '@jest/globals'
import { programOf, requestOf } from '../../src/pages/playground/program.ts'
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
}

test('a link has the packages and the tests of its program', async () => {
  expect(await readProgramFragment(await programFragment(LINKED))).toEqual(LINKED)
})

test('a link of before has none', async () => {
  const program = await readProgramFragment(await programFragment({ language: 'c', code: '' }))
  expect(program).toMatchObject({ language: 'c', packages: '', environment: '', tests: [] })
})

test.each([{ packages: 1 }, { tests: [{ input: 1, expected: '' }] }, { tests: [null] }])(
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
