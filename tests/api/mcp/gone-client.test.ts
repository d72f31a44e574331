import { EventEmitter, once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import express from 'express'
import { pino } from 'pino'
import { createOpenResponses } from '../../../src/api/http/open-responses.ts'
import { createMcpFeature, type McpNeeds } from '../../../src/api/mcp/mcp-feature.ts'
import { createKeys } from '../../../src/shared/redis/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { BEFORE, requestOfToday, sendMessage } from '../../support/mcp-client.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

const KNOWN = { 'mcp-protocol-version': BEFORE, 'mcp-session-id': 'session' }
const RUN = { name: 'run_code', arguments: { language: 'python', code: 'while True: pass' } }

/** A gateway whose jobs never end by themselves, and which hears of cancellations when the test lets it. */
async function rig() {
  const published: [string, string][] = []
  const submitted: string[] = []
  const cancelled: string[] = []
  /** Closed, of the requests in their order. */
  const gone: Promise<unknown>[] = []
  const key = new AbortController()
  const subscriber = Object.assign(new EventEmitter(), { status: 'ready', subscribe: () => Promise.resolve(1) })
  const redis = {
    status: 'ready',
    publish: async (channel: string, text: string) => published.push([channel, text]),
  }
  const log = pino({ level: 'silent' })
  const config = { mcp: true, http: { maxBodyBytes: 10_000 } }
  const core = { config, redis, subscriber, keys: createKeys('gone-client'), log }
  const open = createOpenResponses(new AbortController().signal, 10)
  const jobs = {
    requests: { code: async () => ({ head: { id: 'job' } }) },
    submission: {
      async submitAndWait(spec: { head: { id: string } }, _idempotency: undefined, _ms: number, signal: AbortSignal) {
        submitted.push(spec.head.id)
        if (!signal.aborted) await once(signal, 'abort')
        return { id: spec.head.id, replayed: false, job: undefined }
      },
    },
    records: { read: async (id: string) => ({ tenant: 'ada', job: { id, state: 'running' } }) },
    cancel: async ({ id }: { id: string }) => void cancelled.push(id),
  }
  const needs = {
    allow: () => (_req: unknown, _res: unknown, next: () => void) => next(),
    spend: async () => undefined,
    metrics: { toolCalled: () => undefined },
    version: '1',
    tools: { config, languages: [], jobs, open, overview: () => Promise.reject(new Error('none')) },
  }
  const feature = createMcpFeature(core as never, needs as unknown as McpNeeds)
  const app = express()
  app.use((_req, res, next) => {
    res.locals.caller = { tenant: 'ada', keyId: 'a', scopes: ['jobs'], ceilings: {} } as never
    res.locals.keyEnds = () => key.signal
    gone.push(once(res, 'close'))
    next()
  })
  app.use(feature.routes)
  server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const leave = new AbortController()
  /** Calls `run_code`, and goes away when its job has been accepted. */
  const goAway = async (message: object, headers: Record<string, string>) => {
    const answer = sendMessage(url, message, headers, leave.signal)
    answer.catch(() => undefined)
    await eventually('the job', () => submitted.length === 1)
    leave.abort()
    await expect(answer).rejects.toThrow()
    await gone[0]
    // By its answer the gateway has done what it does about a client that has gone.
    const { message: list, headers: today } = requestOfToday('tools/list')
    expect((await sendMessage(url, list, today)).status).toBe(200)
  }
  return {
    cancelled,
    open,
    key,
    today: () => {
      const { message, headers } = requestOfToday('tools/call', RUN)
      return goAway(message, headers)
    },
    before: () => goAway({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: RUN }, KNOWN),
    cancel: () =>
      sendMessage(url, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } }, KNOWN),
    hear: () => published.splice(0).forEach(([channel, text]) => subscriber.emit('message', channel, text)),
  }
}

test('a cancellation that is heard after its client of before has gone ends the job', async () => {
  const { before, cancel, hear, cancelled, open } = await rig()
  await before()
  expect((await cancel()).status).toBe(202)
  expect({ cancelled, open: open.count }).toEqual({ cancelled: [], open: 1 })
  hear()
  await eventually('the end of the job', () => cancelled.length === 1)
  await eventually('the end of the call', () => open.count === 0)
})

test('a client of before that goes away cancels nothing, and the end of its key ends the wait', async () => {
  const { before, key, cancelled, open } = await rig()
  await before()
  expect(open.count).toBe(1)
  key.abort()
  await eventually('the end of the call', () => open.count === 0)
  expect(cancelled).toEqual([])
})

test('a client of today cancels by going away', async () => {
  const { today, cancelled, open } = await rig()
  await today()
  await eventually('the end of the job', () => cancelled.length === 1)
  expect(open.count).toBe(0)
})
