import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { KATTIS_LANGUAGES } from '../../src/shared/judging/kattis-languages.ts'
import { readProblem } from '../../src/shared/judging/read-problem.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

const LANGUAGES: Record<string, string> = { py: 'python', cpp: 'cpp', h: 'c' }
const languageOf = (path: string) => LANGUAGES[path.slice(path.lastIndexOf('.') + 1)]
const read = (files: Record<string, string>) =>
  readProblem(new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])), languageOf)
/** With its file, and without its line. */
const told = ({ path, detail }: { path: string; detail: string }) =>
  `${path}: ${detail.replace(/^line \d+, column \d+: /, '')}`
const faultsOf = (files: Record<string, string>) => read(files).faults.map(told)

const DATA = {
  'data/sample/1.in': '1',
  'data/sample/1.ans': 'one',
  'data/secret/01-big.in': '2',
  'data/secret/01-big.ans': 'two',
}
const V2025 = 'problem_format_version: 2025-09\n'

test('a pass-fail package compares words, letter case aside, and hides its secret tests', () => {
  expect(read({ 'problem.yaml': 'name: Sums\n', ...DATA }).problem).toEqual({
    tests: [
      { name: 'sample/1', stdin: '1', stdinEncoding: 'utf-8', answer: 'one' },
      { name: 'secret/01-big', stdin: '2', stdinEncoding: 'utf-8', answer: 'two', secret: true },
    ],
    checker: { type: 'tokens', ignoreCase: true },
    stopOnFailure: true,
  })
})

test('a file of a million lines is read in the time of its length', () => {
  const files = { 'problem.yaml': '', 'domjudge-problem.ini': '\n'.repeat(1e6), ...DATA }
  expect(read(files).problem?.limits).toBeUndefined()
})

test.each([
  ['case_sensitive', { type: 'tokens', ignoreCase: false }],
  ['case_sensitive space_change_sensitive', { type: 'exact' }],
  ['float_tolerance 1e-4', { type: 'numbers', ignoreCase: true, absolute: 1e-4, relative: 1e-4 }],
  ['float_relative_tolerance 0.5', { type: 'numbers', ignoreCase: true, relative: 0.5 }],
  ['float_absolute_tolerance 1 case_sensitive', { type: 'numbers', ignoreCase: false, absolute: 1 }],
])('the default validator takes %s', (flags, checker) => {
  expect(read({ 'problem.yaml': `validator_flags: ${flags}`, ...DATA }).problem?.checker).toEqual(checker)
  const args = `output_validator_args: [${flags.split(' ').join(', ')}]`
  const groups = { 'data/sample/test_group.yaml': args, 'data/secret/test_group.yaml': args }
  expect(read({ 'problem.yaml': V2025, ...DATA, ...groups }).problem?.checker).toEqual(checker)
})

test('its limits are those of the program and of its validator', () => {
  const yaml = `${V2025}limits:\n  time_limit: 1.5\n  memory: 256\n  output: 4\n  compilation_time: 20\n  validation_time: 3\n`
  const { problem } = read({ 'problem.yaml': yaml, ...DATA, 'output_validator/v.py': 'exit(42)' })
  expect(problem?.limits).toEqual({
    cpuMs: 1500,
    wallMs: 4000,
    memoryBytes: 268435456,
    outputBytes: 4194304,
    compileWallMs: 20000,
  })
  expect(problem?.checker).toMatchObject({ limits: { cpuMs: 3000, wallMs: 7000 } })
  expect(read({ 'problem.yaml': '', 'domjudge-problem.ini': "timelimit='2'\n", ...DATA }).problem?.limits).toEqual({
    cpuMs: 2000,
    wallMs: 5000,
  })
})

