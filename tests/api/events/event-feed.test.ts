import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { BEGINNING, createEventFeed, type EventFeed } from '../../../src/api/events/event-feed.ts'
import { createLiveEvents, type StoredEvent } from '../../../src/api/events/live-events.ts'
import { eventually } from '../../support/eventually.ts'
import { openTestRedis, type TestRedis } from '../../shared/security/test-redis.ts'

const JOB = '01999999-9999-7999-8999-999999999999'
const FIRST = '{"state":"queued","attempt":0}'

let own: TestRedis
let feed: EventFeed
beforeEach(async () => {
  own = await openTestRedis()
  feed = createEventFeed(own.redis, createLiveEvents(await own.connect(), own.keys), own.keys)
})
afterEach(() => own.close())

/** Writes events under the ids 1-0, 2-0 and so on: the job is queued, says something `count` times, ends. */
async function write(count: number): Promise<void> {
  const pipeline = own.redis.pipeline()
  const add = (number: number, type: string, data: string) =>
    pipeline.xadd(own.keys.events(JOB), `${number}-0`, 't', type, 'd', data)
  add(1, 'state', FIRST)
  for (let number = 2; number < count + 2; number++) add(number, 'stdout', '{}')
  add(count + 2, 'result', '{}')
  await pipeline.exec()
}
const keepLast = (count: number) => own.redis.xtrim(own.keys.events(JOB), 'MAXLEN', count)

async function read(after: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  for await (const event of await feed.read(JOB, after, new AbortController().signal)) events.push(event)
  return events
}
const told = (events: readonly StoredEvent[]) => events.map(({ id, type }) => `${id} ${type}`)

test('a stream that is all there has no gap, wherever a reader begins', async () => {
  await write(1000)
  expect(told(await read(BEGINNING))).toHaveLength(1002)
  expect(told(await read(BEGINNING)).slice(0, 2)).toEqual(['1-0 state', '2-0 stdout'])
  expect(told(await read('1-0'))[0]).toBe('2-0 stdout')
  expect(told(await read('1001-0'))).toEqual(['1002-0 result'])
})

describe('a stream whose beginning is no longer kept', () => {
  test('says so, before the first event that is', async () => {
    await write(1000)
    await keepLast(3)
    const events = await read(BEGINNING)
    expect(told(events)).toEqual([`${BEGINNING} gap`, '1000-0 stdout', '1001-0 stdout', '1002-0 result'])
    expect(JSON.parse(events[0]?.data ?? '')).toEqual({ before: '1000-0' })
  })

  test('says so to a reader whose last event is gone, under the id the reader has', async () => {
    await write(1000)
    await keepLast(3)
    expect(told(await read('900-0'))[0]).toBe('900-0 gap')
    expect(told(await read('900-0'))[1]).toBe('1000-0 stdout')
  })

  test('says nothing to a reader whose last event is still there', async () => {
    await write(1000)
    await keepLast(3)
    expect(told(await read('1000-0'))).toEqual(['1001-0 stdout', '1002-0 result'])
  })

  test('says so to a reader that was overtaken while it read', async () => {
    await write(1000)
    const events: StoredEvent[] = []
    for await (const event of await feed.read(JOB, BEGINNING, new AbortController().signal)) {
      events.push(event)
      if (events.length === 3) await keepLast(2)
    }
    const lines = told(events)
    expect(lines.filter((line) => line.endsWith('gap'))).toHaveLength(1)
    expect(lines.slice(-2)).toEqual(['1001-0 stdout', '1002-0 result'])
    const gap = lines.findIndex((line) => line.endsWith('gap'))
    expect(lines[gap]?.split(' ')[0]).toBe(lines[gap - 1]?.split(' ')[0])
  })
})

test('events that nobody reads are no longer subscribed to when their signal aborts', async () => {
  const channels = async () => (await own.redis.pubsub('CHANNELS', own.keys.events('*'))) as string[]
  const leave = new AbortController()
  await feed.read(JOB, BEGINNING, leave.signal)
  expect(await channels()).toEqual([own.keys.events(JOB)])
  leave.abort()
  await eventually('the subscription ended', async () => (await channels()).length === 0)
})
