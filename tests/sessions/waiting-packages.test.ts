import { expect, test } from '@jest/globals'
import { installed } from '../../src/api/sessions/start-session.ts'
import type { Caller } from '../../src/api/http/caller.ts'
import type { EnvironmentState } from '../../src/api/environments/environment-requests.ts'

const caller = { tenant: 'ada' } as Caller

/** @param looks is told of each look at the environment, the first is 1 */
const environmentsThat = (looks: (count: number) => EnvironmentState['state']) => {
  let count = 0
  return {
    stateOf: () =>
      Promise.resolve({ id: 'one', language: 'python', state: looks(++count), error: null, progress: null }),
  }
}

test('a session whose packages are there waits for nothing', async () => {
  const environments = environmentsThat(() => 'ready')
  const admit = () => {
    throw new Error('it does not wait')
  }
  expect(await installed(environments, 'one', caller, admit)).toBe('one')
})

test('one that waits is admitted once, and goes on when they are there', async () => {
  let admitted = 0
  const environments = environmentsThat((count) => (count < 3 ? 'building' : 'ready'))
  const admit = () => {
    admitted++
    return new AbortController().signal
  }
  expect(await installed(environments, 'one', caller, admit)).toBe('one')
  expect(admitted).toBe(1)
})

test('one that nobody waits for any more is not started', async () => {
  const client = new AbortController()
  const environments = environmentsThat((count) => {
    if (count > 1) throw new Error('it looks on')
    client.abort('client')
    return 'building'
  })
  await expect(installed(environments, 'one', caller, () => client.signal)).rejects.toMatchObject({
    code: 'unavailable',
  })
})
