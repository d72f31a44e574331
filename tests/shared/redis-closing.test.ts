import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import type { RedisAddress } from '../../src/shared/config/config.ts'
import { redisOptions } from '../../src/shared/redis/connect.ts'
import { ownPort } from '../support/own-port.ts'

/** Timers that keep this process. */
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

const nowhere: [string, () => Promise<RedisAddress>][] = [
  ['a port', async () => ({ kind: 'server', node: { host: '127.0.0.1', port: await ownPort() }, db: 0 })],
  ['a socket', async () => ({ kind: 'path', path: '/nonexistent/redis.sock', db: 0 })],
]

test.each(nowhere)(
  'a connection to %s that could not be made keeps no process when it is closed',
  async (_, address) => {
    const redis = new Redis({ ...redisOptions(await address(), () => null), lazyConnect: true })
    redis.on('error', () => undefined)
    await expect(redis.connect()).rejects.toThrow('Connection is closed')
    const before = timers()
    redis.disconnect()
    expect(timers()).toBe(before)
  },
)

test.each(nowhere)('neither does one to %s that waits for its next try', async (_, address) => {
  const redis = new Redis(redisOptions(await address(), () => 600_000))
  redis.on('error', () => undefined)
  await new Promise((resolve) => redis.once('reconnecting', resolve))
  const before = timers()
  redis.disconnect()
  expect(timers()).toBeLessThan(before)
})

test('a connection that is closed while it is made does not come about', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const redis = new Redis(redisOptions({ kind: 'server', node: { host: '127.0.0.1', port }, db: 0 }, () => null))
  const ended = once(redis, 'end')
  redis.disconnect()
  await ended
  const connections = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
  server.close()
  await once(server, 'close')
  expect([redis.status, connections]).toEqual(['end', 0])
})
