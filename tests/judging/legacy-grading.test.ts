import { expect, test } from '@jest/globals'
import { readArchive } from '../../src/shared/judging/archive.ts'
import { exportProblem } from '../../src/shared/judging/export-problem.ts'
import { readProblem } from '../../src/shared/judging/read-problem.ts'
import type { TestGroup } from '../../src/shared/judging/judging-spec.ts'
import type { RequestTest } from '../../src/shared/requests.ts'
import type { JudgeCell } from '../../src/worker/judging/judge-cell.ts'
import { createJudge } from '../../src/worker/judging/judge.ts'
import type { JudgeEnd } from '../../src/worker/judging/ruling.ts'
import { createScoreboard, type TestOutcome } from '../../src/worker/judging/scoring.ts'
import { SUCCESS } from '../worker/null-sandbox.ts'
import { judgedSpec, judgeProgram } from './judge-parts.ts'

const TESTS = ['sample/1', 'secret/a/1', 'secret/a/2', 'secret/b/1', 'secret/b/2']
const FLAT = ['secret/1', 'secret/2', 'secret/3', 'secret/4']

interface Row {
  title: string
  /** `testdata.yaml` of folders below `data`. */
  settings: Record<string, string>
  tests?: string[]
  yaml?: string
  /** Tests that are refused, or the part of their points that a validator gives; of one of its exit codes and scores, what comes of it. */
  outcomes?: Record<string, number | JudgeEnd>
  /** What the default grader gives, and the most it can. */
  expected: [score: number, points: number]
  /** Tests that do not run. */
  skipped?: string[]
}

const CONTINUE = 'on_reject: continue\n'
const subtasks = (secret: string, root = `${CONTINUE}grader_flags: ignore_sample`) => ({
  '': root,
  secret,
  'secret/a': 'accept_score: 30\ngrader_flags: min',
  'secret/b': 'accept_score: 70\ngrader_flags: min',
})
const ANY = `${CONTINUE}grader_flags: accept_if_any_accepted`
const ALWAYS = { '': 'grader_flags: ignore_sample always_accept' }

/** Of a validator that gives a score. */
function validatorEnd(exitCode: number, score: string): JudgeEnd {
  return { status: 'failed', message: null, exitCode, stderr: '', files: new Map([['score.txt', score]]) }
}

const outcomeOf = (fraction: number) =>
  ({ verdict: fraction === 0 ? 'wrong-answer' : 'accepted', fraction }) satisfies TestOutcome

/** What comes of a test when its validator ends so. */
function ruled(tests: readonly RequestTest[], index: number, groups: readonly TestGroup[], end: JudgeEnd) {
  const program = judgeProgram('kattis', { id: 'python', fileName: 'v.py' }, '')
  const spec = judgedSpec({ judging: { checker: { type: 'program', program }, groups, stopOnFailure: false } })
  const cell: JudgeCell = {
    prepare: async () => undefined,
    place: async () => undefined,
    run: async () => ({ report: SUCCESS, conclude: async () => end }),
    reusable: true,
    refusedCalls: [],
    input: () => undefined,
    endInput: () => undefined,
    kill: () => undefined,
    settle: async () => undefined,
  }
  const { group, points } = tests[index] ?? {}
  const test = { ...(group !== undefined && { group }), ...(points !== undefined && { points }) }
  return createJudge(spec, async () => cell).check({ test, input: Buffer.from('') }, Buffer.from(''))
}

