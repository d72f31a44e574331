import { expect, test } from '@jest/globals'
import type { Protocol } from '../../src/shared/judging/judging-spec.ts'
import { type JudgeEnd, rulingOf } from '../../src/worker/judging/ruling.ts'

const end = (exitCode: number | null, files: Record<string, string> = {}, more: Partial<JudgeEnd> = {}): JudgeEnd => ({
  status: exitCode === 0 ? 'succeeded' : 'failed',
  message: null,
  exitCode,
  stderr: '',
  files: new Map(Object.entries(files)),
  ...more,
})
const rule = (protocol: Protocol, ended: JudgeEnd, points = 10) => rulingOf({ protocol }, ended, points, 'checker')

test.each([
  ['kattis', 42, 'accepted'],
  ['kattis', 43, 'wrong-answer'],
  ['kattis', 0, 'judge-error'],
  ['kattis', 1, 'judge-error'],
  ['testlib', 0, 'accepted'],
  ['testlib', 1, 'wrong-answer'],
  ['testlib', 2, 'presentation-error'],
  ['testlib', 4, 'presentation-error'],
  ['testlib', 8, 'presentation-error'],
  ['testlib', 3, 'judge-error'],
  ['testlib', 42, 'judge-error'],
] as const)('exit code of %s: %s is %s', (protocol, exitCode, verdict) => {
  const ruling = rule(protocol, end(exitCode))
  expect(ruling).toMatchObject({ verdict, fraction: verdict === 'accepted' ? 1 : 0 })
})

test.each([
  ['a multiplier', { 'score_multiplier.txt': '0.25\n' }, 'accepted', 0.25],
  ['points of the test', { 'score.txt': '4' }, 'accepted', 0.4],
  ['a multiplier before points', { 'score_multiplier.txt': '1', 'score.txt': '4' }, 'accepted', 1],
  ['no points at all', { 'score.txt': '0' }, 'wrong-answer', 0],
  ['more than everything', { 'score_multiplier.txt': '1.5' }, 'judge-error', 0],
  ['more points than the test has', { 'score.txt': '11' }, 'judge-error', 0],
  ['less than nothing', { 'score.txt': '-1' }, 'judge-error', 0],
  ['no number', { 'score.txt': 'NaN' }, 'judge-error', 0],
  ['nothing where a number should be', { 'score.txt': '' }, 'judge-error', 0],
] as const)('a score of %s', (_, files, verdict, fraction) =>
  expect(rule('kattis', end(42, files))).toMatchObject({ verdict, fraction }),
)

test('what a validator of Kattis accepts for nothing is accepted where a group says when it is', () => {
  const inCounted = (protocol: Protocol, ended: JudgeEnd) => rulingOf({ protocol }, ended, 10, 'checker', true)
  for (const files of [{ 'score.txt': '0' }, { 'score_multiplier.txt': '0' }] as Record<string, string>[])
    expect(inCounted('kattis', end(42, files))).toEqual({ verdict: 'accepted', fraction: 0 })
  expect(inCounted('kattis', end(43, { 'score.txt': '0' })).verdict).toBe('wrong-answer')
  expect(inCounted('testlib', end(7, {}, { stderr: 'points 0' })).verdict).toBe('wrong-answer')
})

test('a score of a test that gives no points, as of a sample, changes nothing', () => {
  for (const text of ['0', '5', '1e9']) {
    expect(rule('kattis', end(42, { 'score.txt': text }), 0)).toMatchObject({ verdict: 'accepted', fraction: 1 })
    expect(rule('testlib', end(7, {}, { stderr: `points ${text}` }), 0)).toMatchObject({ verdict: 'accepted' })
  }
  expect(rule('kattis', end(42, { 'score.txt': 'nan' }), 0).verdict).toBe('judge-error')
})

