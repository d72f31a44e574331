import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAdminSessions } from '../../../src/shared/access/admin-sessions.ts'
import type { StoredSecurityEvent } from '../../../src/shared/security/security-event.ts'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'
import { type RawAnswer, send } from '../../support/send.ts'

/** May call the gateway, and is another origin all the same. */
const ALLOWED = 'https://app.example'

let gateway: LoneGateway
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required', TRUST_PROXY: 'loopback', ALLOWED_ORIGINS: ALLOWED })
})
afterAll(() => gateway.close())

const keyText = ({ headers }: { headers: { authorization: string } }) => headers.authorization.slice('Bearer '.length)
const cookieOf = ({ headers }: RawAnswer) => headers['set-cookie']?.[0] ?? ''
const inside = (headers: Record<string, string> = {}) => ({ ...headers, 'sec-fetch-site': 'same-origin' })

const login = (body: unknown, headers: Record<string, string> = {}) =>
  send(
    `${gateway.url}/v1/admin/session`,
    { 'content-type': 'application/json', ...inside(headers) },
    { method: 'POST', body: JSON.stringify(body) },
  )

/** The header that shows the session of a key. */
async function sessionOf(key: string, headers: Record<string, string> = {}): Promise<{ cookie: string }> {
  const answer = await login({ key }, headers)
  expect(answer.status).toBe(201)
  return { cookie: cookieOf(answer).split(';', 1)[0] ?? '' }
}

const adminKey = () => gateway.makeKey('ops', { scopes: ['admin'] })
const status = async (path: string, headers: Record<string, string>, method = 'GET', body?: string) =>
  (await send(`${gateway.url}${path}`, headers, { method, ...(body !== undefined && { body }) })).status

async function lastEvents(count: number): Promise<StoredSecurityEvent[]> {
  const { headers } = await adminKey()
  const { text } = await send(`${gateway.url}/v1/admin/security-events?limit=${count}`, headers)
  return (JSON.parse(text) as { events: StoredSecurityEvent[] }).events
}

describe('a key with the scope admin', () => {
  test('opens a session, whose cookie opens the admin routes and tells who it is', async () => {
    const key = await adminKey()
    const answer = await login({ key: keyText(key) })
    expect(answer.status).toBe(201)
    expect(cookieOf(answer)).toMatch(/^runyard-session-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    expect(answer.text).not.toContain(/=([^;]+)/.exec(cookieOf(answer))?.[1])
    const cookie = { cookie: cookieOf(answer).split(';', 1)[0] ?? '' }
    const who = await send(`${gateway.url}/v1/admin/session`, cookie)
    expect(JSON.parse(who.text)).toMatchObject({ session: { keyId: key.id, key: { id: key.id, tenant: 'ops' } } })
    for (const path of ['/v1/admin/keys', '/v1/admin/blocks', '/v1/admin/overview', '/metrics']) {
      expect([path, await status(path, cookie)]).toEqual([path, 200])
    }
    expect(await lastEvents(1)).toMatchObject([{ kind: 'admin-login', keyId: key.id, tenant: 'ops' }])
  })

  test('behind TLS gets a cookie that only TLS carries, under a name no other host can set', async () => {
    const key = keyText(await adminKey())
    const answer = await login({ key }, { 'x-forwarded-proto': 'https' })
    expect(cookieOf(answer)).toMatch(
      /^__Host-runyard-session-\d+=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    const value = cookieOf(answer).split(';', 1)[0] ?? ''
    expect(await status('/v1/admin/keys', { cookie: value, 'x-forwarded-proto': 'https' })).toBe(200)
    expect(await status('/v1/admin/keys', { cookie: value.replace('__Host-', ''), 'x-forwarded-proto': 'https' })).toBe(
      401,
    )
  })

  test('is not kept, nor what shows the session: Redis has a hash of it', async () => {
    const key = keyText(await adminKey())
    const { cookie } = await sessionOf(key)
    const names = await gateway.redis.keys(`${gateway.keys.adminSession('*')}`)
    const values = await gateway.redis.mget(names)
    expect(names.length).toBeGreaterThan(0)
    for (const secret of [key.slice(-64), cookie.split('=')[1] ?? '']) {
      expect([...names, ...values].join(' ')).not.toContain(secret)
      expect(gateway.log()).not.toContain(secret)
    }
  })
})

test.each([
  ['a key that is none', { key: 'ry_nothing' }, 401, 'unauthenticated'],
  ['a key that is wrong', { key: `ry_${'a'.repeat(12)}_${'b'.repeat(64)}` }, 401, 'unauthenticated'],
  ['a link that is none', { link: 'x'.repeat(43) }, 401, 'unauthenticated'],
  ['nothing', {}, 422, 'invalid-request'],
])('%s opens nothing', async (_what, body, expected, code) => {
  const answer = await login(body)
  expect([answer.status, JSON.parse(answer.text).code, answer.headers['set-cookie']]).toEqual([
    expected,
    code,
    undefined,
  ])
  if (expected === 401) expect(await lastEvents(1)).toMatchObject([{ kind: 'authentication-failed', keyId: null }])
})

test('a key without the scope opens nothing, and that is on record', async () => {
  const key = await gateway.makeKey('acme', { scopes: ['jobs', 'containers'] })
  const answer = await login({ key: keyText(key) })
  expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, 'insufficient-scope'])
  expect(answer.headers['set-cookie']).toBeUndefined()
  expect(await lastEvents(1)).toMatchObject([
    { kind: 'authentication-failed', detail: expect.stringContaining(key.id) },
  ])
})

