import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { eventually } from './eventually.ts'
import { monitorRedis } from './redis-monitor.ts'

test('what another client tells Redis in one piece with the answer is heard', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runyard-monitor-'))
  const path = join(folder, 'redis.sock')
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write('+OK\r\n+1.5 [0 lua] "GET" "a \\"key\\""\r\n+1.6 [0 unix:/x] "Ping"\r\n'))
  }).listen(path)
  await once(server, 'listening')
  const monitor = await monitorRedis(path)
  try {
    await eventually('both commands', () => monitor.commands.length === 2)
    expect(monitor.commands).toEqual([['get', 'a "key"'], ['ping']])
  } finally {
    monitor.close()
    server.close()
    await rm(folder, { recursive: true })
  }
})