test('a long score that is no number is read in the time of its length', () => {
  const files = { 'score.txt': `${'1'.repeat(1e6)}x` }
  expect(rule('kattis', end(42, files)).verdict).toBe('judge-error')
})

test('a score beside a wrong answer gives nothing', () => {
  expect(rule('kattis', end(43, { 'score_multiplier.txt': '1' }))).toMatchObject({
    verdict: 'wrong-answer',
    fraction: 0,
  })
})

test.each([
  ['points 2.5 half of it', 'accepted', 0.25],
  ['7 good', 'accepted', 0.7],
  ['points 0 nothing', 'wrong-answer', 0],
  ['points 12 too much', 'judge-error', 0],
  ['well done', 'judge-error', 0],
  ['', 'judge-error', 0],
] as const)('testlib gives points: %j', (stderr, verdict, fraction) =>
  expect(rule('testlib', end(7, {}, { stderr }))).toMatchObject({ verdict, fraction }),
)

test('words go to whom they are for', () => {
  const files = { 'teammessage.txt': 'think of 0\n', 'judgemessage.txt': 'line 3\n' }
  expect(rule('kattis', end(43, files))).toEqual({
    verdict: 'wrong-answer',
    fraction: 0,
    feedback: 'think of 0',
    judgeMessage: 'line 3',
  })
  expect(rule('testlib', end(1, {}, { stderr: 'expected 3' }))).toEqual({
    verdict: 'wrong-answer',
    fraction: 0,
    judgeMessage: 'expected 3',
  })
  expect(rule('kattis', end(42))).toEqual({ verdict: 'accepted', fraction: 1 })
})

test('a judge that fails says so to judges alone, with its last words', () => {
  const crashed = rule('kattis', end(1, { 'teammessage.txt': 'fine' }, { stderr: 'Traceback: KeyError' }))
  expect(crashed).toEqual({
    verdict: 'judge-error',
    fraction: 0,
    judgeMessage:
      'the checker ended with exit code 1, which kattis does not know (42 accepts, 43 refuses): Traceback: KeyError',
  })
  const slow = { status: 'wall-time-limit', message: 'stage checker took longer than 10 ms' } as const
  expect(rule('kattis', end(null, {}, slow))).toMatchObject({ verdict: 'judge-error', judgeMessage: slow.message })
  expect(rule('testlib', end(null, {}, { status: 'signalled' }))).toMatchObject({
    judgeMessage: 'the checker ended with signalled',
  })
})

test('an exit code counts only of a program that ended by itself', () => {
  for (const status of ['wall-time-limit', 'memory-limit', 'output-limit', 'signalled', 'cancelled'] as const) {
    expect(rule('kattis', end(42, {}, { status }))).toMatchObject({ verdict: 'judge-error', fraction: 0 })
  }
})

test('long words are cut between characters', () => {
  const { judgeMessage = '' } = rule('testlib', end(1, {}, { stderr: 'é'.repeat(5000) }))
  expect(Buffer.byteLength(judgeMessage)).toBeLessThan(4200)
  expect(judgeMessage).toMatch(/é \.\.\.$/)
})

test('files that cannot be read matter when it accepts, and change no refusal', () => {
  const unread = '1 too large'
  const message = `the checker left files that cannot be read: ${unread}`
  expect(rule('kattis', end(42, {}, { unread }))).toEqual({
    verdict: 'judge-error',
    fraction: 0,
    judgeMessage: message,
  })
  expect(rule('testlib', end(0, {}, { unread, stderr: 'ok' })).judgeMessage).toBe(`${message}: ok`)
  expect(rule('kattis', end(43, { 'judgemessage.txt': 'line 3' }, { unread }))).toEqual({
    verdict: 'wrong-answer',
    fraction: 0,
    judgeMessage: 'line 3',
  })
  expect(rule('testlib', end(1, {}, { unread })).verdict).toBe('wrong-answer')
  expect(rule('testlib', end(8, {}, { unread })).verdict).toBe('presentation-error')
})