/** By hand, after "Test Data Groups" and "Default Grader Specification" of the legacy format. */
const ROWS: Row[] = [
  { title: 'without settings every test, samples too, gives a point', settings: {}, expected: [5, 5] },
  {
    title: 'without settings the first failure ends all, and nothing counts',
    settings: {},
    outcomes: { 'secret/b/1': 0 },
    expected: [0, 5],
    skipped: ['secret/b/2'],
  },
  { title: 'subtasks: all of them', settings: subtasks(ANY), expected: [100, 100] },
  {
    title: 'subtasks: one is enough to be accepted',
    settings: subtasks(ANY),
    outcomes: { 'secret/b/1': 0 },
    expected: [30, 100],
  },
  {
    title: 'subtasks: none is accepted',
    settings: subtasks(ANY),
    outcomes: { 'secret/a/1': 0, 'secret/b/2': 0 },
    expected: [0, 100],
  },
  {
    title: 'subtasks without accept flags: one failure, no score',
    settings: subtasks(CONTINUE),
    outcomes: { 'secret/b/1': 0 },
    expected: [0, 100],
  },
  {
    title: 'subtasks: what breaks at a failed one is refused with it',
    settings: subtasks('on_reject: break\ngrader_flags: accept_if_any_accepted'),
    outcomes: { 'secret/a/1': 0 },
    expected: [0, 100],
    skipped: ['secret/a/2', 'secret/b/1', 'secret/b/2'],
  },
  {
    title: 'a sample that fails is ignored',
    settings: subtasks(ANY),
    outcomes: { 'sample/1': 0 },
    expected: [100, 100],
  },
  {
    title: 'a sample that fails ends all where the root breaks',
    settings: subtasks(ANY, 'grader_flags: ignore_sample'),
    outcomes: { 'sample/1': 0 },
    expected: [0, 100],
    skipped: TESTS.slice(1),
  },
  {
    title: 'a sample counts where it is not ignored',
    settings: { ...subtasks(ANY, CONTINUE), sample: 'accept_score: 4' },
    expected: [104, 104],
  },
  {
    title: 'a sample that fails refuses all where it is not ignored',
    settings: subtasks(ANY, CONTINUE),
    outcomes: { 'sample/1': 0 },
    expected: [0, 101],
  },
  {
    title: 'reject_score is what refused tests give',
    settings: {
      ...ALWAYS,
      secret: `${CONTINUE}grader_flags: always_accept\naccept_score: 10\nreject_score: 2`,
    },
    outcomes: { 'secret/a/1': 0 },
    expected: [32, 40],
  },
  {
    title: 'reject_score is the least of a group',
    settings: { ...ALWAYS, secret: 'grader_flags: min always_accept\naccept_score: 10\nreject_score: 2' },
    tests: FLAT,
    outcomes: { 'secret/2': 0 },
    expected: [2, 10],
    skipped: ['secret/3', 'secret/4'],
  },
  {
    title: 'avg is of all tests',
    settings: { ...ALWAYS, secret: `${CONTINUE}grader_flags: avg always_accept\naccept_score: 10` },
    tests: FLAT,
    outcomes: { 'secret/2': 0 },
    expected: [7.5, 10],
  },
  {
    title: 'avg is of those that ran where the group breaks',
    settings: { ...ALWAYS, secret: 'grader_flags: avg always_accept\naccept_score: 10' },
    tests: FLAT,
    outcomes: { 'secret/2': 0 },
    expected: [5, 10],
    skipped: ['secret/3', 'secret/4'],
  },
  {
    title: 'max is of the scores of the groups within',
    settings: subtasks(`${ANY} max`),
    outcomes: { 'secret/b/2': 0 },
    expected: [30, 70],
  },
  {
    title: 'avg is of the scores of the groups within',
    settings: subtasks(`${ANY} avg`),
    outcomes: { 'secret/a/2': 0 },
    expected: [35, 50],
  },
  { title: 'min is of the scores of the groups within', settings: subtasks(`${ANY} min`), expected: [30, 30] },
  {
    title: 'min of groups of which one fails is nothing',
    settings: subtasks(`${ANY} min`),
    outcomes: { 'secret/b/2': 0 },
    expected: [0, 30],
  },
  {
    title: 'the last of modes that conflict counts',
    settings: subtasks(`${ANY} min always_accept worst_error max`),
    outcomes: { 'secret/b/2': 0 },
    expected: [30, 70],
  },
  {
    title: 'what a group gives counts though it is refused itself',
    settings: {
      '': 'grader_flags: ignore_sample',
      secret: ANY,
      'secret/a': 'accept_score: 5\ngrader_flags: sum',
      'secret/b': 'accept_score: 5\ngrader_flags: sum',
    },
    outcomes: { 'secret/a/1': 0 },
    expected: [15, 20],
  },
  {
    title: 'a validator that scores gives parts up to the range',
    yaml: 'type: scoring\nvalidation: custom score',
    settings: { ...ALWAYS, secret: 'range: 0 40\ngrader_flags: min always_accept', sample: 'range: 0 0' },
    tests: FLAT,
    outcomes: { 'secret/2': 0.5, 'secret/3': 0.75 },
    expected: [20, 40],
  },
  {
    title: 'a validator that accepts a test for nothing refuses nothing, and it gives no reject_score',
    yaml: 'type: scoring\nvalidation: custom score',
    settings: { '': 'range: 0 20\ngrader_flags: ignore_sample\naccept_score: 5\nreject_score: 3' },
    tests: FLAT,
    outcomes: { 'secret/2': validatorEnd(42, '0'), 'secret/3': validatorEnd(42, '5') },
    expected: [45, 80],
  },
  {
    title: 'a validator that refuses a test refuses the root',
    yaml: 'type: scoring\nvalidation: custom score',
    settings: { '': 'range: 0 20\ngrader_flags: ignore_sample' },
    tests: FLAT,
    outcomes: { 'secret/2': validatorEnd(43, '0') },
    expected: [0, 80],
    skipped: ['secret/3', 'secret/4'],
  },
  {
    title: 'what a folder does not say is as in the one around it',
    settings: {
      '': `${CONTINUE}grader_flags: ignore_sample accept_if_any_accepted`,
      secret: 'accept_score: 10\nreject_score: 1',
      'secret/b': 'accept_score: 40',
    },
    outcomes: { 'secret/a/1': 0, 'secret/b/1': 0 },
    expected: [52, 100],
  },
  {
    title: 'the range of a validator is inherited too',
    yaml: 'type: scoring\nvalidation: custom score',
    settings: { '': 'range: 0 20\ngrader_flags: ignore_sample', 'secret/a': 'grader_flags: min' },
    outcomes: { 'secret/a/1': 0.5 },
    expected: [50, 60],
  },
  {
    title: 'scores of the problem stand before those of its folders',
    yaml: 'type: scoring\ngrading:\n  accept_score: 7\n  reject_score: 2\n  on_reject: grade',
    settings: { ...ALWAYS, secret: 'accept_score: 1\non_reject: break' },
    outcomes: { 'secret/a/1': 0 },
    expected: [23, 28],
  },
]

