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
})

test('with authentication every name is served, and a key is what counts', async () => {
  expect((await send(`${closed.url}/caller`, { host: 'runyard.example' }, { method: 'POST' })).status).toBe(200)
})

describe('a request is refused as malformed that', () => {
  const answerTo = async (head: string): Promise<string> => {
    const socket = connect(Number(new URL(closed.url).port), '127.0.0.1')
    socket.end(`${head}\r\nConnection: close\r\n\r\n`)
    return text(socket)
  }
  const own = () => new URL(closed.url).host

  test.each([
    ['names two hosts', () => `GET /caller HTTP/1.1\r\nHost: ${own()}\r\nHost: attacker.example`],
    ['names one host twice', () => `GET /caller HTTP/1.1\r\nHost: ${own()}\r\nhost: ${own()}`],
    ['names no host', () => 'GET /caller HTTP/1.1'],
    ['names another host in its URL', () => `GET http://attacker.example/caller HTTP/1.1\r\nHost: ${own()}`],
    ['names another port in its URL', () => `GET http://127.0.0.1:1/caller HTTP/1.1\r\nHost: ${own()}`],
  ])('%s', async (_what, head) => {
    const answer = await answerTo(head())
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).toContain('"code":"malformed-request"')
  })

  test.each([
    ['the URL names its host too', () => `GET http://${own().toUpperCase()}/caller HTTP/1.1\r\nHost: ${own()}`],
    ['it is of HTTP/1.0 and names none', () => 'GET /caller HTTP/1.0'],
  ])('and not when %s', async (_what, head) => {
    expect(await answerTo(head())).toMatch(/^HTTP\/1.1 200 /)
  })
})
