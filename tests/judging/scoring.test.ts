import { describe, expect, test } from '@jest/globals'
import type { TestCase } from '../../src/shared/job.ts'
import type { TestGroup } from '../../src/shared/judging/judging-spec.ts'
import type { Verdict } from '../../src/shared/judging/verdict.ts'
import { createScoreboard, type Scored } from '../../src/worker/judging/scoring.ts'

const group = (name: string, more: Partial<TestGroup> = {}): TestGroup => ({
  name,
  scoring: 'sum',
  requires: [],
  stopOnFailure: false,
  ...more,
})
const of = (name: string, points?: number): TestCase => ({ group: name, ...(points !== undefined && { points }) })

/** Runs all tests that are to run. @param outcomes by place: accepted unless told; a number is a part of the points */
function play(scored: Partial<Scored> & { tests: TestCase[] }, outcomes: Record<number, Verdict | number> = {}) {
  const board = createScoreboard({ groups: [], stopOnFailure: false, ...scored })
  const order: number[] = []
  for (let index = board.next(); index !== undefined; index = board.next()) {
    order.push(index)
    const outcome = outcomes[index] ?? 1
    if (typeof outcome === 'number') board.add(index, { verdict: 'accepted', fraction: outcome })
    else board.add(index, { verdict: outcome, fraction: 0 })
  }
  return { order, ...board.result() }
}

describe('tests without groups', () => {
  test('give a point each, and run in their order', () => {
    expect(play({ tests: [{}, {}, {}] }, { 1: 'wrong-answer' })).toEqual({
      order: [0, 1, 2],
      verdict: 'wrong-answer',
      score: 2,
      points: 3,
      groups: [],
      skipped: [],
    })
  })

  test('give the points they say, and parts of them', () => {
    const tests = [{ points: 0.1 }, { points: 0.2 }, { points: 5 }, { points: 0 }]
    expect(play({ tests }, { 2: 0.5 })).toMatchObject({ verdict: 'accepted', score: 2.8, points: 5.3 })
    expect(play({ tests: tests.slice(0, 2) })).toMatchObject({ score: 0.3, points: 0.3 })
  })

  test('have the verdict of the first that is not accepted, unless a judge failed', () => {
    const tests = [{}, {}, {}]
    expect(play({ tests }, { 1: 'time-limit', 2: 'wrong-answer' }).verdict).toBe('time-limit')
    expect(play({ tests }, { 0: 'wrong-answer', 1: 'judge-error' })).toMatchObject({
      verdict: 'judge-error',
      skipped: [2],
    })
  })

  test('stop at the first that fails when the job says so', () => {
    const stopped = play({ tests: [{}, {}, {}], stopOnFailure: true }, { 1: 'runtime-error' })
    expect(stopped).toMatchObject({ order: [0, 1], score: 1, points: 3, skipped: [2] })
  })
})

describe('a group', () => {
  test('gives the sum of its tests, or that as a part of its own points', () => {
    const tests = [of('a', 1), of('a', 3), {}]
    const outcomes = { 1: 'wrong-answer' } as const
    expect(play({ tests, groups: [group('a')] }, outcomes)).toMatchObject({ score: 2, points: 5 })
    const scaled = play({ tests, groups: [group('a', { points: 20 })] }, outcomes)
    expect(scaled).toMatchObject({ score: 6, points: 21 })
    expect(scaled.groups).toEqual([{ name: 'a', verdict: 'wrong-answer', score: 5, points: 20 }])
  })

  test('by its worst test gives all, a part, or nothing', () => {
    const scored = { tests: [of('a'), of('a')], groups: [group('a', { scoring: 'min', points: 30 })] }
    expect(play(scored)).toMatchObject({ score: 30, verdict: 'accepted' })
    expect(play(scored, { 0: 0.5, 1: 0.9 })).toMatchObject({ score: 15, verdict: 'accepted' })
    expect(play(scored, { 1: 'memory-limit' })).toMatchObject({ score: 0, verdict: 'memory-limit' })
  })

  test('of tests without points gives nothing', () => {
    expect(play({ tests: [of('a', 0)], groups: [group('a', { points: 5 })] })).toMatchObject({ score: 0, points: 5 })
  })

  test('can stop at its first failure, and others go on', () => {
    const tests = [of('a'), of('a'), of('b'), of('b')]
    const groups = [group('a', { stopOnFailure: true }), group('b')]
    expect(play({ tests, groups }, { 0: 'wrong-answer' })).toMatchObject({ order: [0, 2, 3], score: 2, skipped: [1] })
  })
})

test.each(['min', 'average'] as const)(
  'a group that stops early gives no more than its points, though its %s of what has run is more',
  (scoring) => {
    const groups = [group('outer', { scoring, points: 10, stopOnFailure: true }), group('inner', { within: 'outer' })]
    const tests = [of('inner', 45), of('inner', 15), of('outer', 1)]
    expect(play({ tests, groups })).toMatchObject({ score: 10, points: 10 })
    const early = play({ tests, groups }, { 1: 'wrong-answer' })
    expect(early).toMatchObject({ order: [0, 1], score: 10, points: 10, groups: [{ score: 10 }, { score: 45 }] })
  },
)

describe('groups that require others', () => {
  const groups = [group('c', { requires: ['b'] }), group('b', { requires: ['a'], points: 10 }), group('a')]
  const tests = [of('c'), of('b'), of('a'), of('a')]

  test('wait for them, wherever they stand', () => {
    expect(play({ tests, groups })).toMatchObject({ order: [2, 3, 1, 0], score: 13, points: 13, verdict: 'accepted' })
  })

  test('do not run after one that was not accepted, at any remove', () => {
    const failed = play({ tests, groups }, { 3: 'wrong-answer' })
    expect(failed).toMatchObject({ order: [2, 3], score: 1, verdict: 'wrong-answer', skipped: [0, 1] })
    expect(failed.groups.map(({ name, verdict, score }) => [name, verdict, score])).toEqual([
      ['c', null, 0],
      ['b', null, 0],
      ['a', 'wrong-answer', 1],
    ])
  })

  test('run after one that was accepted in part', () => {
    expect(play({ tests, groups }, { 3: 0.5 })).toMatchObject({ order: [2, 3, 1, 0], score: 12.5 })
  })

  test('may share what they require', () => {
    const both = [group('a'), group('b', { requires: ['a'] }), group('c', { requires: ['a', 'b'] })]
    expect(play({ tests, groups: both }, { 1: 'time-limit' })).toMatchObject({ order: [2, 3, 1], skipped: [0] })
  })
})

test('a job whose tests cannot run gives nothing', () => {
  const board = createScoreboard({ tests: [{}, of('a', 4)], groups: [group('a')], stopOnFailure: false })
  expect(board.result('compile-error')).toEqual({
    verdict: 'compile-error',
    score: 0,
    points: 5,
    groups: [{ name: 'a', verdict: null, score: 0, points: 4 }],
    skipped: [0, 1],
  })
})
