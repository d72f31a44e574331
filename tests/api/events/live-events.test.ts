import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { createLiveEvents, type StoredEvent } from '../../../src/api/events/live-events.ts'
import { connectRedis } from '../../../src/shared/redis/connect.ts'
import { openRedisLink, type RedisLink } from '../../support/redis-link.ts'
import { openTestRedis, type TestRedis } from '../../shared/security/test-redis.ts'
import { eventually } from '../../support/eventually.ts'

let own: TestRedis
let link: RedisLink
let subscriber: Redis
beforeEach(async () => {
  own = await openTestRedis()
  link = await openRedisLink(process.env['RUNYARD_TEST_REDIS'] ?? '')
  subscriber = connectRedis(link.address, 'wait', 'test-live', pino({ level: 'silent' }))
  await once(subscriber, 'ready')
})
afterEach(async () => {
  subscriber.disconnect()
  await link.close()
  await own.close()
})

const listener = (events: StoredEvent[] = []) => ({ event: (event: StoredEvent) => void events.push(event), gap() {} })
const subscribed = async () => (await own.redis.pubsub('CHANNELS', `${own.keys.events('*')}`)) as string[]
/** Named, should it not come, by its own text. */
const until = (condition: () => Promise<boolean>) => eventually(String(condition), condition)

test('who subscribes while the connection is lost is told so, and not left waiting for it to come back', async () => {
  const live = createLiveEvents(subscriber, own.keys)
  link.freeze()
  const waiting = live.subscribe('one', listener())
  link.cut()
  await expect(waiting).rejects.toMatchObject({ code: 'unavailable' })
  await expect(live.subscribe('two', listener())).rejects.toMatchObject({ code: 'unavailable' })

  link.mend()
  const events: StoredEvent[] = []
  await until(async () => {
    await live.subscribe('three', listener(events)).catch(() => undefined)
    return (await subscribed()).includes(own.keys.events('three'))
  })
  await own.redis.publish(own.keys.events('three'), '1-0 result {}')
  await until(async () => events.length > 0)
  // Those that were refused have left nothing behind.
  expect(await subscribed()).toEqual([own.keys.events('three')])
})

test('who subscribes at a Redis that says nothing is told so', async () => {
  const live = createLiveEvents(subscriber, own.keys)
  link.freeze()
  await expect(live.subscribe('one', listener())).rejects.toMatchObject({ code: 'unavailable' })
})
