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

test('who subscribes while the connection is lost gets the events once it is back', async () => {
  const live = createLiveEvents(subscriber, own.keys)
  link.cut()
  await once(subscriber, 'close')
  const events: StoredEvent[] = []
  const waiting = live.subscribe('one', listener(events))
  link.mend()
  await waiting
  await own.redis.publish(own.keys.events('one'), '1-0 result {}')
  await until(async () => events.length > 0)
})

test('a gap is told of when nothing can fall into it any more: the channel is subscribed again', async () => {
  const live = createLiveEvents(subscriber, own.keys)
  let found: Promise<string[]> | undefined
  await live.subscribe('one', { event() {}, gap: () => void (found ??= subscribed()) })
  link.cut()
  await once(subscriber, 'close')
  link.mend()
  await until(async () => found !== undefined)
  expect(await found).toEqual([own.keys.events('one')])
})

test('who subscribes while the connection is lost is told so when it does not come back soon', async () => {
  const live = createLiveEvents(subscriber, own.keys, 100)
  link.freeze()
  const waiting = live.subscribe('one', listener())
  link.cut()
  await expect(waiting).rejects.toMatchObject({ code: 'unavailable' })
  await expect(live.subscribe('two', listener())).rejects.toMatchObject({ code: 'unavailable' })

  link.mend()
  const events: StoredEvent[] = []
  await until(async () => {
    // One that was refused is subscribed for a moment, too, and then no more.
    const isSubscribed = await live.subscribe('three', listener(events)).then(
      () => true,
      () => false,
    )
    return isSubscribed && (await subscribed()).includes(own.keys.events('three'))
  })
  await own.redis.publish(own.keys.events('three'), '1-0 result {}')
  await until(async () => events.length > 0)
  // Those that were refused have left nothing behind.
  expect(await subscribed()).toEqual([own.keys.events('three')])
})

test('who subscribes at a Redis that says nothing is told so', async () => {
  const live = createLiveEvents(subscriber, own.keys, 100)
  link.freeze()
  await expect(live.subscribe('one', listener())).rejects.toMatchObject({ code: 'unavailable' })
})
