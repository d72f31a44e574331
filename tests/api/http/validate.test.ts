import { expect, test } from '@jest/globals'
import { bodyValidator } from '../../../src/api/http/validate.ts'
import { Problem } from '../../../src/shared/problems.ts'
import { CodeRequest } from '../../../src/shared/requests.ts'

const check = bodyValidator(CodeRequest)

function refusalOf(body: unknown): Problem {
  try {
    check(body)
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('it was not refused')
}

const unknownFields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, i]))

test.each([1, 63, 64, 65, 4000])('%i unknown fields are told of, the first ones by their names', (count) => {
  const { errors = [], message } = refusalOf({ language: 'python', code: '', ...unknownFields(count) })
  expect(errors.length).toBe(Math.min(count, 64))
  expect(errors[0]).toEqual({
    pointer: '/f0',
    detail: expect.stringMatching(/^is not a known field; known: language,/),
  })
  expect(new Set(errors.map(({ pointer }) => pointer)).size).toBe(errors.length)
  expect(message).toContain('/f0')
})

test('unknown fields with awkward names have pointers that lead to them', () => {
  const { errors = [] } = refusalOf({ language: 'python', code: '', 'a/b': 1, 'c~d': 1, limits: { 'ü x': 1 } })
  expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual(['/a~1b', '/c~0d', '/limits/ü x'])
})

test('a request of nothing but mistakes is answered with a bounded list of them', () => {
  const tests = Array.from({ length: 100 }, () => ({ args: Array.from({ length: 256 }, () => 1) }))
  const { errors = [] } = refusalOf({
    language: 'python',
    code: '',
    tests,
    files: Array.from({ length: 100 }, () => ({})),
  })
  expect(errors.length).toBe(64)
})