describe('an output validator of its own', () => {
  test('is the checker, with all its files', () => {
    const files = {
      'output_validators/check/validate.cpp': 'v',
      'output_validators/check/lib.h': 'h',
      'output_validators/check/more.cpp': 'm',
    }
    expect(
      read({ 'problem.yaml': 'validation: custom\nvalidator_flags: a b', ...DATA, ...files }).problem?.checker,
    ).toEqual({
      type: 'program',
      language: 'cpp',
      entrypoint: 'validate.cpp',
      files: [
        { path: 'validate.cpp', content: 'v' },
        { path: 'lib.h', content: 'h' },
        { path: 'more.cpp', content: 'm' },
      ],
      args: ['a', 'b'],
    })
    expect(read({ 'problem.yaml': '', ...DATA, 'output_validators/check.py': 'v' }).problem?.checker).toMatchObject({
      entrypoint: 'check.py',
    })
  })

  test('may have documents beside it, in whatever language their names are', () => {
    const files = { 'README.py': 'r', 'check/readme.py': 'r', 'check/words.txt': 'w', 'check/check.py': 'v' }
    const all = Object.entries(files).map(([path, text]) => [`output_validators/${path}`, text])
    expect(read({ 'problem.yaml': '', ...DATA, ...Object.fromEntries(all) })).toMatchObject({
      faults: [],
      problem: {
        checker: {
          entrypoint: 'check.py',
          files: [{ path: 'readme.py' }, { path: 'words.txt' }, { path: 'check.py' }],
        },
      },
    })
  })

  test('talks to the program of an interactive problem', () => {
    for (const yaml of ['validation: custom interactive', `${V2025}type: [pass-fail, interactive]`]) {
      const { problem } = read({ 'problem.yaml': yaml, ...DATA, 'output_validator/talk.py': 't' })
      expect(problem).toMatchObject({ interactor: { language: 'python', entrypoint: 'talk.py' } })
      expect(problem?.checker).toBeUndefined()
    }
  })
})

test('groups of a scoring package have points, and require others', () => {
  const { problem } = read({
    'problem.yaml': `${V2025}type: scoring`,
    'data/sample/1.in': '',
    'data/sample/1.ans': '',
    'data/secret/a/1.in': '',
    'data/secret/a/1.ans': '',
    'data/secret/b/deep/1.in': '',
    'data/secret/b/deep/1.ans': '',
    'data/secret/a/test_group.yaml': 'max_score: 30\nrequire_pass: sample',
    'data/secret/b/test_group.yaml': 'max_score: 70\nscore_aggregation: sum\nrequire_pass: [sample, secret/a]',
  })
  expect(problem?.groups).toEqual([
    { name: 'sample', points: 0 },
    { name: 'secret/a', scoring: 'min', points: 30, requires: ['sample'] },
    { name: 'secret/b', scoring: 'sum', points: 70, requires: ['sample', 'secret/a'] },
  ])
  expect(problem?.tests?.map(({ name, group }) => [name, group])).toEqual([
    ['sample/1', 'sample'],
    ['secret/a/1', 'secret/a'],
    ['secret/b/deep/1', 'secret/b'],
  ])
})

test('groups of the legacy format inherit, and give the score of their worst test or of all', () => {
  const { problem } = read({
    'problem.yaml': 'type: scoring',
    'data/testdata.yaml': 'on_reject: continue\naccept_score: 5',
    'data/secret/a/testdata.yaml': 'accept_score: 40\ngrader_flags: min',
    'data/secret/a/1.in': '',
    'data/secret/a/1.ans': '',
    'data/secret/b/1.in': '',
    'data/secret/b/1.ans': '',
  })
  expect(problem?.groups).toEqual([
    { name: 'data', scoring: 'sum', counts: 'all', stopOnFailure: false },
    { name: 'secret', within: 'data', scoring: 'sum', counts: 'all', stopOnFailure: false },
    { name: 'secret/a', within: 'secret', scoring: 'min', points: 40, counts: 'all', stopOnFailure: false },
    { name: 'secret/b', within: 'secret', scoring: 'sum', counts: 'all', stopOnFailure: false },
  ])
  expect(problem?.tests?.map(({ points }) => points)).toEqual([40, 5])
})

test('flags of the legacy format are inherited one by one', () => {
  const found = read({
    'problem.yaml': 'name: flags',
    'data/testdata.yaml': 'output_validator_args: case_sensitive\ninput_validator_flags: n',
    'data/secret/testdata.yaml': 'output_validator_flags: float_tolerance 1e-3',
    'data/secret/a/testdata.yaml': 'input_validator_flags: m',
    'data/secret/a/1.in': '',
    'data/secret/a/1.ans': '',
    'input_validators/v.py': '',
  })
  expect(found.problem?.checker).toEqual({ type: 'numbers', ignoreCase: true, absolute: 1e-3, relative: 1e-3 })
  expect(found).toMatchObject({ validators: [{ args: [['m']] }] })
})

test('points of tests are a part of what their group gives, which a validator may count in', () => {
  const test = (path: string) => ({ [`data/secret/${path}.in`]: '', [`data/secret/${path}.ans`]: '' })
  const { problem } = read({
    'problem.yaml': `${V2025}type: scoring`,
    'data/secret/test_group.yaml': 'require_pass: sample',
    'data/sample/1.in': '',
    'data/sample/1.ans': '',
    'data/secret/a/test_group.yaml': 'max_score: 20\nscore_aggregation: sum',
    ...test('a/1'),
    ...test('a/2'),
    'data/secret/b/test_group.yaml': 'max_score: 80\nscore_aggregation: min',
    ...test('b/1'),
    ...test('b/2'),
  })
  expect(problem?.tests?.map(({ name, points }) => [name, points])).toEqual([
    ['sample/1', 0],
    ['secret/a/1', 10],
    ['secret/a/2', 10],
    ['secret/b/1', 80],
    ['secret/b/2', 80],
  ])
  expect(problem?.groups).toMatchObject([{}, { requires: ['sample'] }, { requires: ['sample'] }])
})

