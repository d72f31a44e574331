import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { createRedisServers } from './redis-servers.ts'

const servers = createRedisServers()
afterEach(() => servers.close())

test('a node of a cluster listens only on ports that nobody else is given', async () => {
  const node = await servers.start(['cluster-enabled yes'])
  const nodes = await node.ask<string>('CLUSTER', 'NODES')
  const [, port, bus] = (/:(\d+)@(\d+)/.exec(nodes) ?? []).map(Number)
  expect(port).toBe(node.port)
  for (const one of [port, bus]) {
    const lock = createServer().listen(`\0runyard-test-port-${one}`)
    await expect(once(lock, 'listening')).rejects.toMatchObject({ code: 'EADDRINUSE' })
  }
})

test('a server that ends at its start says why', async () => {
  await expect(servers.start(['no-such-setting 1'])).rejects.toThrow('no-such-setting')
})