test.each(ROWS)(
  'the legacy grader: $title',
  async ({ settings, tests = TESTS, yaml = 'type: scoring', outcomes = {}, expected, skipped = [] }) => {
    const files = new Map<string, Buffer>([['problem.yaml', Buffer.from(yaml)]])
    for (const name of tests) for (const end of ['in', 'ans']) files.set(`data/${name}.${end}`, Buffer.from('1'))
    for (const [folder, text] of Object.entries(settings))
      files.set(`data${folder === '' ? '' : `/${folder}`}/testdata.yaml`, Buffer.from(text))
    if (yaml.includes('custom')) files.set('output_validators/v.py', Buffer.from(''))
    const { problem, faults } = readProblem(files, () => 'python')
    expect(faults).toEqual([])
    const given = problem?.tests ?? []
    const groups = (problem?.groups ?? []).map((group) => ({
      scoring: 'sum' as const,
      requires: [],
      stopOnFailure: false,
      ...group,
    }))
    const scored = given.map(({ group, points }) => ({
      ...(group !== undefined && { group }),
      ...(points !== undefined && { points }),
    }))
    const board = createScoreboard({ tests: scored, groups, stopOnFailure: false })
    for (let index = board.next(); index !== undefined; index = board.next()) {
      const outcome = outcomes[given[index]?.name ?? ''] ?? 1
      board.add(index, typeof outcome === 'number' ? outcomeOf(outcome) : await ruled(given, index, groups, outcome))
    }
    const result = board.result()
    expect([result.score, result.points]).toEqual(expected)
    expect(result.skipped.map((index) => given[index]?.name)).toEqual(skipped)
  },
)

test.each([
  ['on_reject: stop', 'data/: on_reject is "stop"; there are break and continue'],
  ['accept_score: -1', 'data/: accept_score is no number from 0 to 1000000'],
  ['reject_score: much', 'data/: reject_score is no number from 0 to 1000000'],
  ['reject_score: 2', 'data/: has a reject_score above its accept_score, which is not read here'],
  ['grader_flags: median', 'data/: has the grader flag median, which is not read here'],
  ['grading: custom', 'data/: has a grader of its own, which is not read here'],
])('settings of the legacy grader that are not read are told: %s', (settings, expected) => {
  const files = { 'problem.yaml': 'type: scoring', 'data/secret/1.in': '', 'data/secret/1.ans': '' }
  const all = Object.entries({ ...files, 'data/testdata.yaml': settings, 'data/secret/testdata.yaml': 'range: 0 1' })
  const { faults } = readProblem(new Map(all.map(([path, text]) => [path, Buffer.from(text)])), () => 'python')
  expect(faults.map(({ path, detail }) => `${path}: ${detail}`)).toEqual([expected])
})

test('an export keeps groups within groups, and the languages that are allowed', async () => {
  const problem = {
    tests: [{ name: '1', stdin: '1', answer: '1', group: 'inner', points: 5 }],
    groups: [
      { name: 'outer', scoring: 'max' as const, counts: 'any' as const },
      { name: 'inner', within: 'outer', scoring: 'average' as const, rejectedPoints: 2, points: 5 },
    ],
    languages: ['cpp', 'python'],
  }
  const files = readArchive(Buffer.concat(await exportProblem(problem)), { maxBytes: 1e6, maxFiles: 100 })
  expect(readProblem(files, () => 'python').problem).toMatchObject({
    groups: problem.groups,
    languages: problem.languages,
  })
})
