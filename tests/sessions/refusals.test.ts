import { expect, test } from '@jest/globals'
import { ContextExists } from '../../src/worker/sessions/kernels.ts'
import { refusalOf, startProblem } from '../../src/worker/sessions/refusals.ts'

test.each([
  [2, 'cc was not found, or /job is no folder'],
  [7, 'cc has too many or too long arguments'],
  [8, 'cc is no program'],
])('a program that is not started for error %i: %s', (errno, words) =>
  expect(startProblem(errno, 'cc', '/job')).toBe(words),
)

test('a context that exists is a fault of the request: a client that waits and asks again gains nothing', () =>
  expect(refusalOf(new ContextExists('it exists'), {})).toEqual({ code: 'invalid-request', detail: 'it exists' }))
