import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  createRequestReader,
  createRequestSender,
  REQUESTS_AT_ONCE,
} from '../../src/shared/sessions/session-requests.ts'
import { eventually } from '../support/eventually.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'

let own: TestRedis
beforeAll(async () => {
  own = await openTestRedis()
})
afterAll(() => own.close())

/** A session that takes requests, as far as its records go. @returns what sends it so many requests, and their ids */
async function sessionWithRequests() {
  const { redis, keys } = own
  const id = randomUUID()
  await redis.hset(keys.session(id), 'tenant', 'ada', 'state', 'running')
  const sender = createRequestSender(redis, keys)
  return {
    id,
    send: async (count: number, hasBytes = true): Promise<string[]> => {
      const ids = Array.from({ length: count }, () => randomUUID())
      for (const request of ids) {
        const bytes = Buffer.from(hasBytes ? request : '')
        const asked = { id: request, gateway: 'g', operation: 'read' as const, input: {}, bytes }
        expect(await sender.send({ id, tenant: 'ada' }, asked)).toBe('sent')
      }
      return ids
    },
    left: () => redis.xlen(keys.sessionRequests(id)),
  }
}

test('requests are taken in their order, each once, and removed', async () => {
  const { id, send, left } = await sessionWithRequests()
  const { take } = createRequestReader(own.redis, own.keys).open(id)
  const sent = await send(2 * REQUESTS_AT_ONCE + 1)
  const pages = [await take(), await take(), await take(), await take()]
  expect(pages.map(({ length }) => length)).toEqual([REQUESTS_AT_ONCE, REQUESTS_AT_ONCE, 1, 0])
  expect(pages.flat().map((request) => request.id)).toEqual(sent)
  expect(pages.flat().map(({ bytes }) => bytes.toString())).toEqual(sent)
  await eventually('none to be left', async () => (await left()) === 0)
})

test('a request whose removal fails is taken once all the same, and removed with the next', async () => {
  const { redis, keys } = own
  const { id, send, left } = await sessionWithRequests()
  const user = `reader-${id}`
  const allow = (rule: string) => redis.call('ACL', 'SETUSER', user, 'on', 'nopass', '~*', '&*', '+@all', rule)
  await allow('-xdel')
  const limited = redis.duplicate({ username: user, password: 'any', enableOfflineQueue: true })
  try {
    const { take } = createRequestReader(limited, keys).open(id)
    const first = await send(REQUESTS_AT_ONCE)
    expect((await take()).map((request) => request.id)).toEqual(first)
    const second = await send(REQUESTS_AT_ONCE)
    expect((await take()).map((request) => request.id)).toEqual(second)
    expect(await take()).toEqual([])
    expect(await left()).toBe(2 * REQUESTS_AT_ONCE)
    await allow('+xdel')
    const third = await send(1)
    expect((await take()).map((request) => request.id)).toEqual(third)
    await eventually('none to be left', async () => (await left()) === 0)
  } finally {
    limited.disconnect()
    await redis.call('ACL', 'DELUSER', user)
  }
})

test('a request that finds none before it is published whole, and taken once; one behind others, or with bytes, is not', async () => {
  const { keys } = own
  const { id, send, left } = await sessionWithRequests()
  const [subscriber, inbox] = [await own.connect(), createRequestReader(own.redis, keys).open(id)]
  const messages: string[] = []
  subscriber.on('message', (_channel: string, message: string) => messages.push(message))
  await subscriber.subscribe(keys.sessionRequests(id))
  const [first] = await send(1, false)
  const [second] = await send(1, false)
  await eventually('both messages', () => messages.length === 2)
  expect(inbox.takePublished(messages[0] ?? '')).toEqual({
    id: first,
    gateway: 'g',
    operation: 'read',
    input: {},
    bytes: Buffer.alloc(0),
  })
  // It would overtake the other if that had not been heard of.
  expect(messages[1]).toBe('more')
  expect(inbox.takePublished('more')).toBeUndefined()
  expect((await inbox.take()).map((request) => request.id)).toEqual([second])
  await eventually('none to be left', async () => (await left()) === 0)
  await send(1)
  await eventually('the third message', () => messages.length === 3)
  expect(messages[2]).toBe('more')
})
