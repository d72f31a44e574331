import { expect, test } from '@jest/globals'
import { readArchive } from '../../src/shared/judging/archive.ts'
import { exportProblem } from '../../src/shared/judging/export-problem.ts'
import type { ProblemContent } from '../../src/shared/judging/problem-store.ts'
import { readProblem } from '../../src/shared/judging/read-problem.ts'

const read = (files: ReadonlyMap<string, Buffer>) =>
  readProblem(files, (path) => (path.endsWith('.py') ? 'python' : undefined))

/** The files of an export. */
const exported = async (content: ProblemContent) =>
  readArchive(Buffer.concat(await exportProblem(content)), { maxBytes: 1e6, maxFiles: 100 })
const backOf = async (content: ProblemContent) => read(await exported(content))

/** The problem in a folder, and what its export is read as. */
async function there(texts: Record<string, string>) {
  const first = read(new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)])))
  if (!first.problem) throw new Error(JSON.stringify(first.faults))
  const { problem, examples, validators } = first
  return { first, back: await backOf({ ...problem, examples, validators }) }
}

/** `problem.json` of the export of a folder. */
async function exportedSettings(texts: Record<string, string>): Promise<unknown> {
  const { problem } = read(new Map(Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)])))
  const files = await exported(problem ?? {})
  return JSON.parse(files.get('problem.json')?.toString() ?? '')
}

/** What names, groups and order a reader finds. */
const outlineOf = ({ problem }: ReturnType<typeof read>) => ({
  groups: problem?.groups,
  tests: problem?.tests?.map(({ stdin: _stdin, stdinEncoding: _encoding, answer: _answer, ...test }) => test),
})
const test_ = (name: string) => ({ [`${name}.in`]: `input of ${name}`, [`${name}.ans`]: '' })

test.each<[string, Record<string, string>, string[]]>([
  [
    'a Kattis package with groups',
    {
      'problem.yaml': 'problem_format_version: 2023-07-draft\ntype: scoring\nname: x',
      'data/secret/group1/test_group.yaml': 'max_score: 40',
      'data/secret/group2/test_group.yaml': 'max_score: 60\nrequire_pass: [secret/group1]',
      ...test_('data/sample/1'),
      ...['group1/01', 'group2/10', 'group2/02'].reduce((all, one) => ({ ...all, ...test_(`data/secret/${one}`) }), {}),
    },
    ['sample/1', 'secret/group1/01', 'secret/group2/02', 'secret/group2/10'],
  ],
  [
    'a legacy Kattis package with groups',
    {
      'problem.yaml': 'type: scoring\nname: x',
      'data/testdata.yaml': 'grading: default\ngrader_flags: ignore_sample',
      'data/secret/group1/testdata.yaml': 'accept_score: 5',
      ...test_('data/sample/1'),
      ...test_('data/secret/group1/01'),
    },
    ['sample/1', 'secret/group1/01'],
  ],
  [
    'a Kattis package without groups',
    {
      'problem.yaml': 'name: x',
      ...test_('data/sample/1'),
      ...test_('data/secret/b/1'),
      ...test_('data/secret/a b-ü'),
    },
    ['sample/1', 'secret/a b-ü', 'secret/b/1'],
  ],
  [
    'a folder with a test of another group',
    {
      'problem.json': '{"tests": {"a/1": {"group": "b"}}}',
      ...test_('a/1'),
      ...test_('b/1'),
      ...test_('b/2'),
      ...test_('a/3'),
    },
    ['a/1', 'a/3', 'b/1', 'b/2'],
  ],
])('tests of %s keep names, groups and order', async (_what, files, names) => {
  const { first, back } = await there(files)
  expect(first.problem?.tests?.map(({ name }) => name)).toEqual(names)
  expect(outlineOf(back)).toEqual(outlineOf(first))
})

