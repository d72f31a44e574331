import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import express from 'express'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { answerProblem } from '../../../src/api/http/answer-problem.ts'
import { connectRedis } from '../../../src/shared/redis/connect.ts'
import { isRedisAway } from '../../../src/shared/redis/redis-away.ts'

const log = pino({ level: 'silent' })
let redis: Redis
beforeAll(async () => {
  redis = new Redis(process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? '')
  await redis.ping()
})
afterAll(() => redis.disconnect())

/** What a gateway answers whose route does this work. */
async function answerOf(work: () => Promise<unknown>): Promise<Response> {
  const app = express()
  app.get('/', async (_req, res) => void res.send(await work()))
  app.use(answerProblem(redis, log))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.close()
    await once(server, 'close')
  }
}

test('503 while any of the connections is away, not only the first', async () => {
  const other = connectRedis({ kind: 'path', path: '/nonexistent/redis.sock', db: 0 }, 'fail-fast', 'test', log)
  try {
    const response = await answerOf(() => other.get('x'))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
    expect(redis.status).toBe('ready')
  } finally {
    other.disconnect()
  }
})

test('503 when a connection is lost between two answers of a pipeline', async () => {
  const server = createSocketServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const text = chunk.toString()
      if (text.includes('second')) socket.end('+OK\r\n')
      else socket.write('+OK\r\n'.repeat(text.match(/^\*/gm)?.length ?? 0))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const other = connectRedis({ kind: 'server', node: { host: '127.0.0.1', port }, db: 0 }, 'fail-fast', 'test', log)
  try {
    if (other.status !== 'ready') await once(other, 'ready')
    let code: unknown
    const response = await answerOf(async () => {
      const [, second] = (await other.pipeline().get('first').get('second').exec()) ?? []
      code = (second?.[0] as { code?: unknown } | undefined)?.code
      throw second?.[0]
    })
    expect(code).toBe('REDIS_AWAY')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
  } finally {
    other.disconnect()
    server.close()
  }
})

test('what Redis answers has no code, what it does not answer has, whatever ends it', async () => {
  const server = createSocketServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const text = chunk.toString()
      if (text.includes('refused')) socket.write('-ERR no\r\n')
      else if (text.includes('lost')) socket.destroy()
      else if (!text.includes('silence')) socket.write('+OK\r\n'.repeat(text.match(/^\*/gm)?.length ?? 0))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const other = connectRedis({ kind: 'server', node: { host: '127.0.0.1', port }, db: 0 }, 'fail-fast', 'test', log)
  const faultOf = (work: Promise<unknown>) =>
    work.then(
      () => 'none',
      (error: unknown) => isRedisAway(error),
    )
  try {
    if (other.status !== 'ready') await once(other, 'ready')
    const answered = await faultOf(other.get('refused'))
    const lost = await faultOf(other.get('lost'))
    await once(other, 'ready')
    const closed = faultOf(other.get('silence'))
    other.disconnect()
    const after = await faultOf(other.get('x'))
    expect([answered, lost, await closed, after]).toEqual([false, true, true, true])
  } finally {
    other.disconnect()
    server.close()
  }
})
