import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import express from 'express'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { answerProblem } from '../../../src/api/http/answer-problem.ts'
import { connectRedis } from '../../../src/shared/redis/connect.ts'
import { isRedisAway } from '../../../src/shared/redis/redis-away.ts'
import { eventually } from '../../support/eventually.ts'

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
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await response.arrayBuffer()
    return response
  } finally {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
}

/** A Redis that does with each command what the test says, however they come: in one piece, in several, or cut. */
async function startRedis(take: (command: string, socket: Socket) => void) {
  const server = createSocketServer((socket) => {
    socket.on('error', () => undefined)
    let rest = ''
    socket.on('data', (chunk) => {
      rest += chunk.toString()
      for (;;) {
        // `*2`, then of each word its length and itself.
        const lines = rest.split('\r\n')
        const end = 1 + 2 * Number(lines[0]?.slice(1))
        if (lines.length <= end) return
        rest = lines.slice(end).join('\r\n')
        take(lines.slice(1, end).join(' '), socket)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connection = connectRedis(
    { kind: 'server', node: { host: '127.0.0.1', port }, db: 0 },
    'fail-fast',
    'test',
    log,
  )
  return {
    connection,
    // A try that fails on a busy machine is made again.
    ready: () => eventually('the connection is ready', () => Promise.resolve(connection.status === 'ready')),
    close() {
      connection.disconnect()
      server.close()
    },
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
  const other = await startRedis((command, socket) => {
    if (command.includes('second')) socket.end()
    else socket.write('+OK\r\n')
  })
  try {
    await other.ready()
    let code: unknown
    const response = await answerOf(async () => {
      const [, second] = (await other.connection.pipeline().get('first').get('second').exec()) ?? []
      code = (second?.[0] as { code?: unknown } | undefined)?.code
      throw second?.[0]
    })
    expect(code).toBe('REDIS_AWAY')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
  } finally {
    other.close()
  }
})

test('what Redis answers has no code, what it does not answer has, whatever ends it', async () => {
  const other = await startRedis((command, socket) => {
    if (command.includes('refused')) socket.write('-ERR no\r\n')
    else if (command.includes('lost')) socket.destroy()
    else if (!command.includes('silence')) socket.write('+OK\r\n')
  })
  const { connection } = other
  const isAway = (work: Promise<unknown>) =>
    work.then(
      () => 'none',
      (error: unknown) => isRedisAway(error),
    )
  try {
    await other.ready()
    // An answer that takes longer than a command may, on a busy machine, is none.
    await eventually('an answer', async () => (await isAway(connection.get('refused'))) === false)
    expect(await isAway(connection.get('lost'))).toBe(true)
    await other.ready()
    const silence = isAway(connection.get('silence'))
    connection.disconnect()
    expect([await silence, await isAway(connection.get('x'))]).toEqual([true, true])
  } finally {
    other.close()
  }
})