test('keys cannot be tried faster than programs can be submitted', async () => {
  const slow = await startLoneGateway({ AUTH: 'required', RATE_PER_MINUTE: '1', RATE_BURST: '4' })
  try {
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) {
      const answer = await send(
        `${slow.url}/v1/admin/session`,
        { 'content-type': 'application/json' },
        { method: 'POST', body: '{"key": "ry_wrong"}' },
      )
      statuses.push(answer.status)
    }
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429])
  } finally {
    await slow.close()
  }
})

describe('a session ends', () => {
  test('when its key is revoked, on every gateway with the next request', async () => {
    const key = await adminKey()
    const cookie = await sessionOf(keyText(key))
    expect(await status('/v1/admin/keys', cookie)).toBe(200)
    const other = await gateway.another()
    // Behind one address, as a balancer asks them.
    const { host } = new URL(gateway.url)
    const onOther = async () => (await send(`${other}/v1/admin/keys`, { ...cookie, host })).status
    expect(await onOther()).toBe(200)
    await gateway.revoke(key.id)
    expect(await status('/v1/admin/keys', cookie)).toBe(401)
    expect(await onOther()).toBe(401)
    const who = await send(`${gateway.url}/v1/admin/session`, cookie)
    expect([who.status, JSON.parse(who.text)]).toEqual([200, { session: null }])
  })

  test('with all it has open, when its key is revoked', async () => {
    const acme = await gateway.makeKey('acme')
    const submitted = await fetch(`${gateway.url}/v1/jobs`, {
      method: 'POST',
      headers: { ...acme.headers, 'content-type': 'application/json' },
      body: '{"language":"bash","code":"true"}',
    })
    const { id } = (await submitted.json()) as { id: string }
    const key = await adminKey()
    const cookie = await sessionOf(keyText(key))
    const stream = await fetch(`${gateway.url}/v1/admin/jobs/${id}/events`, { headers: cookie })
    expect(stream.status).toBe(200)
    const over = stream.text().then(
      () => 'over',
      () => 'over',
    )
    const early = new Promise((resolve) => setTimeout(resolve, 300, 'open'))
    expect(await Promise.race([over, early])).toBe('open')
    await gateway.revoke(key.id)
    expect(await over).toBe('over')
  })

  test('when it is logged out, and the cookie goes', async () => {
    const key = await adminKey()
    const cookie = await sessionOf(keyText(key))
    const out = await send(`${gateway.url}/v1/admin/session`, inside(cookie), { method: 'DELETE' })
    expect(out.status).toBe(204)
    expect(cookieOf(out)).toMatch(/^runyard-session-\d+=; Path=\/; Expires=Thu, 01 Jan 1970/)
    expect(await status('/v1/admin/keys', cookie)).toBe(401)
    expect(await lastEvents(1)).toMatchObject([{ kind: 'admin-logout', keyId: key.id }])
  })

  test('when somebody logs in anew in the same browser', async () => {
    const key = keyText(await adminKey())
    const first = await sessionOf(key)
    await sessionOf(key, first)
    expect(await status('/v1/admin/keys', first)).toBe(401)
  })

  test('when it is idle, and at its end however much it is used', async () => {
    const { redis, keys } = gateway
    const sessions = createAdminSessions(redis, keys, { idleSeconds: 100, maxSeconds: 150 })
    const before = new Set(await redis.keys(keys.adminSession('*')))
    const { token } = await sessions.open(null)
    const own = (await redis.keys(keys.adminSession('*'))).find((name) => !before.has(name)) ?? ''
    await redis.expire(own, 5)
    expect(await sessions.find(token)).toBeDefined()
    expect(await redis.ttl(own)).toBeGreaterThan(95)
    const stored = JSON.parse((await redis.get(own)) ?? '{}') as Record<string, unknown>
    const endsIn = (ms: number) => JSON.stringify({ ...stored, expiresAt: new Date(Date.now() + ms).toISOString() })
    await redis.set(own, endsIn(20_000), 'EX', 100)
    expect(await sessions.find(token)).toBeDefined()
    expect(await redis.ttl(own)).toBeLessThanOrEqual(20)
    await redis.set(own, endsIn(-1), 'EX', 100)
    expect(await sessions.find(token)).toBeUndefined()
  })

  test('without that counting against the address that shows it: an open dashboard asks on', async () => {
    const before = await lastEvents(1)
    for (let i = 0; i < 5; i++) {
      expect(
        await status('/v1/admin/overview', {
          cookie: `runyard-session-${new URL(gateway.url).port}=${'x'.repeat(43)}`,
        }),
      ).toBe(401)
    }
    expect(await lastEvents(1)).toEqual(before)
  })
})

