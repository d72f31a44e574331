import { describe, expect, test } from '@jest/globals'
import { readProblem } from '../../src/shared/judging/read-problem.ts'
import { readProblemFolder } from '../../src/shared/judging/problem-folder.ts'
import { combine } from '../../src/cli/jobs/judge.ts'

const languageOf = (path: string) => (path.endsWith('.py') ? 'python' : undefined)
const read = (files: Record<string, string | Buffer | object>) =>
  readProblemFolder(
    new Map(
      Object.entries(files).map(([path, content]) => [
        path,
        Buffer.isBuffer(content)
          ? content
          : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
      ]),
    ),
    languageOf,
  )
const faultsOf = (files: Parameters<typeof read>[0]) =>
  read(files).faults.map(({ path, detail }) => `${path}: ${detail}`)

test('a folder of inputs and answers is a problem, in the order of its numbers', () => {
  const { problem } = read({ '10.in': '10', '10.ans': 'ten', '2.in': '2', '2.out': 'two', 'README.md': 'sums' })
  expect(problem).toEqual({
    tests: [
      { name: '2', stdin: '2', stdinEncoding: 'utf-8', answer: 'two' },
      { name: '10', stdin: '10', stdinEncoding: 'utf-8', answer: 'ten' },
    ],
  })
})

test('folders in it are groups, and its settings say the rest', () => {
  const { problem } = read({
    'small/1.in': Buffer.from([0xff]),
    'small/1.ans': '1',
    'large/1.in': '2',
    'large/1.ans': '2',
    'check.py': 'exit(42)',
    'problem.json': {
      limits: { wallMs: 500 },
      groups: [{ name: 'small' }, { name: 'large', requires: ['small'] }],
      tests: { 'large/1': { points: 5, limits: { wallMs: 900 } } },
      checker: { type: 'program', file: 'check.py', protocol: 'testlib' },
      secret: true,
    },
  })
  expect(problem).toEqual({
    limits: { wallMs: 500 },
    secret: true,
    groups: [{ name: 'small' }, { name: 'large', requires: ['small'] }],
    checker: { type: 'program', language: 'python', code: 'exit(42)', protocol: 'testlib' },
    tests: [
      {
        name: 'large/1',
        stdin: '2',
        stdinEncoding: 'utf-8',
        answer: '2',
        group: 'large',
        points: 5,
        limits: { wallMs: 900 },
      },
      { name: 'small/1', stdin: '/w==', stdinEncoding: 'base64', answer: '1', group: 'small' },
    ],
  })
  expect(read({ 'a/1.in': '', 'a/1.ans': '', '2.in': '', '2.ans': '' }).problem?.groups).toEqual([{ name: 'a' }])
})

test('settings may begin with a byte order mark', () => {
  const files = { '1.in': '', '1.ans': '', 'problem.json': Buffer.from('\uFEFF{"stopOnFailure": true}\r\n') }
  expect(read(files).problem).toMatchObject({ stopOnFailure: true })
})

test('an interactor needs no answers', () => {
  const { problem } = read({ '1.in': '7', 'talk.py': '', 'problem.json': { interactor: { file: 'talk.py' } } })
  expect(problem).toMatchObject({ tests: [{ name: '1', stdin: '7' }], interactor: { language: 'python', code: '' } })
})

