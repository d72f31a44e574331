import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import express from 'express'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { answerProblem } from '../../../src/api/http/answer-problem.ts'
import { createArrivals } from '../../../src/api/http/arrivals.ts'
import { requestLog } from '../../../src/api/http/request-log.ts'
import { queueUnavailable } from '../../../src/shared/problems.ts'
import { eventually } from '../../support/eventually.ts'
import { send } from '../../support/send.ts'

const [INFO, ERROR] = [30, 50]
const arrivals = createArrivals(2)
arrivals.enter('acme', 1)
arrivals.enter('other', 1)

test.each<[string, () => unknown, number, [number, string][]]>([
  ['of a tenant that has its share', () => arrivals.enter('acme', 1), 429, [[INFO, 'request']]],
  ['while there is no room for anybody', () => arrivals.enter('third', 1), 503, [[INFO, 'request refused']]],
  [
    'that fails',
    () => {
      throw queueUnavailable(new Error('gone'))
    },
    503,
    [
      [ERROR, 'request failed'],
      [ERROR, 'request failed'],
    ],
  ],
])('a request %s is logged as what it is', async (_, handle, status, expected) => {
  const lines: [number, string][] = []
  const write = (line: string) => {
    const { level, msg } = JSON.parse(line) as { level: number; msg: string }
    lines.push([level, msg])
  }
  const log = pino({ level: 'info' }, { write })
  const app = express()
  app.use(requestLog(log))
  app.get('/', handle)
  app.use(answerProblem(new Redis({ lazyConnect: true }), log))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const answer = await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect(answer.status).toBe(status)
    // The answer may come before its line is written.
    await eventually('the request is logged', () => lines.length >= expected.length)
    expect(lines).toEqual(expected)
  } finally {
    server.close()
    await once(server, 'close')
  }
})
