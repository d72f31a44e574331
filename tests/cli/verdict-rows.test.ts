import { expect, test } from '@jest/globals'
import { firstDifference, tellDifference } from '../../src/cli/jobs/first-difference.ts'
import { verdictRows } from '../../src/cli/jobs/verdict-rows.ts'
import { plain } from '../../src/cli/paint.ts'
import type { StageSummary } from '../../src/shared/job.ts'

test.each([
  ['1\n2\n', '1\n2', undefined],
  ['1 \n2\n\n', '1\n2', undefined],
  ['1\n3', '1\n2', 'line 2: expected "2", got "3"'],
  ['1', '1\n2', 'line 2: expected "2", got the end'],
  ['1\n2\n3', '1\n2', 'line 3: expected the end, got "3"'],
  ['', '7', 'line 1: expected "7", got the end'],
  ['\u001b[2J', 'x', 'line 1: expected "x", got "\\u001b[2J"'],
  [
    `${'a'.repeat(100)}b`,
    `${'a'.repeat(100)}c`,
    `line 1: expected ...${JSON.stringify(`${'a'.repeat(30)}c`)}, got ...${JSON.stringify(`${'a'.repeat(30)}b`)}`,
  ],
])('%j beside the answer %j', (output, answer, said) => {
  const difference = firstDifference(output, answer)
  expect(difference && tellDifference(difference)).toBe(said)
})

const stage = (verdict: string, more: object = {}): StageSummary =>
  ({
    test: { index: 1, name: 'b' },
    cpuMs: 12.4,
    memoryPeakBytes: 8.25 * 1024 * 1024,
    judging: { verdict, score: 0, points: 2, ...more },
  }) as unknown as StageSummary

test('a row has verdict, time, memory and points, and what is said of the test below', () => {
  const tests = [{ name: 'a' }, { name: 'b', answer: '7' }]
  const rows = verdictRows(tests, true, plain)
  expect(rows.head()).toBe('TEST  VERDICT                   CPU     MEMORY  POINTS')
  expect(rows.row(stage('accepted', { score: 1 }), '7')).toEqual([
    'b     accepted                12 ms    8.3 MiB  1/2',
  ])
  expect(rows.row(stage('wrong-answer', { feedback: 'no\u0007\nnot so' }), '8')).toEqual([
    'b     wrong-answer            12 ms    8.3 MiB  0/2',
    '      no?',
    '      not so',
    '      line 1: expected "7", got "8"',
  ])
  expect(rows.row({ ...stage('time-limit'), status: 'wall-time-limit', wallMs: 4000.2 }, '8')).toEqual([
    'b     time-limit              12 ms    8.3 MiB  0/2',
    '      wall time limit met after 4000 ms',
  ])
  expect(rows.row({ ...stage('time-limit'), status: 'cpu-time-limit' }, '8')[1]).toBe('      CPU time limit met')
  const secret = verdictRows([{ name: 'a' }, { name: 'b', answer: '7', secret: true }], true, plain)
  expect(secret.row(stage('wrong-answer'), '')).toHaveLength(1)
  expect(verdictRows(tests, false, plain).row(stage('wrong-answer'), '8')).toHaveLength(1)
  expect(rows.row({ name: 'compile' } as StageSummary, '')).toEqual([])
})
