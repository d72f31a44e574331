import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { runFirstJob } from '../../src/cli/up/first-job.ts'

const never = new AbortController().signal

async function withGateway<T>(answer: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).finally(() => server.close())
}

const job = (state: string, status: string | null) => JSON.stringify({ id: 'j1', state, status, stages: [] })

test('a first job that runs on when the answer comes is waited for', async () => {
  const asked: string[] = []
  const ended = await withGateway(
    (request, response) => {
      asked.push(`${request.method} ${request.url}`)
      if (request.method === 'POST') response.writeHead(202).end(job('running', null))
      else response.end(asked.length < 3 ? job('running', null) : job('finished', 'succeeded'))
    },
    (url) => runFirstJob(url, {}, 60_000, never),
  )
  expect(ended.status).toBe('succeeded')
  expect(asked).toEqual(['POST /v1/jobs', 'GET /v1/jobs/j1', 'GET /v1/jobs/j1'])
})

test('one that does not end in time is told as running, with the setting that gives it more', async () => {
  const running = withGateway(
    (request, response) => void response.writeHead(request.method === 'POST' ? 202 : 200).end(job('running', null)),
    (url) => runFirstJob(url, {}, 1, never),
  )
  await expect(running).rejects.toThrow(/the first job, j1, is running after 0.001 s; .* TIMEOUT_FACTOR/)
})

test('one that is refused is told as that', async () => {
  const refused = withGateway(
    (_request, response) => void response.writeHead(503).end('full'),
    (url) => runFirstJob(url, {}, 60_000, never),
  )
  await expect(refused).rejects.toThrow('the first job was not accepted: HTTP 503 full')
})