test('a legacy validator that scores gives up to the range of the group', () => {
  const files = {
    'problem.yaml': 'type: scoring\nvalidation: custom score\ngrading:\n  objective: max',
    'output_validators/v.py': 'v',
    'data/testdata.yaml': 'on_reject: continue\nrange: 0 100',
    'data/secret/a/testdata.yaml':
      'on_reject: continue\nrange: 0 40\ngrader_flags: first_error min accept_if_any_accepted',
    'data/secret/a/1.in': '',
    'data/secret/a/1.ans': '',
    'data/secret/b/1.in': '',
    'data/secret/b/1.ans': '',
  }
  const { problem } = read(files)
  expect(problem?.tests?.map(({ points }) => points)).toEqual([40, 100])
  expect(problem?.groups).toMatchObject([
    { name: 'data' },
    { name: 'secret' },
    { name: 'secret/a', scoring: 'min', points: 40, counts: 'any', stopOnFailure: false },
    { name: 'secret/b', scoring: 'sum', stopOnFailure: false },
  ])
  const unbounded = faultsOf({ ...files, 'data/testdata.yaml': 'range: 0 +inf' })
  expect(unbounded).toEqual([expect.stringMatching(/^data\/secret\/b\/: has scores of the validator, and no range/)])
})

test('each folder of the legacy format is a group, within the one around it', () => {
  const files = {
    'problem.yaml': 'type: scoring',
    'data/testdata.yaml': 'on_reject: continue\ngrader_flags: ignore_sample',
    'data/secret/a/hard/testdata.yaml': 'accept_score: 40\ngrader_flags: min',
    'data/secret/a/hard/deep/1.in': '',
    'data/secret/a/hard/deep/1.ans': '',
    'data/secret/a/easy/1.in': '',
    'data/secret/a/easy/1.ans': '',
  }
  const { problem } = read({ ...files, 'data/secret/a/testdata.yaml': 'grader_flags: min' })
  expect(problem?.tests?.map(({ group }) => group)).toEqual(['secret/a/easy', 'secret/a/hard/deep'])
  expect(problem?.groups?.map(({ name, within, scoring, points }) => [name, within, scoring, points])).toEqual([
    ['data', undefined, 'sum', undefined],
    ['secret', 'data', 'sum', undefined],
    ['secret/a', 'secret', 'min', undefined],
    ['secret/a/easy', 'secret/a', 'min', 1],
    ['secret/a/hard', 'secret/a', 'min', undefined],
    ['secret/a/hard/deep', 'secret/a/hard', 'min', 40],
  ])
  const within = 'and has groups within it, whose scores are added up here'
  expect(
    faultsOf({
      'problem.yaml': `${V2025}type: scoring`,
      'data/secret/test_group.yaml': 'score_aggregation: min',
      'data/secret/a/test_group.yaml': 'max_score: 100',
      'data/secret/a/1.in': '',
      'data/secret/a/1.ans': '',
    }),
  ).toEqual([`data/secret/: score_aggregation is "min", ${within}`])
})

test('a judge that talks to the program needs no answers', () => {
  const files = { 'data/secret/1.in': '7', 'output_validators/talk.py': 't' }
  for (const yaml of ['validation: custom interactive', `${V2025}type: [pass-fail, multi-pass]`]) {
    expect(read({ 'problem.yaml': yaml, ...files }).problem?.tests).toEqual([
      { name: 'secret/1', stdin: '7', stdinEncoding: 'utf-8', secret: true },
    ])
  }
})

test('programs in languages that are not installed are left out, and named', () => {
  const found = read({
    'problem.yaml': V2025,
    ...DATA,
    'submissions/accepted/a.py': 'a',
    'submissions/accepted/a.kt': 'k',
    'submissions/accepted/README.md': 'r',
    'submissions/wrong_answer/java/Main.java': 'j',
    'submissions/README/notes.md': 'n',
    'input_validators/README.md': 'r',
    'input_validators/grammar.ctd': 'INT(1, 2)',
    'input_validators/check.py': 'exit(42)',
  })
  expect(found).toMatchObject({
    examples: [{ name: 'accepted/a.py' }],
    validators: [{ name: 'input_validators/check.py' }],
    leftOut: ['submissions/accepted/a.kt', 'submissions/wrong_answer/java', 'input_validators/grammar.ctd'],
  })
})

