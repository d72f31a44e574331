import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createSessionRecords } from '../../src/shared/sessions/session-records.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'

let own: TestRedis
beforeAll(async () => {
  own = await openTestRedis()
})
afterAll(() => own.close())

test('the leases of many sessions are renewed together, and those that have ended are named', async () => {
  const { redis, keys } = own
  const records = createSessionRecords(redis, keys, { resultTtlSeconds: 60 })
  const ids = Array.from({ length: 250 }, () => randomUUID())
  const [over = '', gone = '', ...living] = ids
  for (const id of living) await redis.hset(keys.session(id), 'tenant', 'ada', 'state', 'running')
  await redis.hset(keys.session(over), 'tenant', 'ada', 'state', 'ended')
  // As if their worker had said nothing for long.
  for (const id of living) await redis.zadd(keys.liveSessions, '1', id)
  expect((await records.lost()).length).toBeGreaterThan(0)
  expect(await records.renew(ids)).toEqual([over, gone])
  expect(await records.lost()).toEqual([])
  expect((await redis.zrange(keys.liveSessions, '0', '-1')).sort()).toEqual(living.toSorted())
  expect(await records.renew([])).toEqual([])
})
