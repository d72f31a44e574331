import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import express from 'express'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { answerProblem } from '../../../src/api/http/answer-problem.ts'
import { connectRedis } from '../../../src/shared/redis/connect.ts'

const log = pino({ level: 'silent' })
let redis: Redis
beforeAll(async () => {
  redis = new Redis(process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? '')
  await redis.ping()
})
afterAll(() => redis.disconnect())

test('503 while any of the connections is away, not only the first', async () => {
  const other = connectRedis({ kind: 'path', path: '/nonexistent/redis.sock', db: 0 }, 'fail-fast', 'test', log)
  const app = express()
  app.get('/', async (_req, res) => void res.send(await other.get('x')))
  app.use(answerProblem(redis, log))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
    expect(redis.status).toBe('ready')
  } finally {
    other.disconnect()
    server.close()
    await once(server, 'close')
  }
})