describe('submissions.yaml', () => {
  const claimed = (yaml: string, ...names: string[]) =>
    read({
      'problem.yaml': V2025,
      ...DATA,
      'submissions/submissions.yaml': yaml,
      ...Object.fromEntries(names.map((name) => [`submissions/${name}`, 'x'])),
    })
  const endsOf = (yaml: string, name: string) => {
    const found = claimed(yaml, name)
    return found.problem ? found.examples.map(({ expected }) => expected.join(' ')) : found.faults
  }

  test.each([
    ['other:\n  permitted: [AC, TLE]', 'other/b.py', 'accepted time-limit'],
    ['other/:\n  permitted: [WA]', 'other/b.py', 'wrong-answer presentation-error'],
    ['other:\n  permitted: [AC, TLE]\n  required: [TLE]', 'other/b.py', 'time-limit'],
    ['mixed/*_slow.{cpp,py}:\n  permitted: [TLE]\nmixed/a*: {permitted: [WA]}', 'mixed/b_slow.py', 'time-limit'],
    ['"*/b.py":\n  permitted: [AC, WA]', 'rejected/b.py', 'wrong-answer presentation-error'],
    ['compile_error: {authors: me}\n', 'compile_error/b.py', 'compile-error'],
    ['accepted:\nwrong_answer: {permitted: [TLE]}', 'accepted/b.py', 'accepted'],
    [
      `"mixed/${'*'.repeat(190)}x": {permitted: [AC]}`,
      `mixed/${'b'.repeat(200)}x.py`,
      expect.stringMatching('time-limit'),
    ],
  ])('%s claims of %s: %s', (yaml, name, expected) => expect(endsOf(yaml, name)).toEqual([expected]))

  test.each([
    ['mixd: {permitted: [AC]}', 'mixed-up/b.py', /^submissions\/mixed-up\/: is no folder .* does not name it$/],
    ['accepted: {permitted: [WA]}', 'accepted/b.py', /submissions.yaml: claims of submissions\/accepted\/b.py what no/],
    ['accepted: {permitted: [OK]}', 'accepted/b.py', /accepted: permitted is no list of AC, WA, TLE, RTE$/],
    ['accepted: {required: {a: b}}', 'accepted/b.py', /accepted: required is no list/],
    ['accepted: AC', 'accepted/b.py', /accepted is not a map/],
    ['[a]', 'accepted/b.py', /is not a map/],
    ['a: [1] 2', 'accepted/b.py', /^submissions\/submissions.yaml: line 1/],
    [`${'a'.repeat(201)}: {}`, 'accepted/b.py', /has a pattern of 201 characters; 200 are allowed/],
  ])('%s is refused with %s', (yaml, name, expected) => {
    expect(claimed(yaml, name).faults.map(({ path, detail }) => `${path}: ${detail}`)).toEqual([
      expect.stringMatching(expected),
    ])
  })
})

test('samples in folders give no points', () => {
  const inFolders = {
    'data/sample/a/1.in': '',
    'data/sample/a/1.ans': '',
    'data/secret/b/1.in': '',
    'data/secret/b/1.ans': '',
  }
  const legacy = {
    'data/testdata.yaml': 'accept_score: 10\nrange: 0 10\ngrader_flags: ignore_sample',
    'data/secret/testdata.yaml': 'accept_score: 10',
    'data/sample/a/testdata.yaml': 'accept_score: 5',
  }
  const found = read({ 'problem.yaml': 'type: scoring', ...inFolders, ...legacy }).problem
  expect(found?.tests?.map(({ points }) => points)).toEqual([0, 10])
  expect(found?.groups).toMatchObject([
    { name: 'data' },
    { name: 'sample', points: 0 },
    { name: 'sample/a', points: 0, within: 'sample' },
    { name: 'secret' },
    { name: 'secret/b' },
  ])
  const newer = { 'data/secret/b/test_group.yaml': 'max_score: 100\nrequire_pass: sample' }
  expect(read({ 'problem.yaml': `${V2025}type: scoring`, ...inFolders, ...newer }).problem?.groups).toEqual([
    { name: 'sample/a', points: 0 },
    { name: 'secret/b', scoring: 'min', points: 100, requires: ['sample/a'] },
  ])
})