describe('a cookie', () => {
  const unsafe = [
    ['POST', '/v1/admin/keys', '{"name":"x","tenant":"x"}'],
    ['PUT', '/v1/admin/blocks/address:203.0.113.1', '{}'],
    ['DELETE', '/v1/admin/blocks/address:203.0.113.1', undefined],
    ['DELETE', '/v1/admin/session', undefined],
  ] as const
  const elsewhere = {
    'a page of another site': { 'sec-fetch-site': 'cross-site', origin: 'https://attacker.example' },
    'a page on another port of this machine': { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:8080' },
    'an old browser on a page of another site': { origin: 'https://attacker.example' },
    'a page without an origin': { origin: 'null' },
    'a page of another origin that may call': { 'sec-fetch-site': 'cross-site', origin: ALLOWED },
    'an old browser on a page of another origin that may call': { origin: ALLOWED },
    'who says nothing of where it comes from': {},
  }

  test.each(Object.entries(elsewhere))('changes nothing for %s', async (_who, headers) => {
    const cookie = await sessionOf(keyText(await adminKey()))
    for (const [method, path, body] of unsafe) {
      const answer = await send(
        `${gateway.url}${path}`,
        { ...cookie, ...headers, 'content-type': 'application/json' },
        { method, ...(body !== undefined && { body }) },
      )
      expect([method, path, answer.status, JSON.parse(answer.text).code]).toEqual([method, path, 403, 'cross-site'])
    }
    expect(await status('/v1/admin/keys', cookie)).toBe(200)
  })

  test('opens no WebSocket for a page of another site', async () => {
    const cookie = await sessionOf(keyText(await adminKey()))
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    }
    for (const origin of ['https://attacker.example', ALLOWED]) {
      const answer = await send(`${gateway.url}/v1/admin/keys`, { ...cookie, ...upgrade, origin })
      expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, 'cross-site'])
    }
  })

  test('changes things for pages of the gateway itself, with either header', async () => {
    const cookie = await sessionOf(keyText(await adminKey()))
    const { host, origin } = new URL(gateway.url)
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin, host }]) {
      const path = '/v1/admin/blocks/address:203.0.113.77'
      expect(await status(path, { ...cookie, ...headers, 'content-type': 'application/json' }, 'PUT', '{}')).toBe(200)
    }
  })

  test('opens nothing but the admin routes: jobs take a key', async () => {
    const key = await gateway.makeKey('ops', { scopes: ['admin', 'jobs', 'containers'] })
    const cookie = inside(await sessionOf(keyText(key)))
    for (const path of ['/v1/jobs', '/v1/runtimes', '/v1/webhook-secret', '/v1/administrator']) {
      expect([path, await status(path, cookie)]).toEqual([path, 401])
    }
  })

  test('is one for each port: that of another gateway on this machine is neither taken nor ended', async () => {
    const other = await startLoneGateway({ AUTH: 'required' })
    try {
      const cookie = (await sessionOf(keyText(await adminKey()))).cookie
      const renamed = cookie.replace(/-\d+=/, `-${new URL(other.url).port}=`)
      expect((await send(`${other.url}/v1/admin/session`, { cookie })).text).toContain('"session":null')
      expect((await send(`${other.url}/v1/admin/session`, { cookie: renamed })).text).toContain('"session":null')
      const out = await send(`${other.url}/v1/admin/session`, inside({ cookie }), { method: 'DELETE' })
      expect(cookieOf(out)).not.toContain(cookie.split('=')[0])
    } finally {
      await other.close()
    }
  })

  test('gives way to a key that is shown beside it', async () => {
    const cookie = await sessionOf(keyText(await adminKey()))
    const { headers } = await gateway.makeKey('acme', { scopes: ['jobs'] })
    expect(await status('/v1/admin/keys', { ...cookie, ...headers })).toBe(403)
  })
})

