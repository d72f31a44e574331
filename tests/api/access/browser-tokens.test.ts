import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { MAX_BROWSER_TOKENS } from '../../../src/shared/access/browser-tokens.ts'
import { createBlocks } from '../../../src/shared/security/blocks.ts'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'

const ORIGIN = 'https://docs.example.com'
const FOREIGN = { 'sec-fetch-site': 'cross-site' }

let gateway: LoneGateway
let key: { id: string; headers: { authorization: string } }
let token: string

interface Made {
  id: string
  token: string
  expiresAt: string
}
async function make(body: object, headers: Record<string, string> = key.headers) {
  const response = await fetch(`${gateway.url}/v1/browser-tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Made & { code?: string } }
}
const shown = (text: string, origin = ORIGIN) => ({ authorization: `Bearer ${text}`, origin, ...FOREIGN })
const ask = (path: string, headers: Record<string, string>, method = 'GET') =>
  fetch(`${gateway.url}${path}`, { method, headers })

beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required' })
  key = await gateway.makeKey('acme', { scopes: ['sessions', 'jobs'] })
  const made = await make({ origin: ORIGIN })
  expect(made).toMatchObject({ status: 201, body: { origin: ORIGIN, scopes: ['sessions'] } })
  token = made.body.token
})
afterAll(() => gateway.close())

test('a page of the origin may ask, and read what is answered', async () => {
  const preflight = await ask(
    '/v1/sessions',
    { origin: ORIGIN, ...FOREIGN, 'access-control-request-method': 'POST' },
    'OPTIONS',
  )
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, ORIGIN])
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
  expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()
  for (const path of ['/v1/sessions', '/jupyter/api/kernels']) {
    const answer = await ask(path, shown(token))
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, ORIGIN])
  }
})

test('pages of other origins may not, with the token or without one', async () => {
  const elsewhere = 'https://evil.example'
  const preflight = await ask(
    '/v1/sessions',
    { origin: elsewhere, ...FOREIGN, 'access-control-request-method': 'POST' },
    'OPTIONS',
  )
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([403, null])
  expect((await ask('/v1/sessions', shown(token, elsewhere))).status).toBe(403)
  // An origin that other tokens are for is no better.
  await make({ origin: 'https://other.example' })
  const other = await ask('/v1/sessions', shown(token, 'https://other.example'))
  expect([other.status, await other.json()]).toMatchObject([403, { code: 'cross-site' }])
  expect((await ask('/v1/sessions', { origin: ORIGIN, ...FOREIGN, ...key.headers })).status).toBe(403)
  expect((await ask('/v1/sessions', { origin: ORIGIN, ...FOREIGN })).status).toBe(403)
  // A program that shows it names no origin.
  expect((await ask('/v1/sessions', { authorization: `Bearer ${token}` })).status).toBe(403)
})

test('a token opens its scopes, makes no other token, and is nothing for the operator', async () => {
  expect((await ask('/v1/jobs', shown(token))).status).toBe(403)
  expect((await ask('/v1/admin/keys', shown(token))).status).toBe(403)
  const another = await make({ origin: ORIGIN }, shown(token))
  expect(another).toMatchObject({ status: 403, body: { code: 'insufficient-scope' } })
  const wider = await gateway.makeKey('narrow', { scopes: ['jobs'] })
  expect((await make({ origin: ORIGIN, scopes: ['sessions'] }, wider.headers)).status).toBe(422)
  expect((await make({ origin: ORIGIN, scopes: ['jobs'] }, wider.headers)).status).toBe(201)
})

test.each(['docs.example.com', `${ORIGIN}/guide`, 'null', 'file:///x', 'https://*.example.com'])(
  '%s is no origin of a page',
  async (origin) => expect((await make({ origin })).status).toBe(422),
)

test('a token sees nothing of its tenant or of another token', async () => {
  const submit = async (headers: Record<string, string>) => {
    const response = await fetch(`${gateway.url}/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ language: 'python', code: '1' }),
    })
    return ((await response.json()) as { id: string }).id
  }
  const ofJobs = async () => shown((await make({ origin: ORIGIN, scopes: ['jobs'] })).body.token)
  const [one, two] = [await ofJobs(), await ofJobs()]
  const id = await submit(one)
  expect((await ask(`/v1/jobs/${id}`, one)).status).toBe(200)
  expect((await ask(`/v1/jobs/${id}`, two)).status).toBe(404)
  expect((await ask(`/v1/jobs/${await submit(key.headers)}`, one)).status).toBe(404)
})

test('a token ends by its time and with its key, and the page can read that', async () => {
  const wrong = await ask('/v1/sessions', shown(`ryb_${'0'.repeat(12)}_${'0'.repeat(64)}`))
  expect([wrong.status, wrong.headers.get('access-control-allow-origin')]).toEqual([401, ORIGIN])
  expect((await make({ origin: ORIGIN, lifetimeMs: 1000 })).status).toBe(422)
  const made = await make({ origin: ORIGIN, lifetimeMs: 60_000 })
  expect(await gateway.redis.pttl(gateway.keys.browserToken(made.body.id))).toBeGreaterThan(0)
  const short = await gateway.makeKey('acme', { scopes: ['sessions'] })
  const { body } = await make({ origin: ORIGIN }, short.headers)
  expect((await ask('/v1/sessions', shown(body.token))).status).toBe(200)
  await gateway.revoke(short.id)
  expect((await ask('/v1/sessions', shown(body.token))).status).toBe(401)
})

test('a key has so many tokens that are valid, and the next when one has ended', async () => {
  const many = await gateway.makeKey('acme', { scopes: ['sessions'] })
  const place = gateway.keys.browserTokensOf(many.id)
  const until = (ms: number) => Date.now() + ms
  const others = Array.from({ length: MAX_BROWSER_TOKENS - 2 }, (_, index) => [until(600_000), `other${index}`]).flat()
  await gateway.redis.zadd(place, until(-1), 'ended', until(60_000), 'first', ...others)
  expect((await make({ origin: ORIGIN }, many.headers)).status).toBe(201)
  const headers = { 'content-type': 'application/json', ...many.headers }
  const body = JSON.stringify({ origin: ORIGIN })
  const next = await fetch(`${gateway.url}/v1/browser-tokens`, { method: 'POST', headers, body })
  expect([next.status, await next.json()]).toMatchObject([429, { code: 'too-many-tokens' }])
  expect(Number(next.headers.get('retry-after'))).toBeLessThanOrEqual(60)
  // Others have their own.
  expect((await make({ origin: ORIGIN })).status).toBe(201)
})

test('a block of a key holds for its tokens, and for nobody else', async () => {
  const blocked = await gateway.makeKey('acme', { scopes: ['sessions'] })
  const { body } = await make({ origin: ORIGIN }, blocked.headers)
  const blocks = createBlocks(gateway.redis, gateway.keys, async () => undefined)
  await blocks.block(`key:${blocked.id}`, { seconds: 60, reason: '', by: 'test' })
  const answer = await ask('/v1/sessions', shown(body.token))
  expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'caller-blocked' }])
  expect((await ask('/v1/sessions', shown(token))).status).toBe(200)
})