test.each<[string, Parameters<typeof read>[0], RegExp[]]>([
  ['nothing', {}, [/^: has no test/]],
  ['an input without answer', { '1.in': '' }, [/^1\.in: has no answer: .*1\.ans nor 1\.out$/]],
  ['an answer without input', { '1.in': '', '1.ans': '', '2.ans': '' }, [/^2\.ans: .*without its input 2\.in$/]],
  ['an answer that is no text', { '1.in': '', '1.ans': Buffer.from([0xff]) }, [/^1\.ans: is not UTF-8$/]],
  ['settings that are no JSON', { '1.in': '', '1.ans': '', 'problem.json': '{' }, [/^problem\.json: .*is not JSON/]],
  [
    'settings of another kind',
    { '1.in': '', '1.ans': '', 'problem.json': { timeLimit: 1 } },
    [/^problem\.json: .*timeLimit/],
  ],
  [
    'a test that is not there',
    { '1.in': '', '1.ans': '', 'problem.json': { tests: { 3: { points: 1 } } } },
    [/\/tests\/3 names no test; there is no 3\.in/],
  ],
  [
    'limits of a test that no job can have',
    { '1.in': '', '1.ans': '', 'problem.json': { tests: { 1: { limits: { wallMs: 0 } } } } },
    [/\/tests\/1\/limits\/wallMs/],
  ],
  [
    'a checker that is not there',
    { '1.in': '', '1.ans': '', 'problem.json': { checker: { type: 'program', file: 'a.py' } } },
    [/"a\.py", which is not there/],
  ],
  [
    'a checker of no known language',
    { '1.in': '', 'a.xyz': '', 'problem.json': { checker: { type: 'program', file: 'a.xyz' } } },
    [/\/checker\/language is missing/],
  ],
  [
    'a checker of a type that there is not',
    { '1.in': '', '1.ans': '', 'problem.json': { checker: { type: 'token' } } },
    [/^problem\.json: \/checker\/type .*: exact, lines, tokens, /],
  ],
  [
    'settings that lie a folder deeper',
    { 'a/1.in': '', 'a/1.ans': '', 'a/problem.json': {} },
    [/^a\/problem\.json: is not read/],
  ],
  [
    'a group that is not there',
    { '1.in': '', '1.ans': '', 'problem.json': { groups: [{ name: 'a' }], tests: { 1: { group: 'b' } } } },
    [/^problem\.json: \/tests\/0\/group is "b", which is not the name of a group/, /no test has it as its group/],
  ],
  [
    'groups in a circle',
    {
      'a/1.in': '',
      'a/1.ans': '',
      'b/1.in': '',
      'b/1.ans': '',
      'problem.json': {
        groups: [
          { name: 'a', requires: ['b'] },
          { name: 'b', requires: ['a'] },
        ],
      },
    },
    [/^problem\.json: .*is circular: a requires b requires a/],
  ],
  [
    'several passes without a judge that asks for them',
    { '1.in': '', '1.ans': '', 'problem.json': { passes: 2 } },
    [/^problem\.json: \/passes needs an \/interactor, or a \/checker/],
  ],
  [
    'a checker without file',
    { '1.in': '', 'problem.json': { checker: { type: 'program', language: 'c' } } },
    [/\/checker\/file is missing/],
  ],
])('%s is told with its place', (_, files, expected) => {
  const faults = faultsOf(files)
  expect(faults).toHaveLength(expected.length)
  for (const [index, pattern] of expected.entries()) expect(faults[index]).toMatch(pattern)
})

test('what is wrong in the settings is told with line and column', () => {
  const settings = `{
  "limits": { "wallMs": 0 },
  "tests": {
    "a/1": { "points": 1e300 },
    "3": {}
  },
  "order": ["a/1", "4"],
  "checker": { "type": "program", "file": "check.py" }
}`
  const detailsOf = (text: string) => {
    const files = { 'a/1.in': '', 'a/1.ans': '', 'problem.json': text }
    const found = readProblem(
      new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)])),
      languageOf,
    )
    return found.faults.map(({ path, detail }) => `${path}: ${detail}`)
  }
  expect(detailsOf(settings)).toEqual([
    expect.stringMatching(/^problem\.json: line 2, column 25: \/limits\/wallMs must be/),
  ])
  expect(detailsOf(settings.replace('0 }', '9 }'))).toEqual([
    'problem.json: line 5, column 10: /tests/3 names no test; there is no 3.in',
    'problem.json: line 7, column 20: /order/1 is "4", which names no test; there is no 4.in',
    'problem.json: line 8, column 43: /checker/file is "check.py", which is not there',
    'problem.json: line 4, column 24: /tests/0/points must be <= 1000000',
  ])
  expect(detailsOf('\uFEFF{\n  "secret": true,\r\n  "groups" 2\n}')).toEqual([
    expect.stringMatching(/^problem\.json: line 3, column 12: is not JSON: .*[^\d]$/),
  ])
  expect(detailsOf('{\n  "limits": {},\n  "timeLimit": 3}')).toEqual([
    expect.stringMatching(/^problem\.json: line 3, column 16: \/ must not have .*: timeLimit$/),
  ])
  expect(detailsOf('{"groups": [{"name": "b"}]}')).toEqual([
    expect.stringMatching(/^problem\.json: \/tests\/0\/group is "a", which is not/),
    expect.stringMatching(/^problem\.json: line 1, column 22: \/groups\/0\/name/),
  ])
})

