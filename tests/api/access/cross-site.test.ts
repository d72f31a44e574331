import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'
import { problemOf, send } from '../../support/send.ts'
import { type AccessGateway, startAccessGateway } from './gateway.ts'

const ALLOWED = 'https://app.example'
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

let open: AccessGateway
let closed: AccessGateway
let proxied: AccessGateway
beforeAll(async () => {
  open = await startAccessGateway({ env: { AUTH: 'none', ALLOWED_ORIGINS: ALLOWED } })
  closed = await startAccessGateway({ env: { AUTH: 'optional' } })
  proxied = await startAccessGateway({ env: { AUTH: 'optional', TRUST_PROXY: 'loopback' } })
})
afterAll(() => Promise.all([open, closed, proxied].map((one) => one.close())))

const PAGES_ELSEWHERE: { who: string; headers: Record<string, string> }[] = [
  { who: 'a page of another site', headers: { 'sec-fetch-site': 'cross-site', origin: 'https://attacker.example' } },
  {
    who: 'an image or a script of another site',
    headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
  },
  { who: 'a page of another site in an old browser', headers: { origin: 'https://attacker.example' } },
  { who: 'an image of another site in an old browser', headers: { referer: 'https://attacker.example/page' } },
  {
    who: 'a page on another port of this machine',
    headers: { 'sec-fetch-site': 'same-site', origin: 'http://localhost:5173' },
  },
  { who: 'a page on another port of this address', headers: { origin: 'http://127.0.0.1:5173' } },
  {
    who: 'an image on another port of this machine',
    headers: { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' },
  },
  { who: 'another port in an old browser', headers: { referer: 'http://127.0.0.1:5173/' } },
  { who: 'a page whose name begins with ours', headers: { origin: 'http://localhost.attacker.example' } },
  { who: 'a sandboxed frame or a local file', headers: { origin: 'null' } },
  { who: 'an extension of the browser', headers: { origin: 'chrome-extension://abcdef', 'sec-fetch-site': 'none' } },
]

describe.each(PAGES_ELSEWHERE)('$who', ({ headers }) => {
  test.each(METHODS)('gets nothing with %s, with authentication and without', async (method) => {
    for (const { url } of [open, closed]) {
      const answer = await send(`${url}/caller`, headers, { method })
      expect(answer.status).toBe(403)
      if (method !== 'HEAD') expect(problemOf(answer).code).toBe('cross-site')
    }
  })

  test('opens no WebSocket', async () => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket' }
    for (const { url } of [open, closed]) {
      expect((await send(`${url}/caller`, { ...headers, ...upgrade })).status).toBe(403)
    }
  })
})

describe('served is', () => {
  const own = () => ({ origin: open.url, 'sec-fetch-site': 'same-origin' })
  test.each<{ who: string; headers: () => Record<string, string> }>([
    { who: 'a program', headers: () => ({}) },
    { who: 'the fetch of Node', headers: () => ({ 'sec-fetch-mode': 'cors', 'user-agent': 'node' }) },
    { who: 'a page of the gateway', headers: own },
    { who: 'a page of the gateway in an old browser', headers: () => ({ origin: open.url }) },
    { who: 'a picture of a page of the gateway in an old browser', headers: () => ({ referer: `${open.url}/#x` }) },
    {
      who: 'a person who types the address',
      headers: () => ({ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }),
    },
    {
      who: 'a page of an origin that the operator allows',
      headers: () => ({ origin: ALLOWED, 'sec-fetch-site': 'cross-site' }),
    },
  ])('$who', async ({ headers }) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect((await send(`${open.url}/caller`, headers(), { method })).status).toBe(200)
    }
  })

  test('a page of the gateway by the name its proxy was asked for', async () => {
    const headers = { origin: 'https://runyard.example', 'sec-fetch-site': 'same-origin' }
    const asked = { ...headers, 'x-forwarded-host': 'runyard.example', 'x-forwarded-proto': 'https' }
    expect((await send(`${proxied.url}/caller`, asked, { method: 'POST' })).status).toBe(200)
    const renamed = { ...headers, host: 'gateway.internal:3000' }
    expect((await send(`${closed.url}/caller`, renamed, { method: 'POST' })).status).toBe(200)
  })

  test('and no other origin that the operator did not allow: the refusal names the setting', async () => {
    const answer = await send(`${open.url}/caller`, { origin: 'https://app.example:444' })
    expect(answer.status).toBe(403)
    expect(problemOf(answer).detail).toContain('ALLOWED_ORIGINS')
    expect(problemOf(answer).detail).toContain('https://app.example:444')
  })
})

describe('a whole gateway', () => {
  let gateway: LoneGateway
  beforeAll(async () => {
    gateway = await startLoneGateway({
      RATE_PER_MINUTE: '1',
      RATE_BURST: '1',
      READ_RATE_PER_MINUTE: '1',
      READ_RATE_BURST: '1',
    })
  })
  afterAll(() => gateway.close())
  const link = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    accept: 'text/html',
  }

  test('spends no budget on what it refuses, and writes down no event', async () => {
    const elsewhere = { 'sec-fetch-site': 'same-site', origin: 'http://localhost:5173' }
    for (let i = 0; i < 5; i++) {
      for (const [method, path] of [
        ['POST', '/v1/jobs'],
        ['GET', '/v1/runtimes'],
        ['POST', '/v1/admin/session'],
        ['GET', '/healthz'],
      ] as const) {
        expect((await send(`${gateway.url}${path}`, elsewhere, { method })).status).toBe(403)
      }
    }
    expect(await gateway.redis.keys(gateway.keys.rate('*'))).toEqual([])
    expect(await gateway.redis.exists(gateway.keys.securityEvents)).toBe(0)
    expect((await send(`${gateway.url}/v1/runtimes`)).status).toBe(200)
  })

  test('lets people follow a link to a page, from another site and from another port', async () => {
    for (const path of ['/', '/docs', '/openapi.json', '/admin', '/admin/jobs']) {
      for (const site of ['cross-site', 'same-site']) {
        const answer = await send(`${gateway.url}${path}`, {
          ...link,
          'sec-fetch-site': site,
          referer: 'https://blog.example/',
        })
        expect([path, site, answer.status]).toEqual([path, site, 200])
      }
      const old = await send(`${gateway.url}${path}`, { accept: 'text/html', referer: 'https://blog.example/' })
      expect([path, old.status]).toEqual([path, 200])
    }
    const board = await send(`${gateway.url}/admin/queues`, { ...link, 'sec-fetch-site': 'same-site' })
    expect([board.status, board.headers.location]).toEqual([303, '/admin'])
  })

  test.each([
    ['the API', '/v1/jobs', link, 'GET'],
    ['a page by a form', '/', link, 'POST'],
    ['a page in a frame', '/', { ...link, 'sec-fetch-dest': 'iframe' }, 'GET'],
    ['a page as a program reads it', '/', { ...link, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 'GET'],
    ['a file of a page', '/assets/x.js', { ...link, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }, 'GET'],
  ] as const)('and nothing else: %s', async (_what, path, headers, method) => {
    expect((await send(`${gateway.url}${path}`, headers, { method })).status).toBe(403)
  })
})
