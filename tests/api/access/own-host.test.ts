import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { problemOf, send } from '../../support/send.ts'
import { type AccessGateway, startAccessGateway } from './gateway.ts'

let open: AccessGateway
let closed: AccessGateway

beforeAll(async () => {
  open = await startAccessGateway({ env: { AUTH: 'none' } })
  closed = await startAccessGateway({ env: { AUTH: 'optional' } })
})
afterAll(() => Promise.all([open.close(), closed.close()]))

describe('without authentication', () => {
  test.each([
    'localhost',
    'localhost:3000',
    'LocalHost:3000',
    'runyard.localhost',
    'a.b.localhost:80',
    '127.0.0.1',
    '127.1.2.3:3000',
    '[::1]',
    '[::1]:3000',
  ])('a request to %s is served', async (host) => {
    expect((await send(`${open.url}/caller`, { host })).status).toBe(200)
  })

  test.each([
    'attacker.example',
    'attacker.example:3000',
    'localhost.attacker.example',
    '127.0.0.1.attacker.example',
    'attacker.example?.localhost',
    'user@localhost',
    'localhost:port',
    'localhost:3000:3000',
    '203.0.113.7:3000',
    '0.0.0.0',
    '10.0.0.1',
    '[2001:db8::1]:3000',
    '[::]',
    '.localhost.',
    'mylocalhost',
  ])('a request to "%s" is not', async (host) => {
    const answer = await send(`${open.url}/caller`, { host })
    expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status: 421, code: 'wrong-host' })
    expect(problemOf(answer).detail).toContain('AUTH=required')
  })

  test('a request that names no host is not', async () => {
    const socket = connect(Number(new URL(open.url).port), '127.0.0.1')
    socket.end('GET /caller HTTP/1.0\r\n\r\n')
    expect(await text(socket)).toMatch(/^HTTP\/1.1 421 /)
  })

  test.each(['runyard.example', 'localhost, runyard.example'])('one that a proxy took for %s is not', async (name) => {
    expect((await send(`${open.url}/caller`, { host: 'localhost', 'x-forwarded-host': name })).status).toBe(421)
  })

  describe('nothing is changed by', () => {
    test.each<{ who: string; headers: Record<string, string> }>([
      {
        who: 'a page of another site',
        headers: { 'sec-fetch-site': 'cross-site', origin: 'https://attacker.example' },
      },
      { who: 'a page of another site that hides it', headers: { 'sec-fetch-site': 'cross-site' } },
      { who: 'a page of another site in an old browser', headers: { origin: 'https://attacker.example' } },
      { who: 'a page whose name begins with localhost', headers: { origin: 'http://localhost.attacker.example' } },
      { who: 'a sandboxed frame or a local file', headers: { origin: 'null' } },
    ])('$who', async ({ headers }) => {
      for (const method of ['POST', 'DELETE', 'PUT', 'PATCH']) {
        expect((await send(`${open.url}/caller`, headers, { method })).status).toBe(421)
      }
    })
  })

  test.each(['https://attacker.example', 'null'])(
    'no WebSocket is opened by a page of another site: %s',
    async (origin) => {
      const headers = { origin, connection: 'Upgrade', upgrade: 'websocket' }
      expect((await send(`${open.url}/caller`, headers)).status).toBe(421)
    },
  )

  describe('something may be changed by', () => {
    test.each<{ who: string; headers: Record<string, string> }>([
      { who: 'a program', headers: {} },
      { who: 'the fetch of Node', headers: { 'sec-fetch-mode': 'cors', 'user-agent': 'node' } },
      { who: 'a page of the gateway', headers: { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' } },
      { who: 'a page of this machine', headers: { origin: 'http://127.0.0.1:5173', 'sec-fetch-site': 'same-site' } },
      { who: 'a person who types the address', headers: { 'sec-fetch-site': 'none' } },
    ])('$who', async ({ headers }) => {
      expect((await send(`${open.url}/caller`, headers, { method: 'POST' })).status).toBe(200)
    })

    test('the fetch of this Node', async () => {
      expect((await fetch(`${open.url}/caller`, { method: 'POST', body: '{}' })).status).toBe(200)
    })
  })

  test('a page of another site may still be linked from', async () => {
    expect((await send(`${open.url}/caller`, { 'sec-fetch-site': 'cross-site' })).status).toBe(200)
  })
})

test('with authentication every name is served, and a key is what counts', async () => {
  for (const headers of [
    { host: 'runyard.example' },
    { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' },
  ]) {
    expect((await send(`${closed.url}/caller`, headers, { method: 'POST' })).status).toBe(200)
  }
})
