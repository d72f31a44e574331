import { expect, test } from '@jest/globals'
import { createRepeatedRequests, IdempotencyMismatch } from '../../src/worker/sessions/repeated-requests.ts'

test('the same request means what it made, another with its key is refused', () => {
  const repeated = createRepeatedRequests()
  const one = { hash: 'key', fingerprint: 'body' }
  expect(repeated.find(one)).toBeUndefined()
  repeated.note(one, 'id')
  expect(repeated.find(one)).toBe('id')
  expect(() => repeated.find({ ...one, fingerprint: 'other' })).toThrow(IdempotencyMismatch)
  repeated.note(undefined, 'other')
  expect(repeated.find(undefined)).toBeUndefined()
})

test('of many keys the oldest go', () => {
  const repeated = createRepeatedRequests(2)
  const keys = ['a', 'b', 'c'].map((hash) => ({ hash, fingerprint: '' }))
  for (const key of keys) repeated.note(key, key.hash)
  expect(keys.map((key) => repeated.find(key))).toEqual([undefined, 'b', 'c'])
})
