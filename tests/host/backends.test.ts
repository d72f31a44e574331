import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBackends } from '../../src/host/backends.ts'
import { podmanAnswers } from '../../src/host/podman-service.ts'
import { redisReply, startRedis } from '../../src/host/redis.ts'
import { makeSocketFolder } from '../../src/shared/socket-folder.ts'

let dataDir: string

beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'runyard-test-'))))
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const isAlive = (pid: number) => existsSync(`/proc/${pid}`)

test('both start, answer, and leave no process and no socket', async () => {
  const backends = await startBackends({ dataDir })
  expect(await podmanAnswers(backends.podmanSocket)).toBe(true)
  expect(await redisReply(backends.redisUrl.replace('unix://', ''), 'PING')).toBe('+PONG\r\n')
  expect(backends.parts.map(({ child }) => isAlive(child.pid))).toEqual([true, true])
  await Promise.all([backends.close(), backends.close()])
  expect(backends.parts.map(({ child }) => isAlive(child.pid))).toEqual([false, false])
  expect(readdirSync(join(dataDir, 'run'))).toEqual([])
})

test('what runs already is used and not stopped', async () => {
  const first = await startBackends({ dataDir })
  const second = await startBackends({ dataDir, redisUrl: first.redisUrl, podmanSocket: first.podmanSocket })
  expect(second.parts).toEqual([])
  await second.close()
  expect(await podmanAnswers(first.podmanSocket)).toBe(true)
  await first.close()
})

test('Redis keeps what it was given, evicts nothing, listens on no port and lets its own user in alone', async () => {
  const options = { dataDir, socketFolder: await makeSocketFolder(dataDir), logFile: join(dataDir, 'redis.log') }
  const first = await startRedis(options)
  const ask = (command: string) => redisReply(first.url.replace('unix://', ''), command)
  expect(await ask('CONFIG GET maxmemory-policy')).toContain('noeviction')
  expect(await ask('CONFIG GET appendonly')).toContain('yes')
  expect(await ask('CONFIG GET port')).toMatch(/\r\n0\r\n$/)
  expect(statSync(first.url.replace('unix://', '')).mode & 0o777).toBe(0o700)
  await ask('SET kept 42')
  await first.close()
  const second = await startRedis(options)
  expect(await redisReply(second.url.replace('unix://', ''), 'GET kept')).toBe('$2\r\n42\r\n')
  await second.close()
})

test('a Redis that cannot start says why', async () => {
  const options = { dataDir, socketFolder: join(dataDir, 'missing'), logFile: join(dataDir, 'redis.log') }
  await expect(startRedis(options)).rejects.toThrow(/Redis exited with 1.*unix socket/is)
})

test('a podman socket nobody listens on does not answer', async () => {
  const path = join(dataDir, 'nobody.sock')
  expect(await podmanAnswers(path)).toBe(false)
  await new Promise((resolve) => createConnection(path).on('error', resolve))
})