test('a fault of a file is told once, however many tests and validators read it', () => {
  const files = {
    'problem.yaml': V2025,
    ...DATA,
    'data/secret/01-big.yaml': 'a: [1',
    'data/secret/test_group.yaml': 'args: [{a: b}]',
    'data/secret/2.in': '',
    'data/secret/2.ans': '',
    'input_validators/a.py': '',
    'input_validators/b.py': '',
  }
  expect(faultsOf(files)).toEqual([
    expect.stringMatching(/^data\/secret\/01-big\.yaml: line 2: /),
    'data/secret/: args is neither words nor a list of words',
  ])
})

test('more tests than a problem may have are refused before any of them is read', () => {
  const tests = Array.from({ length: 251 }, (_, index) => [
    [`data/secret/${index}.in`, ''],
    [`data/secret/${index}.yaml`, 'a: [1'],
  ])
  expect(faultsOf({ 'problem.yaml': V2025, ...(Object.fromEntries(tests.flat()) as Record<string, string>) })).toEqual([
    'data/: has 251 tests; 250 are allowed',
  ])
})

test('faults of which a file makes very many are told in part', () => {
  const type = `type: [${Array.from({ length: 1000 }, (_, index) => `t${index}`).join(', ')}]`
  const faults = faultsOf({ 'problem.yaml': `${V2025}${type}`, ...DATA })
  expect(faults).toHaveLength(101)
  expect(faults.at(-1)).toBe(': and 900 more faults')
})

test('arguments of input validators are those of the test before those of its group', () => {
  const found = read({
    'problem.yaml': V2025,
    ...DATA,
    'data/secret/test_group.yaml': 'input_validator_args: [--of, group]',
    'data/secret/01-big.yaml': 'input_validator_args:\n  check: [--of, test]',
    'data/secret/2.in': '',
    'data/secret/2.ans': '',
    'input_validators/check.py': 'exit(42)',
  })
  expect(found).toMatchObject({ validators: [{ args: [[], ['--of', 'test'], ['--of', 'group']] }] })
})

test('settings may begin with a byte order mark and have lines of Windows', () => {
  const yaml = `\uFEFF${V2025}name:\n  en: Größte Zahl\nsource: >\n  Contest\n  of 2025\n`.replaceAll('\n', '\r\n')
  const { problem } = read({ 'problem.yaml': `${yaml}type: scoring\r\n`, ...DATA })
  expect(problem?.groups).toMatchObject([{ name: 'sample' }, { name: 'secret', scoring: 'sum', points: 100 }])
})