test.each([
  '.hidden',
  'a/.b',
  '../a',
  '/a',
  'a//b',
  'a\\b',
  'a\u0000b',
  'submissions/a',
  'checker/a',
  '__MACOSX/a',
  '',
])('a test whose name %j no folder can have gets another one', async (name) => {
  const tests = [
    { name, stdin: 'x', answer: '' },
    { name: 'a', stdin: 'y', answer: '' },
  ]
  const back = await backOf({ tests })
  const found = back.problem?.tests?.map((one) => [one.name, one.stdin])
  expect(found).toEqual([
    [expect.not.stringMatching(/^(?:a|\..*|.*[/\\\0].*|)$/), 'x'],
    ['a', 'y'],
  ])
})

test('a test of no group does not get into one by its folder', async () => {
  const tests = [
    { name: 'a/1', stdin: '', answer: '' },
    { name: 'a/2', group: 'a', stdin: '', answer: '' },
  ]
  const back = await backOf({ tests, groups: [{ name: 'a' }] })
  expect(back.problem?.tests).toMatchObject([{ name: 'a-1' }, { name: 'a/2', group: 'a' }])
  expect(back.problem?.tests?.[0]).not.toHaveProperty('group')
})

test('every test is in the export, whatever its name becomes there', async () => {
  const names = ['1-2', '1-2-3', '1/2', '1-2-4']
  const folder = names.flatMap((name) => [
    [`${name}.in`, `input of ${name}`],
    [`${name}.ans`, `answer of ${name}`],
  ])
  const { back } = await there(Object.fromEntries(folder) as Record<string, string>)
  const inputs = back.problem?.tests?.map(({ stdin }) => stdin).toSorted()
  expect(inputs).toEqual(names.map((name) => `input of ${name}`).toSorted())
})

test('a test of any name keeps its points', async () => {
  const settings = '{"tests": {"__proto__": {"points": 3}, "constructor": {"points": 4}}}'
  const names = { '__proto__.in': '', '__proto__.ans': '', 'constructor.in': '', 'constructor.ans': '' }
  const { back } = await there(Object.fromEntries([...Object.entries(names), ['problem.json', settings]]))
  expect(back.problem?.tests?.map(({ points }) => points)).toEqual([3, 4])
})

test.each([
  'accepted',
  'brute_force',
  'compile_error',
  'memory_limit_exceeded',
  'mixed',
  'output_limit_exceeded',
  'partially_accepted',
  'presentation-error',
  'rejected',
  'run_time_error',
  'runtime-error',
  'time_limit_exceeded',
  'wrong_answer',
])('an example submission in %s claims the same in the export', async (folder) => {
  const { first, back } = await there({ '1.in': '', '1.ans': '', [`submissions/${folder}/a.py`]: '' })
  const claims = ({ examples = [] }: Partial<Extract<typeof first, { format: unknown }>>) =>
    examples.map(({ expected, isPartial }) => ({ expected, isPartial }))
  expect(claims(back as never)).toEqual(claims(first as never))
})

test('one that may be accepted or wrong may be so in the export', async () => {
  const claims = 'mixed/a.py:\n  permitted: [AC, WA]\nmixed/b.py:\n  permitted: [TLE, RTE]\n'
  const submissions = {
    'submissions/mixed/a.py': '',
    'submissions/mixed/b.py': '',
    'submissions/submissions.yaml': claims,
  }
  const { back } = await there({ '1.in': '', '1.ans': '', ...submissions })
  const [first, second] = (back as Extract<typeof back, { format: unknown }>).examples
  expect(first?.expected).toEqual(expect.arrayContaining(['accepted', 'wrong-answer', 'presentation-error']))
  expect(second?.expected).toEqual(expect.arrayContaining(['time-limit', 'runtime-error', 'memory-limit']))
  expect(second?.expected).not.toContain('accepted')
})

