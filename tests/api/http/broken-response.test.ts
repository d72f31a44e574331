import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import express from 'express'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import type { StoredEvent } from '../../../src/api/events/live-events.ts'
import { answerProblem } from '../../../src/api/http/answer-problem.ts'
import { sendEvents } from '../../../src/api/http/sse.ts'
import { queueUnavailable } from '../../../src/shared/problems.ts'

let redis: Redis
beforeAll(async () => {
  redis = new Redis(process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? '')
  await redis.ping()
})
afterAll(() => redis.disconnect())

async function* breaksOff(): AsyncGenerator<StoredEvent> {
  yield { id: '1-0', type: 'state', data: '{}' }
  await new Promise((resolve) => setTimeout(resolve, 20))
  throw new Error('the queue went away')
}

test('a stream that fails in its middle is broken off, and told of in the log alone', async () => {
  let logged = ''
  const written = jest.spyOn(console, 'error').mockImplementation(() => undefined)
  const app = express()
  // As an operator runs it: in tests Express says nothing.
  app.set('env', 'production')
  app.get('/', (_req, res) => sendEvents(res, breaksOff(), new AbortController().signal))
  app.use(answerProblem(redis, pino({ level: 'info' }, { write: (line: string) => void (logged += line) })))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect(response.status).toBe(200)
    let received = ''
    const reading = (async () => {
      for await (const chunk of response.body ?? []) received += Buffer.from(chunk).toString()
    })()
    await expect(reading).rejects.toThrow()
    expect(received).toContain('event: state')
    expect(logged).toContain('the queue went away')
    expect(written).not.toHaveBeenCalled()
  } finally {
    written.mockRestore()
    server.close()
    await once(server, 'close')
  }
})

test('a stream whose events cannot be subscribed to is answered 503, with the time to come back', async () => {
  const app = express()
  app.get('/', (_req, res) => sendEvents(res, Promise.reject(queueUnavailable()), new AbortController().signal))
  app.use(answerProblem(redis, pino({ level: 'silent' })))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
    expect(await response.json()).toMatchObject({ code: 'unavailable' })
  } finally {
    server.close()
    await once(server, 'close')
  }
})