test.each<[string, Record<string, string>, RegExp]>([
  ['no test', { 'problem.yaml': '' }, /^data\/: has no test/],
  ['no answer', { 'problem.yaml': '', 'data/secret/1.in': '' }, /^data\/secret\/1\.in: has no answer/],
  [
    'another version',
    { 'problem.yaml': 'problem_format_version: 2030', ...DATA },
    /^problem\.yaml: problem_format_version is "2030"/,
  ],
  [
    'several passes without a validator',
    { 'problem.yaml': `${V2025}type: multi-pass`, ...DATA },
    /multi-pass and has no output validator/,
  ],
  [
    'an alias',
    { 'problem.yaml': 'a: &a [x]\nvalidator_flags: [*a]', ...DATA },
    /^problem\.yaml: line 2: has an alias; write the value out$/,
  ],
  [
    'flags in a map',
    { 'problem.yaml': 'validator_flags: [{toString: a}]', ...DATA },
    /^problem\.yaml: validator_flags is neither words nor a list of words$/,
  ],
  [
    'flags in lists of lists',
    { 'problem.yaml': 'validator_flags: [[a, b]]', ...DATA },
    /^problem\.yaml: validator_flags is neither/,
  ],
  ['a type that is none', { 'problem.yaml': 'type: {a: b}', ...DATA }, /^problem\.yaml: type is neither words/],
  [
    'a long word as a type',
    { 'problem.yaml': `type: ${'x'.repeat(1e5)}`, ...DATA },
    /^problem\.yaml: type is "x{50}\.\.\.", which is not read here$/,
  ],
  [
    'files of a test',
    { 'problem.yaml': '', ...DATA, 'data/secret/01-big.files/map.png': '' },
    /^data\/secret\/01-big\.files\/: is not read/,
  ],
  ['settings that are no YAML', { 'problem.yaml': 'a: [1] 2', ...DATA }, /^problem\.yaml: line 1:/],
  [
    'an interactive one without validator',
    { 'problem.yaml': 'validation: custom interactive', ...DATA },
    /no output validator/,
  ],
  [
    'custom validation without a validator',
    { 'problem.yaml': 'validation: custom', ...DATA },
    /^problem\.yaml: has custom validation and no output validator$/,
  ],
  [
    'a limit that is no number',
    { 'problem.yaml': `${V2025}limits:\n  time_limit: fast`, ...DATA },
    /^problem\.yaml: limits: time_limit is no number$/,
  ],
  ['an unknown argument', { 'problem.yaml': 'validator_flags: strict', ...DATA }, /no argument strict/],
  [
    'a validator that is built by a script',
    { 'problem.yaml': '', ...DATA, 'output_validators/v/build': '', 'output_validators/v/v.py': '' },
    /^output_validators\/v\/build: is a script/,
  ],
  [
    'a validator of no known language',
    { 'problem.yaml': '', ...DATA, 'output_validator/v.xyz': '' },
    /^output_validator\/: has no file of a language/,
  ],
  [
    'code that is included everywhere',
    { 'problem.yaml': '', ...DATA, 'include/default/a.py': '' },
    /^include\/default\/: is of no language/,
  ],
  [
    'a group that is required and is none',
    {
      'problem.yaml': `${V2025}type: scoring`,
      'data/secret/a/1.in': '',
      'data/secret/a/1.ans': '',
      'data/secret/a/test_group.yaml': 'max_score: 1\nrequire_pass: [sample, b]',
    },
    /^data\/secret\/a\/: require_pass names "b", which is no group; there are secret\/a$/,
  ],
  [
    'a problem in which the fewest points are best',
    { 'problem.yaml': 'type: scoring\ngrading:\n  objective: min', 'data/secret/1.in': '', 'data/secret/1.ans': '' },
    /^problem\.yaml: grading: objective is min/,
  ],
  [
    'a language that is none',
    { 'problem.yaml': `${V2025}languages: [cpp, c++]`, ...DATA },
    /^problem\.yaml: languages has "c\+\+", which is no language code of the format$/,
  ],
  [
    'languages that are not known',
    { 'problem.yaml': `${V2025}languages: [apl, nim]`, ...DATA },
    /^problem\.yaml: languages has none that is known here: apl, nim$/,
  ],
  ['an empty list of languages', { 'problem.yaml': `${V2025}languages: []`, ...DATA }, /languages is empty/],
  [
    'a group without bound',
    { 'problem.yaml': `${V2025}type: scoring`, 'data/secret/a/1.in': '', 'data/secret/a/1.ans': '' },
    /^data\/secret\/a\/: has no max_score/,
  ],
])('%s is told with its place', (_, files, expected) => {
  expect(faultsOf(files)).toEqual([expect.stringMatching(expected)])
})

test('faults and notes of settings are told with line and column', () => {
  const yaml =
    'problem_format_version: 2025-09\ntype: scoring\nlimits:\n  time_limit: -1 # s\n  timelimt:\nkeyword: [a]'
  const files = {
    'problem.yaml': yaml,
    'data/secret/a/1.in': '',
    'data/secret/a/1.ans': '',
    'data/secret/a/test_group.yaml': '# of a\nmax_score: many\n',
  }
  const details = ({ faults, ...found }: ReturnType<typeof read>) =>
    [...faults, ...('notes' in found ? found.notes : [])].map(({ path, detail }) => `${path}: ${detail.slice(0, 45)}`)
  expect(details(read(files))).toEqual([
    'problem.yaml: line 4, column 15: limits: time_limit is -1; ',
    'data/secret/a/test_group.yaml: line 2, column 12: max_score is "many"; it mu',
    'problem.yaml: line 6, column 10: has the key "keyword", whi',
    'problem.yaml: line 5, column 3: limits: has the key "timeli',
  ])
  const legacy = read({ 'problem.yaml': 'name: x\n\ntool: y', ...DATA })
  expect(details(legacy)).toEqual(['problem.yaml: line 3, column 7: has the key "tool", which t'])
})

test('several passes, answers as submissions, grader files and example submissions are read', () => {
  const passes = `${V2025}type: [pass-fail, multi-pass]\nlimits:\n  validation_passes: 3`
  expect(read({ 'problem.yaml': passes, ...DATA, 'output_validator/v.py': 'v' }).problem).toMatchObject({ passes: 3 })
  expect(read({ 'problem.yaml': `${V2025}type: submit-answer`, ...DATA }).problem).toMatchObject({ outputOnly: true })
  const found = read({
    'problem.yaml': V2025,
    ...DATA,
    'include/cpp/grader.cpp': 'g',
    'include/python3/main.py': 'm',
    'submissions/accepted/a.py': 'a',
    'submissions/time_limit_exceeded/slow/main.cpp': 'm',
    'submissions/time_limit_exceeded/slow/more.cpp': 'x',
  })
  expect(found.problem?.harness).toEqual([
    { language: 'cpp', files: [{ path: 'grader.cpp', content: 'g' }], entrypoint: 'grader.cpp' },
    { language: 'python', files: [{ path: 'main.py', content: 'm' }], entrypoint: 'main.py' },
  ])
  expect(found).toMatchObject({
    examples: [
      { name: 'accepted/a.py', language: 'python', entrypoint: 'a.py', expected: ['accepted'] },
      { name: 'time_limit_exceeded/slow', language: 'cpp', entrypoint: 'main.cpp', expected: ['time-limit'] },
    ],
  })
  expect(faultsOf({ 'problem.yaml': V2025, ...DATA, 'submissions/odd/a.py': '' }).join()).toMatch(
    /submissions\/odd\/: is no folder of submissions/,
  )
})