test('example submissions in languages that the folder does not allow are left out', () => {
  const files = (languages?: string[]) =>
    new Map(
      Object.entries({
        '1.in': '',
        '1.ans': '',
        'submissions/accepted/a.py': '',
        'submissions/accepted/b.c': '',
        'problem.json': JSON.stringify({ languages }),
      }).map(([path, text]) => [path, Buffer.from(text)]),
    )
  const known = (path: string) => (path.endsWith('.c') ? 'c' : languageOf(path))
  const found = (languages?: string[]) => {
    const read = readProblemFolder(files(languages), known, (name) => (name === 'py3' ? 'python' : name))
    return read.problem && [read.examples.map(({ name }) => name), read.leftOut]
  }
  expect(found()).toEqual([['accepted/a.py', 'accepted/b.c'], []])
  expect(found(['py3'])).toEqual([['accepted/a.py'], ['submissions/accepted/b.c']])
})

test('limits of the command line go before those of the problem', () => {
  const program = { language: 'c', code: '', limits: { wallMs: 1 } }
  expect(combine(program, { tests: [{}], limits: { wallMs: 9, cpuMs: 9 } }).limits).toEqual({ wallMs: 1, cpuMs: 9 })
  expect(combine({ language: 'c', code: '' }, { tests: [{}] })).toEqual({ language: 'c', code: '', tests: [{}] })
})

test('points that no job can have are refused', () => {
  const files = { '1.in': '', '1.ans': '', 'problem.json': { tests: { 1: { points: 1e300 } } } }
  expect(faultsOf(files)).toEqual(['problem.json: /tests/0/points must be <= 1000000'])
})

/** A folder of one test with this in its settings, that notes which of its files are read. */
function noting(settings: object, more: Record<string, string>) {
  const looked: string[] = []
  const all = { '1.in': '', '1.ans': '', 'problem.json': JSON.stringify(settings), ...more }
  const files = new Map(Object.entries(all).map(([path, text]) => [path, Buffer.from(text)]))
  const get = files.get.bind(files)
  files.get = (path) => {
    looked.push(path)
    return get(path)
  }
  const { problem, faults } = readProblemFolder(files, languageOf)
  return {
    problem,
    faults: faults.map(({ detail }) => detail),
    reads: (path: string) => looked.filter((one) => one === path).length,
  }
}
const grader = (files: readonly unknown[], language = 'python') => ({ language, files })

test.each([
  ['one file twice', ['a.py', 'a.py'], '/harness/0/files/1/path is also the path of another file'],
  [
    'two files at one path',
    ['a.py', { file: 'b.py', path: 'a.py' }],
    '/harness/0/files/1/path is also the path of another file',
  ],
  [
    'more files than a job',
    Array.from({ length: 101 }, (_, index) => ({ file: 'a.py', path: `${index}.py` })),
    '/harness/0/files are 101; 100 are allowed',
  ],
])('grader files that are %s are refused, and none is read twice', (_, files, detail) => {
  const found = noting({ harness: [grader(files)] }, { 'a.py': 'a', 'b.py': 'b' })
  expect([found.faults, found.reads('a.py'), found.reads('b.py')]).toEqual([[detail], 1, 0])
})

