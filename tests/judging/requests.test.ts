import { expect, test } from '@jest/globals'
import { CodeRequest } from '../../src/shared/requests.ts'
import { faultsOf } from '../../src/api/http/validate.ts'
import { judgingOf } from '../../src/api/judging/judging-of-request.ts'
import { checkJudging, circleIn } from '../../src/shared/judging/check-judging.ts'

const request = (more: Partial<CodeRequest>): CodeRequest => ({ language: 'python', code: '', ...more })
const tests = [{ answer: '1', group: 'a' }]
const groups = [{ name: 'a' }]

test.each<[string, Partial<CodeRequest>, string, RegExp]>([
  ['a checker without tests', { checker: { type: 'lines' } }, '/checker', /^needs \/tests$/],
  ['secrets without tests', { secret: true }, '/secret', /^needs \/tests$/],
  ['a group that is not there', { tests: [{ group: 'b' }] }, '/tests/0/group', /is "b".*there are no \/groups/],
  ['a group of another name', { tests: [...tests, { group: 'b' }], groups }, '/tests/1/group', /is "b".*groups: a$/],
  ['two answers', { tests: [{ answer: '1', expectedOutput: '1' }] }, '/tests/0/answer', /the same/],
  ['no answer', { tests: [{}], checker: { type: 'tokens' } }, '/tests/0/answer', /is missing/],
  ['a group twice', { tests, groups: [...groups, ...groups] }, '/groups/1/name', /name of another group/],
  ['a group without tests', { tests, groups: [...groups, { name: 'b' }] }, '/groups/1/name', /is "b"; no test/],
  [
    'an unknown requirement',
    { tests, groups: [{ name: 'a', requires: ['x'] }] },
    '/groups/0/requires/0',
    /is "x".*groups: a$/,
  ],
  [
    'a group that requires itself',
    { tests, groups: [{ name: 'a', requires: ['a'] }] },
    '/groups/0/requires',
    /is circular: a requires a$/,
  ],
  [
    'a group within one that is not there',
    { tests, groups: [{ name: 'a', within: 'x' }] },
    '/groups/0/within',
    /is "x".*groups: a$/,
  ],
  [
    'groups within each other',
    {
      tests,
      groups: [
        { name: 'a', within: 'b' },
        { name: 'b', within: 'a' },
      ],
    },
    '/groups/0/within',
    /is circular: a is within b is within a$/,
  ],
  [
    'a group that requires the one around it',
    { tests, groups: [{ name: 'a', within: 'b', requires: ['b'] }, { name: 'b' }] },
    '/groups/0/requires',
    /is circular: a requires a$/,
  ],
  [
    'points that no test gives',
    { tests: [{ group: 'a', points: 0 }], groups: [{ name: 'a', points: 10 }] },
    '/groups/0/points',
    /^is 10, but .* gives 0 points/,
  ],
  [
    'more for a wrong answer than for a right one',
    { tests: [{ group: 'a', points: 2 }], groups: [{ name: 'a', rejectedPoints: 3 }] },
    '/groups/0/rejectedPoints',
    /^is 3, more than \/tests\/0 gives/,
  ],
  [
    'a checker beside an interactor',
    { tests, groups, checker: { type: 'lines' }, interactor: { language: 'c', code: '' } },
    '/checker',
    /interactor/,
  ],
  [
    'a program without language',
    { tests, groups, checker: { type: 'program', code: '' } },
    '/checker/language',
    /is missing/,
  ],
  [
    'code of no program',
    { tests, groups, checker: { type: 'tokens', code: '' } },
    '/checker/code',
    /needs .*"program"/,
  ],
  [
    'a tolerance of words',
    { tests, groups, checker: { type: 'tokens', absolute: 1 } },
    '/checker/absolute',
    /needs .*"numbers"/,
  ],
  [
    'letter case of bytes',
    { tests, groups, checker: { type: 'exact', ignoreCase: true } },
    '/checker/ignoreCase',
    /"exact"/,
  ],
  ['artifacts of secrets', { tests, groups, secret: true, artifacts: ['*'] }, '/artifacts', /secret/],
  ['a kept request with secrets', { tests: [{ secret: true }], keepRequest: true }, '/keepRequest', /secret/],
])('%s is refused', (_, more, pointer, detail) => {
  expect(checkJudging(request(more))).toEqual([{ pointer, detail: expect.stringMatching(detail) }])
})

