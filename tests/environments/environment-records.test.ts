import { afterEach, beforeEach, expect, test } from '@jest/globals'
import {
  createEnvironmentRecords,
  type EnvironmentRecords,
  KEEP_SECONDS,
} from '../../src/shared/environments/environment-records.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'

let own: TestRedis
let records: EnvironmentRecords
beforeEach(async () => {
  own = await openTestRedis()
  records = createEnvironmentRecords(own.redis, own.keys)
})
afterEach(() => own.close())

test('all that is known of an environment is kept as long as it is used', async () => {
  const origin = { tenant: 'me', keyId: null, address: '127.0.0.1' }
  const asked = { language: 'python', version: '3', dependencies: ['x'], manifest: 'x\n', hash: 'a', origin }
  const { id = '' } = (await records.request(asked)) ?? {}
  const record = await records.read(id)
  if (!record) throw new Error('there is no record')
  await records.update({ ...record, view: { ...record.view, state: 'ready' } })
  await own.redis.set(own.keys.environmentLog(id), 'what was said')
  const { keys } = own
  const kept = [keys.environment(id), keys.environmentTenants(id), keys.environmentLog(id), keys.events(id)]
  const lifetimes = () => Promise.all(kept.map((key) => own.redis.ttl(key)))
  // As when most of the time has gone by.
  for (const key of kept) expect(await own.redis.expire(key, 600)).toBe(1)
  expect(await records.touch(id)).toBe(true)
  for (const seconds of await lifetimes()) expect(seconds).toBeGreaterThan(KEEP_SECONDS - 600)
})

test('one that is gone is not kept', async () => {
  expect(await records.touch('0')).toBe(false)
  expect(await own.redis.keys(`{${own.namespace}}:*`)).toEqual([])
})