test('languages that a package allows are those of the catalogue, and of the example submissions judged', () => {
  const files = { ...DATA, 'submissions/accepted/a.py': 'a', 'submissions/accepted/b.cpp': 'b' }
  const of = (languages: string) => read({ 'problem.yaml': `${V2025}languages: ${languages}`, ...files })
  expect(of('[cpp, python3, apl]').problem?.languages).toEqual(['cpp', 'clang-cpp', 'python', 'pypy'])
  expect(of('cpp')).toMatchObject({
    problem: { languages: ['cpp', 'clang-cpp'] },
    examples: [{ name: 'accepted/b.cpp' }],
    leftOut: ['submissions/accepted/a.py'],
  })
  expect(of('all').problem).not.toHaveProperty('languages')
  expect(of('all').problem).toBeDefined()
  const { problem } = read({ 'problem.yaml': 'languages: cpp', ...files })
  expect([problem?.tests?.length, problem?.languages]).toEqual([2, undefined])
})

test('every language of a package is one of the catalogue', () => {
  const catalogue = readdirSync(join(packageRoot(), 'languages'))
  const named = Object.values(KATTIS_LANGUAGES).flat()
  expect(named.filter((id) => !catalogue.includes(id))).toEqual([])
  expect(named.length).toBeGreaterThan(40)
})

test('limits that no job can have are told', () => {
  const yaml = `${V2025}type: [pass-fail, multi-pass]\nlimits:\n  time_limit: 1e308\n  memory: -5\n  validation_passes: 1e9\n  validation_memory: 1\n`
  const faults = faultsOf({ 'problem.yaml': yaml, ...DATA, 'output_validator/v.py': 'exit(42)' }).join('\n')
  expect(faults).toMatch(/limits: memory is -5; it must be above 0\n/)
  expect(faults).toMatch(/limits: cpuMs /)
  expect(faults).toMatch(/limits of the checker: memoryBytes /)
  expect(faults).toMatch(/has 1000000000 passes/)
})

test.each<[string, Record<string, string>, string]>([
  ['validator_flags: float_tolerance -1', {}, '/checker/absolute must be >= 0'],
  ['validator_flags: float_relative_tolerance 2', {}, '/checker/relative must be <= 1'],
  [
    'type: scoring\nvalidation: custom score',
    { 'data/testdata.yaml': 'range: 0 1e306', 'output_validator/v.py': '' },
    '/tests/0/points must be <= 1000000',
  ],
])('values that no job can have are told: %s', (yaml, more, fault) => {
  expect(faultsOf({ 'problem.yaml': yaml, ...DATA, ...more })).toContain(`problem.yaml: ${fault}`)
})

test.each([
  ['2025-09', 'max_score: -40', /^line 1, column 12: max_score is "-40"; it must be a number from 0 to 1000000$/],
  ['2025-09', 'max_score: 1e9', /^line 1, column 12: max_score is "1e9"; it must be a number/],
  ['2023-07-draft', 'max_score: many', /^line 1, column 12: max_score is "many"; it must be a number/],
])('points that no group can have are told of its own file: %s, %s', (version, settings, detail) => {
  const files = { 'data/secret/small/1.in': '', 'data/secret/small/1.ans': '' }
  const yaml = `problem_format_version: ${version}\ntype: scoring`
  expect(read({ 'problem.yaml': yaml, ...files, 'data/secret/small/test_group.yaml': settings }).faults).toEqual([
    { path: 'data/secret/small/test_group.yaml', detail: expect.stringMatching(detail) },
  ])
})

test.each(['-1', '0'])('a time limit of %s is told by its key', (limit) => {
  expect(faultsOf({ 'problem.yaml': `${V2025}limits: {time_limit: ${limit}}`, ...DATA })).toEqual([
    `problem.yaml: limits: time_limit is ${limit}; it must be above 0`,
  ])
})