test('nobody is logged in by a page of another site', async () => {
  const body = JSON.stringify({ key: keyText(await adminKey()) })
  const json = { 'content-type': 'application/json' }
  for (const headers of [
    { origin: 'https://attacker.example' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: ALLOWED },
  ]) {
    const answer = await send(`${gateway.url}/v1/admin/session`, { ...json, ...headers }, { method: 'POST', body })
    expect([answer.status, answer.headers['set-cookie']]).toEqual([403, undefined])
  }
})

describe('a link that is made on the machine', () => {
  const links = () => createAdminSessions(gateway.redis, gateway.keys, { idleSeconds: 60, maxSeconds: 60 })

  test('opens a session once, without a key', async () => {
    const link = await links().makeLink()
    const [first, second] = [await login({ link }), await login({ link })]
    expect([first.status, second.status]).toEqual([201, 401])
    const cookie = { cookie: cookieOf(first).split(';', 1)[0] ?? '' }
    expect(await status('/v1/admin/keys', cookie)).toBe(200)
    expect(await status('/v1/jobs', cookie)).toBe(401)
  })

  test('ends after ten minutes', async () => {
    await links().makeLink()
    const [name = ''] = await gateway.redis.keys(gateway.keys.adminLink('*'))
    expect(await gateway.redis.ttl(name)).toBeGreaterThan(590)
    expect(await gateway.redis.ttl(name)).toBeLessThanOrEqual(600)
  })
})

test('without authentication the admin routes still take a key or a session', async () => {
  const open = await startLoneGateway({ AUTH: 'none' })
  try {
    expect((await send(`${open.url}/v1/admin/keys`)).status).toBe(401)
    const link = await createAdminSessions(open.redis, open.keys, { idleSeconds: 60, maxSeconds: 60 }).makeLink()
    const json = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    const answer = await send(`${open.url}/v1/admin/session`, json, { method: 'POST', body: JSON.stringify({ link }) })
    const cookie = { cookie: cookieOf(answer).split(';', 1)[0] ?? '' }
    expect((await send(`${open.url}/v1/admin/keys`, cookie)).status).toBe(200)
    const submitted = await send(
      `${open.url}/v1/jobs`,
      { ...cookie, 'content-type': 'application/json' },
      { method: 'POST', body: '{"language":"python","code":"1"}' },
    )
    expect(submitted.status).toBe(202)
  } finally {
    await open.close()
  }
})