test('files of judges and graders are where they were, also in folders', async () => {
  const { first, back } = await there({
    'problem.yaml': 'validation: custom',
    'data/secret/1.in': '',
    'data/secret/1.ans': '',
    'output_validators/v/main.py': 'main',
    'output_validators/v/lib/main.py': 'of lib',
    'include/python/main.py': 'grader',
    'include/python/a/part.py': 'of a',
    'include/python/b/part.py': 'of b',
  })
  const files = ({ problem }: Pick<ReturnType<typeof read>, 'problem'>) =>
    [problem?.checker, ...(problem?.harness ?? [])].map((one) => [
      one?.files?.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
      one?.entrypoint,
    ])
  expect(first.problem?.checker?.files).toContainEqual({ path: 'lib/main.py', content: 'of lib' })
  expect(files(back)).toEqual(files(first))
})

test('files of judges and graders are no tests, whatever their names', async () => {
  const { first, back } = await there({
    ...test_('1'),
    'problem.json': JSON.stringify({
      checker: {
        type: 'program',
        file: 'v/main.py',
        files: ['v/main.py', { file: 'v/a', path: 'a.in' }, { file: 'v/b', path: 'a.in.file' }],
      },
      harness: [{ language: 'python', files: [{ file: 'v/a', path: 'lib/b.ans' }] }],
    }),
    'v/main.py': 'main',
    'v/a': 'a',
    'v/b': 'b',
  })
  expect(back.faults).toEqual([])
  expect(back.problem?.checker).toEqual(first.problem?.checker)
  expect(back.problem?.harness).toEqual(first.problem?.harness)
  expect(back.problem?.tests).toHaveLength(1)
})

test('the tests of a Kattis package keep their order, and those of a folder need not state theirs', async () => {
  const files = (names: readonly string[]) =>
    Object.fromEntries(
      names.flatMap((name) => [
        [`${name}.in`, name],
        [`${name}.ans`, ''],
      ]),
    ) as Record<string, string>
  const inputsOf = ({ problem }: ReturnType<typeof read>) => problem?.tests?.map(({ stdin }) => stdin)
  const secret = ['1', '10', '2'].map((name) => `data/secret/${name}`)
  const kattis = await there({ 'problem.yaml': 'name: x', ...files(secret) })
  expect([inputsOf(kattis.first), inputsOf(kattis.back)]).toEqual([secret, secret])
  const folder = await there(files(['1', '2', '10']))
  expect(inputsOf(folder.back)).toEqual(['1', '2', '10'])
  expect(await exportedSettings(files(['1', '2', '10']))).not.toHaveProperty('order')
})

test('the order of a folder begins with what it states, and names tests alone', async () => {
  const texts = { '1.in': '', '1.ans': '', '2.in': '', '2.ans': '', '3.in': '', '3.ans': '' }
  const { first } = await there({ ...texts, 'problem.json': '{"order": ["3"]}' })
  expect(first.problem?.tests?.map(({ name }) => name)).toEqual(['3', '1', '2'])
  const wrong = read(
    new Map(
      Object.entries({ ...texts, 'problem.json': '{"order": ["4"]}' }).map(([path, text]) => [path, Buffer.from(text)]),
    ),
  )
  expect(wrong.faults).toEqual([
    { path: 'problem.json', detail: 'line 1, column 12: /order/0 is "4", which names no test; there is no 4.in' },
  ])
})

test('names of tests and groups that are longer than those of a job are refused with their place', () => {
  const [test, group] = ['t'.repeat(201), 'g'.repeat(65)]
  const files = new Map(
    [`a/1`, test, `${group}/1`].flatMap((name) =>
      [`${name}.in`, `${name}.ans`].map((path) => [path, Buffer.from('')] as const),
    ),
  )
  expect(read(files).faults).toEqual([
    { path: 'problem.json', detail: `/tests/2/name is "${'t'.repeat(60)}...", 201 characters; 200 are allowed` },
    { path: 'problem.json', detail: `/groups/1/name is "${'g'.repeat(60)}...", 65 characters; 64 are allowed` },
  ])
})
