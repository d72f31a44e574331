import { expect, test } from '@jest/globals'
import { answeredOrStored } from '../../src/api/sessions/needs.ts'
import { Problem } from '../../src/shared/problems.ts'

const lost = new Problem('session-lost', 'the session was lost: its worker was closed')
const none = () => Promise.reject(new Problem('not-found', 'nothing is stored'))

test('what a session answers counts, and what is stored when it ended meanwhile', async () => {
  expect(await answeredOrStored(Promise.resolve({ value: 'answered' }), none)).toBe('answered')
  expect(await answeredOrStored(Promise.reject(lost), async () => 'stored')).toBe('stored')
  await expect(answeredOrStored(Promise.reject(lost), none)).rejects.toBe(lost)
})

test('another refusal is none of an ended session', async () => {
  const busy = new Problem('session-busy', 'the session has too many requests before it')
  await expect(answeredOrStored(Promise.reject(busy), async () => 'stored')).rejects.toBe(busy)
})