test('graders for more languages than there may be are refused', () => {
  const { faults } = noting({ harness: Array.from({ length: 51 }, () => grader(['a.py'])) }, { 'a.py': 'a' })
  expect(faults).toEqual([expect.stringMatching(/^\/harness must not have more than 50 items$/)])
})

test('a file of several graders is read once, and what its copies have is bounded', () => {
  const copies = (count: number) => Array.from({ length: count }, (_, index) => ({ file: 'a.py', path: `${index}.py` }))
  const read = (count: number) =>
    noting({ harness: [grader(copies(count)), grader(copies(count), 'c')] }, { 'a.py': 'x'.repeat(1024 ** 2) })
  const few = read(8)
  expect([few.faults, few.reads('a.py'), few.problem?.harness?.map(({ files }) => files.length)]).toEqual([
    [],
    1,
    [8, 8],
  ])
  expect(read(9).faults).toEqual([
    '/harness/1/files/8 has "a.py" once more: copies of files have more than 16777216 characters together',
  ])
})

test('a file of a checker may be in two places, and its program in one of them', () => {
  const files = ['check.py', { file: 'a.py', path: 'lib/a.py' }, 'a.py', { file: 'check.py', path: 'lib/check.py' }]
  const { problem } = noting(
    { checker: { type: 'program', file: 'check.py', files } },
    { 'check.py': 'exit(42)', 'a.py': 'a' },
  )
  expect(problem?.checker).toMatchObject({
    entrypoint: 'check.py',
    files: [
      { path: 'check.py', content: 'exit(42)' },
      { path: 'lib/a.py', content: 'a' },
      { path: 'a.py', content: 'a' },
      { path: 'lib/check.py', content: 'exit(42)' },
    ],
  })
})

test('a checker beside whose files another lies at its place is refused', () => {
  const checker = { type: 'program', file: 'check.py', files: ['lib/check.py'] }
  const { faults } = noting({ checker }, { 'check.py': '', 'lib/check.py': '' })
  expect(faults).toEqual(['/checker/files/1/path is also the path of another file'])
})

describe('notes of a folder', () => {
  const notesOf = (files: Parameters<typeof read>[0]) => {
    const found = read(files)
    return found.problem ? found.notes.map(({ path, detail }) => `${path} ${detail}`) : found.faults
  }
  const OWN = { 'check.py': 'exit(42)', 'problem.json': { checker: { type: 'program', file: 'check.py' } } }

  test('a test without an answer is told where others have one and a judge of its own decides', () => {
    const files = { ...OWN, '1.in': '', '1.ans': '', '2.in': '', '2.answer': '' }
    expect(notesOf(files)).toEqual([
      '2.answer is no answer; one would be called 2.ans or 2.out',
      '2.in has no answer, as others have: there is neither 2.ans nor 2.out',
    ])
    expect(notesOf({ ...OWN, '1.in': '', '2.in': '' })).toEqual([])
  })

  test('files that look like tests are told', () => {
    const files = { '1.in': '', '1.ans': '', '1.out': '', '2.IN': '', '2.ANS': '', '3.in.txt': '', 'README.txt': '' }
    expect(notesOf(files)).toEqual([
      '1.out is not read: the answer of 1.in is 1.ans',
      '2.IN is no test; one would be called 2.in',
      '2.ANS is no answer; one would be called 2.ans or 2.out',
      '3.in.txt is no test; one would be called 3.in',
    ])
  })

  test('files that the settings name, and those of submissions, are no tests', () => {
    const files = {
      '1.in': '',
      '1.ans': '',
      'words.in.txt': '',
      'check.py': '',
      'submissions/accepted/a/data.IN': '',
      'submissions/accepted/a/a.py': '',
      'problem.json': { checker: { type: 'program', file: 'check.py', files: ['words.in.txt'] } },
    }
    expect(notesOf(files)).toEqual([])
  })

  test('they stand beside the faults that they explain', () => {
    expect(faultsOf({ '1.in': '', '1.answer': '' })).toEqual([
      '1.in: has no answer: there is neither 1.ans nor 1.out',
      '1.answer: is no answer; one would be called 1.ans or 1.out',
    ])
  })
})
