import { describe, expect, test } from '@jest/globals'
import { compareIds } from '../../src/api/events/event-feed.ts'
import { preferredWait } from '../../src/api/http/prefer.ts'
import { pathProblem } from '../../src/shared/path-problem.ts'

test.each([
  [undefined, undefined],
  ['respond-async', undefined],
  ['wait=5', 5],
  ['respond-async, WAIT = "7"; x', 7],
  ['wait=600', 60],
  ['wait=-1', undefined],
  ['wait=abc', undefined],
  ['await=5', undefined],
])('Prefer: %s means a wait of %s seconds', (header, seconds) => expect(preferredWait(header)).toBe(seconds))

describe('a path', () => {
  test.each(['a', 'a/b.c', '--help.py', '.hidden', '...', 'ü/é', 'a b'])('%j can be used', (path) =>
    expect(pathProblem(path)).toBeUndefined(),
  )
  test.each(['/a', '../a', 'a/../b', 'a//b', 'a/', './a', 'a\0b', 'a\nb', 'x'.repeat(256)])('%j cannot', (path) =>
    expect(pathProblem(path)).toEqual(expect.any(String)),
  )
})

test('ids of events are compared as the numbers they are', () => {
  expect(compareIds('9-1', '10-0')).toBeLessThan(0)
  expect(compareIds('10-10', '10-9')).toBeGreaterThan(0)
  expect(compareIds('10-1', '10-1')).toBe(0)
})
