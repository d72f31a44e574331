import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Redis } from 'ioredis'
import {
  createRequestReader,
  createRequestSender,
  type RequestInbox,
  REQUESTS_AT_ONCE,
} from '../../src/shared/sessions/session-requests.ts'
import { eventually } from '../support/eventually.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'

let own: TestRedis
beforeAll(async () => {
  own = await openTestRedis()
})
afterAll(() => own.close())

/** A session that takes requests, as far as its records go. @returns what sends it so many requests, and tells their ids */
async function sessionWithRequests() {
  const { redis, keys } = own
  const id = randomUUID()
  await redis.hset(keys.session(id), 'tenant', 'ada', 'state', 'running')
  const sender = createRequestSender(redis, keys)
  const sendThese = async (ids: readonly string[], hasBytes = true) => {
    for (const request of ids) {
      const bytes = Buffer.from(hasBytes ? request : '')
      const asked = { id: request, gateway: 'g', operation: 'read' as const, input: {}, bytes }
      expect(await sender.send({ id, tenant: 'ada' }, asked)).toBe('sent')
    }
  }
  return {
    id,
    sendThese,
    send: async (count: number, hasBytes = true): Promise<string[]> => {
      const ids = Array.from({ length: count }, () => randomUUID())
      await sendThese(ids, hasBytes)
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
  expect(pages.map(({ requests, isMore }) => [requests.length, isMore])).toEqual([
    [REQUESTS_AT_ONCE, true],
    [REQUESTS_AT_ONCE, true],
    [1, false],
    [0, false],
  ])
  const all = pages.flatMap(({ requests }) => requests)
  expect(all.map((request) => request.id)).toEqual(sent)
  expect(all.map(({ bytes }) => bytes.toString())).toEqual(sent)
  await eventually('none to be left', async () => (await left()) === 0)
})

/** Ids of the next requests of an inbox. */
const idsOf = async ({ take }: Pick<RequestInbox, 'take'>) => (await take()).requests.map((request) => request.id)

/** Opens the inbox of a session by a connection that may not remove requests. @param use gets what lets it */
async function withLimitedInbox(
  id: string,
  use: (inbox: RequestInbox, allow: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const { redis, keys } = own
  const user = `reader-${id}`
  const allow = (rule: string) => redis.call('ACL', 'SETUSER', user, 'on', 'nopass', '~*', '&*', '+@all', rule)
  await allow('-xdel')
  const limited = redis.duplicate({ username: user, password: 'any', enableOfflineQueue: true })
  try {
    await use(createRequestReader(limited, keys).open(id), () => allow('+xdel'))
  } finally {
    limited.disconnect()
    await redis.call('ACL', 'DELUSER', user)
  }
}

test('a request whose removal fails is taken once all the same, and removed with the next', async () => {
  const { id, send, left } = await sessionWithRequests()
  await withLimitedInbox(id, async (inbox, allow) => {
    const first = await send(REQUESTS_AT_ONCE)
    expect(await idsOf(inbox)).toEqual(first)
    const second = await send(REQUESTS_AT_ONCE)
    expect(await idsOf(inbox)).toEqual(second)
    expect(await inbox.take()).toEqual({ requests: [], isMore: false })
    expect(await left()).toBe(2 * REQUESTS_AT_ONCE)
    await allow()
    const third = await send(1)
    expect(await idsOf(inbox)).toEqual(third)
    await eventually('none to be left', async () => (await left()) === 0)
  })
})

/** A connection that notes these commands as they are sent. */
async function watchedRedis(log: string[]): Promise<Redis> {
  const redis = await own.connect()
  for (const command of ['xrangeBuffer', 'xdel'] as const) {
    const send = redis[command].bind(redis) as (...parts: unknown[]) => unknown
    const noted = (...parts: unknown[]) => {
      log.push(command)
      return send(...parts)
    }
    Object.assign(redis, { [command]: noted })
  }
  return redis
}

test('requests are removed behind what is done with them at once, and before the next are read', async () => {
  const { id, send, left } = await sessionWithRequests()
  const log: string[] = []
  const { take } = createRequestReader(await watchedRedis(log), own.keys).open(id)
  await send(REQUESTS_AT_ONCE + 1)
  for (let pages = 0; pages < 2; pages++) {
    const { requests } = await take()
    log.push(`${requests.length} done`)
  }
  await eventually('none to be left', async () => (await left()) === 0)
  expect(log).toEqual(['xrangeBuffer', '32 done', 'xdel', 'xrangeBuffer', '1 done', 'xdel'])
})

/** What is published of requests of a session from now on. */
async function messagesOf(id: string): Promise<string[]> {
  const subscriber = await own.connect()
  const messages: string[] = []
  subscriber.on('message', (_channel: string, message: string) => messages.push(message))
  await subscriber.subscribe(own.keys.sessionRequests(id))
  return messages
}

test('a request that was taken and removed before it is heard of is not taken again', async () => {
  const { id, send, left } = await sessionWithRequests()
  const inbox = createRequestReader(own.redis, own.keys).open(id)
  const messages = await messagesOf(id)
  const sent = await send(1, false)
  expect(await idsOf(inbox)).toEqual(sent)
  await eventually('it is removed', async () => (await left()) === 0)
  await eventually('the message', () => messages.length === 1)
  expect(messages[0]).toContain(sent[0])
  expect(inbox.takePublished(messages[0] ?? '')).toBeUndefined()
})

test('a request that was taken and could not be removed is not taken again when it is heard of', async () => {
  const { id, send, left } = await sessionWithRequests()
  const messages = await messagesOf(id)
  await withLimitedInbox(id, async (inbox, allow) => {
    const sent = await send(1, false)
    expect(await idsOf(inbox)).toEqual(sent)
    await eventually('the message', () => messages.length === 1)
    expect(inbox.takePublished(messages[0] ?? '')).toBeUndefined()
    expect(await left()).toBe(1)
    await allow()
    expect(await idsOf(inbox)).toEqual([])
    await eventually('none to be left', async () => (await left()) === 0)
  })
})

test('a request that was sent twice is taken once, whatever is before and behind it', async () => {
  const { id, send, sendThese, left } = await sessionWithRequests()
  const inbox = createRequestReader(own.redis, own.keys).open(id)
  const first = await send(REQUESTS_AT_ONCE)
  await sendThese(first)
  const last = await send(1)
  expect(await idsOf(inbox)).toEqual(first)
  expect(await inbox.take()).toEqual({ requests: [], isMore: true })
  expect(await idsOf(inbox)).toEqual(last)
  await eventually('none to be left', async () => (await left()) === 0)
})

test('a request that finds none before it is published whole, and taken once; one behind others, or with bytes, is not', async () => {
  const { keys } = own
  const { id, send, left } = await sessionWithRequests()
  const inbox = createRequestReader(own.redis, keys).open(id)
  const messages = await messagesOf(id)
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
  expect(await idsOf(inbox)).toEqual([second])
  await eventually('none to be left', async () => (await left()) === 0)
  await send(1)
  await eventually('the third message', () => messages.length === 3)
  expect(messages[2]).toBe('more')
})
