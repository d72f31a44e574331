import { EventEmitter, once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import express from 'express'
import { pino } from 'pino'
import { createMcpFeature, type McpNeeds } from '../../../src/api/mcp/mcp-feature.ts'
import type { Protocol } from '../../../src/api/mcp/protocol.ts'
import { createKeys } from '../../../src/shared/redis/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { BEFORE, requestOfToday, sendMessage } from '../../support/mcp-client.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A gateway whose protocol is loaded when the test lets it, and answers each message with its method. */
async function rig() {
  const loads: { resolve: () => void; reject: (error: Error) => void }[] = []
  const answered: unknown[] = []
  let closed = 0
  const protocol: Protocol = {
    answer(_request, message) {
      const { method, id } = message as { method: string; id: number }
      answered.push(method)
      return Promise.resolve(Response.json({ jsonrpc: '2.0', id, result: { method } }))
    },
    missingScopes: () => undefined,
    close: async () => void closed++,
  }
  const subscriber = Object.assign(new EventEmitter(), { status: 'ready', subscribe: () => Promise.resolve(1) })
  const keys = createKeys('first-message')
  const redis = {
    status: 'ready',
    publish: async (channel: string, text: string) => subscriber.emit('message', channel, text),
  }
  const log = pino({ level: 'silent' })
  const core = { config: { mcp: true, http: { maxBodyBytes: 10_000 } }, redis, subscriber, keys, log }
  const needs = { allow: () => (_req: unknown, _res: unknown, next: () => void) => next() }
  const feature = createMcpFeature(core as never, needs as unknown as McpNeeds, async () => {
    await new Promise<void>((resolve, reject) => loads.push({ resolve, reject }))
    return { createProtocol: () => protocol }
  })
  const gone: Promise<unknown>[] = []
  const app = express()
  app.use((_req, res, next) => {
    res.locals.caller = { tenant: 'ada', keyId: 'a', scopes: ['jobs'] } as never
    gone.push(once(res, 'close'))
    next()
  })
  app.use(feature.routes)
  for (const { path, answer } of feature.errors) app.use(path, answer)
  server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    loads,
    answered,
    gone,
    feature,
    closed: () => closed,
    today: (method: string, signal?: AbortSignal) => {
      const { message, headers } = requestOfToday(method)
      return sendMessage(url, message, headers, signal)
    },
    before: (message: object) =>
      sendMessage(url, { jsonrpc: '2.0', ...message }, { 'mcp-protocol-version': BEFORE, 'mcp-session-id': 'session' }),
  }
}

test('first messages that come at once share one load', async () => {
  const { loads, gone, today } = await rig()
  const answers = ['tools/list', 'server/discover'].map((method) => today(method))
  await eventually('both requests', () => gone.length === 2)
  await eventually('a load', () => loads.length > 0)
  loads[0]?.resolve()
  const methods = (await Promise.all(answers)).map(({ message }) => message?.result?.['method'])
  expect(methods).toEqual(['tools/list', 'server/discover'])
  expect(loads).toHaveLength(1)
})

test('a load that fails is an error of the protocol without its cause, and the next message loads anew', async () => {
  const { loads, today } = await rig()
  const first = today('tools/list')
  await eventually('a load', () => loads.length > 0)
  loads[0]?.reject(new Error('no such file: /secret'))
  const { status, message } = await first
  expect({ status, code: message?.error?.code }).toEqual({ status: 500, code: -32603 })
  expect(JSON.stringify(message)).not.toContain('secret')
  const second = today('tools/list')
  await eventually('another load', () => loads.length > 1)
  loads[1]?.resolve()
  expect((await second).status).toBe(200)
})

test('a client of today that goes away during the load has its message not served', async () => {
  const { loads, answered, gone, today } = await rig()
  const ends = new AbortController()
  const given = today('tools/call', ends.signal)
  given.catch(() => undefined)
  await eventually('a load', () => loads.length > 0)
  ends.abort()
  await gone[0]
  const other = today('tools/list')
  await eventually('another request', () => gone.length === 2)
  loads[0]?.resolve()
  expect((await other).status).toBe(200)
  await expect(given).rejects.toThrow()
  expect(answered).toEqual(['tools/list'])
})

test('a client of before cancels its call during the load', async () => {
  const { loads, answered, before } = await rig()
  const call = before({ id: 7, method: 'tools/call', params: { name: 'run_code' } })
  await eventually('a load', () => loads.length > 0)
  const notified = await before({ method: 'notifications/cancelled', params: { requestId: 7 } })
  expect(notified.status).toBe(202)
  loads[0]?.resolve()
  expect((await call).message).toBeUndefined()
  expect(answered).toEqual([])
})

test('what is loaded after the gateway has closed is closed, and answers nothing', async () => {
  const { loads, feature, answered, closed, today } = await rig()
  const message = today('tools/list')
  await eventually('a load', () => loads.length > 0)
  await feature.close()
  loads[0]?.resolve()
  expect((await message).status).toBe(503)
  expect({ answered, closed: closed() }).toEqual({ answered: [], closed: 1 })
})