test('a request can be judged in every way at once', () => {
  const all = {
    tests: [
      { answer: '1', group: 'a', secret: true },
      { answer: '2', group: 'b' },
    ],
    groups: [{ name: 'b', requires: ['a'] }, { name: 'a' }],
  }
  expect(checkJudging(request({ ...all, stopOnFailure: true, checker: { type: 'numbers', absolute: 1 } }))).toEqual([])
  expect(checkJudging(request({ tests: [{ secret: false }], secret: true, keepRequest: true }))).toEqual([])
})

test('points of a stored problem were checked when it was stored', () => {
  const stored = {
    tests: [
      { group: 'a', points: 0 },
      { group: 'b', points: 2 },
    ],
    groups: [
      { name: 'a', points: 10 },
      { name: 'b', rejectedPoints: 3 },
    ],
  }
  expect(checkJudging(request(stored))).toHaveLength(2)
  expect(checkJudging(request({ ...stored, problem: '01999999-9999-7999-8999-999999999999' }))).toEqual([])
})

test('a circle is named in its order, wherever it begins', () => {
  const needs = (...pairs: [string, string[]][]) => pairs.map(([name, requires]) => ({ name, requires }))
  expect(circleIn(needs(['a', ['b', 'd']], ['b', ['c']], ['c', ['b']], ['d', []]))).toEqual(['b', 'c'])
  expect(circleIn(needs(['a', ['b', 'c']], ['b', ['d']], ['c', ['d']], ['d', []]))).toBeUndefined()
})

test('numbers may differ by a millionth unless an error is given', async () => {
  const build = () => Promise.reject(new Error('no program is to be built'))
  const errorsOf = async (checker: CodeRequest['checker']) =>
    (await judgingOf(request({ tests, ...(checker && { checker }) }), build))?.checker
  expect(await errorsOf({ type: 'numbers' })).toMatchObject({ absolute: 1e-6, relative: 1e-6 })
  expect(await errorsOf({ type: 'numbers', relative: 0.5 })).toMatchObject({ absolute: 0, relative: 0.5 })
  expect(await errorsOf(undefined)).toMatchObject({ type: 'lines', ignoreCase: false })
  expect(await judgingOf(request({}), build)).toBeUndefined()
})

test('files of judges may be stored ones', () => {
  const check = faultsOf(CodeRequest)
  const files = [
    { path: 'check.py', content: '' },
    { path: 'data', id: '01999999-9999-7999-8999-999999999999' },
  ]
  const program = { language: 'python', files }
  for (const judge of [{ checker: { type: 'program', ...program } }, { interactor: program }, { harness: [program] }]) {
    expect(check({ language: 'python', code: '', tests, ...judge })).toEqual([])
  }
})

test.each([
  ['passes of a built-in checker', { tests, passes: 2, checker: { type: 'tokens' } }, '/passes'],
  ['passes of testlib', { tests, passes: 2, interactor: { language: 'c', code: '', protocol: 'testlib' } }, '/passes'],
  [
    'output that an interactor talks to',
    { tests, outputOnly: true, interactor: { language: 'c', code: '' } },
    '/outputOnly',
  ],
  ['grader files without tests', { harness: [] }, '/harness'],
] as const)('%s are refused', (_, more, pointer) => {
  expect(checkJudging(request(more as unknown as Partial<CodeRequest>)).map((error) => error.pointer)).toContain(
    pointer,
  )
})