describe('keys that the format does not know', () => {
  const GROUPS = { 'data/secret/a/1.in': '', 'data/secret/a/1.ans': '' }
  const group = (text: string) => ({ 'data/secret/a/test_group.yaml': `max_score: 5\n${text}` })
  test.each<[string, Record<string, string>, string]>([
    [
      'limit: {time_limit: 2}',
      {},
      'problem.yaml: has the key "limit", which the format does not know; did you mean limits?',
    ],
    ['limitss: {}', {}, 'problem.yaml: has the key "limitss", which the format does not know; did you mean limits?'],
    [
      'timelimit: 2',
      {},
      'problem.yaml: has the key "timelimit", which the format does not know; did you mean time_limit in limits?',
    ],
    [
      'max_score: 100',
      {},
      'problem.yaml: has the key "max_score", which the format does not know; did you mean max_score in test_group.yaml?',
    ],
    [
      'scoring: 5',
      {},
      'problem.yaml: has the key "scoring", which the format does not know; there are problem_format_version, type, ',
    ],
    [
      'limits: {timelimit: 2}',
      {},
      'problem.yaml: limits: has the key "timelimit", which the format does not know; did you mean time_limit?',
    ],
    ['limits: 2', {}, 'problem.yaml: limits is not a map of keys and values'],
    [
      'type: scoring',
      group('require_pas: sample'),
      'data/secret/a/test_group.yaml: has the key "require_pas", which the format does not know; did you mean require_pass?',
    ],
    [
      '',
      { 'data/secret/a/1.yaml': 'arg: [a]' },
      'data/secret/a/1.yaml: has the key "arg", which the format does not know; did you mean args?',
    ],
    [
      '',
      { 'submissions/submissions.yaml': 'accepted: {permited: [AC]}' },
      'submissions/submissions.yaml: accepted: has the key "permited", which the format does not know; did you mean permitted?',
    ],
    [
      '',
      { 'submissions/submissions.yaml': 'accepted: {secret/a: {permited: [AC]}}' },
      'submissions/submissions.yaml: accepted: secret/a: has the key "permited", which the format does not know; did you mean permitted?',
    ],
  ])('%s %j is refused', (yaml, more, fault) => {
    for (const version of ['2025-09', '2023-07-draft']) {
      const files = { 'problem.yaml': `problem_format_version: ${version}\n${yaml}`, ...GROUPS, ...more }
      expect(faultsOf(files)).toEqual([expect.stringContaining(fault)])
    }
  })

  test('are notes in the legacy version, whose packages have keys of other tools', () => {
    const files = {
      'problem.yaml': 'limit: {}\nrights_owner: x\ntool: y',
      ...DATA,
      'data/secret/testdata.yaml': 'on_rejct: continue',
      'data/sample/test_group.yaml': 'args: [a]',
    }
    const { faults, ...found } = read(files)
    const notes = 'notes' in found ? found.notes.map(told) : []
    expect([faults, notes]).toEqual([
      [],
      [
        'problem.yaml: has the key "limit", which the format does not know; did you mean limits?',
        expect.stringMatching(/^problem.yaml: has the key "tool", which the format does not know; there are/),
        expect.stringMatching(/^data\/secret\/testdata.yaml: has the key "on_rejct".*did you mean on_reject\?$/),
        expect.stringMatching(/^data\/sample\/test_group.yaml: is not read in a package of version legacy/),
      ],
    ])
  })

  test('are none of those that are not read here', () => {
    const yaml = [
      `${V2025}name: {en: Sums}\nuuid: u\nversion: v\ncredits: me\nsource: s\nlicense: cc0\nrights_owner: me`,
      'embargo_until: 2027-01-01\nkeywords: [a]\nallow_file_writing: true',
      'limits: {time_multipliers: {ac_to_time_limit: 2}, time_resolution: 0.5, code: 9, compilation_memory: 9}',
    ].join('\n')
    const submissions =
      'accepted: {language: python3, score: 5, "*": {message: m}, secret: {use_for_time_limit: false}}'
    const files = {
      'problem.yaml': yaml,
      ...GROUPS,
      'data/secret/a/1.yaml': 'hint: h\ndescription: d\nfull_feedback: true',
      'data/secret/a/test_group.yaml': 'full_feedback: true\noutput_visualizer_args: [a]',
      'submissions/submissions.yaml': submissions,
    }
    expect(read(files)).toMatchObject({ faults: [], notes: [] })
  })

  test('are told a hundred times at most', () => {
    const keys = Array.from({ length: 1000 }, (_, at) => `k${at}: 1`).join('\n')
    expect(faultsOf({ 'problem.yaml': `${V2025}${keys}`, ...DATA })).toHaveLength(100)
  })
})
