import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createSandboxLocks, type SandboxLocks } from '../../src/api/compat/e2b/sandbox-locks.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'

let test0: TestRedis
let locks: SandboxLocks
beforeAll(async () => {
  test0 = await openTestRedis()
  locks = createSandboxLocks(test0.redis, test0.keys)
})
afterAll(() => test0.close())

/** A request that has a sandbox to itself until it is let go. */
function holder(id: string) {
  const turn = new EventEmitter()
  const [taken, released] = [once(turn, 'taken'), once(turn, 'released')]
  const done = locks.during(id, 'resumed', () => {
    turn.emit('taken')
    return released
  })
  return { taken, release: () => turn.emit('released'), done }
}
const busy = { code: 'unavailable', headers: { 'Retry-After': '2' } }

test('one request at a time pauses or resumes a sandbox, also after one that failed', async () => {
  const id = randomUUID()
  const first = holder(id)
  await first.taken
  await expect(locks.during(id, 'paused', async () => 1)).rejects.toMatchObject(busy)
  expect(await locks.during(randomUUID(), 'paused', async () => 2)).toBe(2)
  first.release()
  await first.done
  await expect(locks.during(id, 'paused', () => Promise.reject(new Error('it failed')))).rejects.toThrow('it failed')
  expect(await locks.during(id, 'resumed', async () => 3)).toBe(3)
  expect(await test0.redis.exists(test0.keys.e2bLock(id))).toBe(0)
})

test('a request whose time was over leaves the sandbox to the next', async () => {
  const id = randomUUID()
  const first = holder(id)
  await first.taken
  // As Redis does when the time is over.
  await test0.redis.del(test0.keys.e2bLock(id))
  const next = holder(id)
  await next.taken
  first.release()
  await first.done
  await expect(locks.during(id, 'resumed', async () => 4)).rejects.toMatchObject(busy)
  next.release()
  await next.done
})

test.each([
  // To end the old session, to wait for an environment, and to start the new one.
  ['resumed', 5 + 30 + 45],
  // To make a snapshot, to wait for its answer, and to end the session.
  ['paused', 300 + 60 + 5],
] as const)('a sandbox is held for longer than it takes until it is %s', async (what, seconds) => {
  const id = randomUUID()
  expect(await locks.during(id, what, () => test0.redis.pttl(test0.keys.e2bLock(id)))).toBeGreaterThan(seconds * 1000)
})
