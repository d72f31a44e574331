import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { formatKey, newKeyText, parseKey } from '../../../src/shared/access/key-text.ts'
import { Problem } from '../../../src/shared/problems.ts'
import { problemOf, send } from '../../support/send.ts'
import { type AccessGateway, startAccessGateway } from './gateway.ts'
import { eventually } from '../../support/eventually.ts'

let none: AccessGateway
let optional: AccessGateway
let required: AccessGateway
const all = () => [none, optional, required]
const namespace = 'access-authenticate'
let id: string
let key: string

beforeAll(async () => {
  const start = (AUTH: string) => startAccessGateway({ env: { AUTH, TENANT_MAX_RUNNING_JOBS: '7' }, namespace })
  ;[none, optional, required] = await Promise.all([start('none'), start('optional'), start('required')])
  const { record, secretKey } = await required.apiKeys.create({ name: 'test', tenant: 'acme' })
  id = record.id
  key = secretKey
})
afterAll(() => Promise.all(all().map((gateway) => gateway.close())))

const bearer = (shown: string) => ({ authorization: `Bearer ${shown}` })

test('without authentication a caller without a key is the tenant `local`', async () => {
  expect(JSON.parse((await send(`${none.url}/caller`)).text)).toEqual({
    tenant: 'local',
    shareable: true,
    address: '127.0.0.1',
    keyId: null,
    scopes: ['jobs', 'containers', 'files', 'sessions'],
    rate: null,
    maxRunningJobs: 7,
    maxSessions: null,
    ceilings: {},
    screening: null,
    webhook: null,
  })
})

test('with optional authentication a caller without a key is a tenant by its address, which shares nothing', async () => {
  expect(JSON.parse((await send(`${optional.url}/caller`)).text)).toMatchObject({
    tenant: 'anonymous:127.0.0.1',
    shareable: false,
    keyId: null,
    scopes: ['jobs', 'containers'],
  })
})

test('with required authentication there is no answer without a key but how to show one', async () => {
  const answer = await send(`${required.url}/caller`)
  expect(answer.status).toBe(401)
  expect(answer.headers['www-authenticate']).toBe('Bearer realm="runyard"')
  expect(answer.headers['content-type']).toContain('application/problem+json')
  expect(problemOf(answer).detail).toContain('Authorization: Bearer')
})

test('a key makes its holder the tenant it says, in every mode', async () => {
  for (const gateway of all()) {
    const answer = await send(`${gateway.url}/caller`, bearer(key))
    expect(JSON.parse(answer.text)).toEqual({
      tenant: 'acme',
      shareable: true,
      address: '127.0.0.1',
      keyId: id,
      scopes: ['jobs'],
      rate: null,
      maxRunningJobs: 7,
      maxSessions: null,
      ceilings: {},
      screening: null,
      webhook: null,
    })
  }
})

test('what a key has of its own goes before what the service has', async () => {
  const own = {
    rate: { perMinute: 5, burst: 2 },
    maxRunningJobs: 3,
    maxSessions: 2,
    limits: { wallMs: 1000 },
    screening: 'off' as const,
    scopes: ['admin' as const],
  }
  const { secretKey } = await required.apiKeys.create({ name: 'test', tenant: 'acme', ...own })
  const { limits, ...rest } = own
  const caller = JSON.parse((await send(`${required.url}/caller`, bearer(secretKey))).text) as object
  expect(caller).toMatchObject({ ...rest, ceilings: limits })
})

describe('a key is accepted', () => {
  test.each<{ title: string; headers: () => Record<string, string> }>([
    { title: 'in Authorization', headers: () => bearer(key) },
    { title: 'in Authorization, whatever the case of `bearer`', headers: () => ({ authorization: `BEARER ${key}` }) },
    { title: 'in Authorization behind several spaces', headers: () => ({ authorization: `Bearer   ${key}` }) },
    { title: 'in X-API-Key', headers: () => ({ 'x-api-key': key }) },
    { title: 'in both, when it is the same', headers: () => ({ ...bearer(key), 'x-api-key': key }) },
  ])('$title', async ({ headers }) => expect((await send(`${required.url}/caller`, headers())).status).toBe(200))
})

describe('is refused in every mode:', () => {
  const other = formatKey(newKeyText())
  const secret = () => parseKey(key)?.secret ?? ''
  test.each<{ title: string; headers: () => Record<string, string | string[]> }>([
    { title: 'an unknown key', headers: () => bearer(other) },
    { title: 'a wrong secret', headers: () => bearer(formatKey({ id, secret: newKeyText().secret })) },
    {
      title: 'a right secret with another id',
      headers: () => bearer(formatKey({ id: '0'.repeat(12), secret: secret() })),
    },
    { title: 'a secret alone', headers: () => bearer(secret()) },
    { title: 'half a key', headers: () => bearer(key.slice(0, 30)) },
    { title: 'words', headers: () => bearer('let me in') },
    { title: 'an empty Authorization', headers: () => ({ authorization: '' }) },
    { title: 'a Bearer of nothing', headers: () => ({ authorization: 'Bearer' }) },
    { title: 'an empty X-API-Key', headers: () => ({ 'x-api-key': '' }) },
    { title: 'a key without Bearer', headers: () => ({ authorization: key }) },
    { title: 'a user and a password', headers: () => ({ authorization: `Basic ${btoa(`${key}:`)}` }) },
    { title: 'a right and a wrong key', headers: () => ({ ...bearer(key), 'x-api-key': other }) },
    { title: 'a wrong and a right key', headers: () => ({ ...bearer(other), 'x-api-key': key }) },
    { title: 'X-API-Key twice, with two keys', headers: () => ({ 'x-api-key': [key, other] }) },
    { title: 'X-API-Key with a list', headers: () => ({ 'x-api-key': `${key}, ${key}` }) },
  ])('$title', async ({ headers }) => {
    for (const gateway of all()) {
      const answer = await send(`${gateway.url}/caller`, headers())
      expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status: 401, code: 'unauthenticated' })
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="runyard"')
    }
  })

  test('Authorization twice, of which Node would show the first only', async () => {
    for (const [first, second] of [
      [key, other],
      [other, key],
    ] as const) {
      const socket = connect(Number(new URL(required.url).port), '127.0.0.1')
      socket.end(
        `GET /caller HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
          `Authorization: Bearer ${first}\r\nAuthorization: Bearer ${second}\r\n\r\n`,
      )
      expect(await text(socket)).toMatch(/^HTTP\/1.1 401 /)
    }
  })
})

test('an unknown id, a wrong secret, an expired, a revoked and a malformed key get the same answer', async () => {
  const fields = { name: 'test', tenant: 'acme' }
  const revoked = await required.apiKeys.create(fields)
  await required.apiKeys.revoke(revoked.record.id)
  const expired = await required.apiKeys.create({ ...fields, expiresAt: new Date(Date.now() + 1).toISOString() })
  await eventually('the key has expired', async () => !(await required.apiKeys.verify(expired.secretKey)))
  const shown = [
    formatKey(newKeyText()),
    formatKey({ id, secret: newKeyText().secret }),
    revoked.secretKey,
    expired.secretKey,
    'ry_nonsense',
  ]
  const answers = await Promise.all(shown.map((one) => send(`${required.url}/caller`, bearer(one))))
  const seen = answers.map(({ status, headers, text: body }) => {
    const { date: _date, 'x-request-id': _id, ...rest } = headers
    return JSON.stringify({ status, rest, body })
  })
  expect(new Set(seen).size).toBe(1)
})

describe('a key in a URL is refused, also beside a right one in a header:', () => {
  test.each<{ title: string; query: () => string }>([
    { title: 'as a value', query: () => `x=${key}` },
    { title: 'behind `Bearer`', query: () => `a=1&callback=Bearer%20${key}` },
    { title: 'as a name', query: () => key },
    { title: 'key=1', query: () => 'key=1' },
    { title: 'api_key=1', query: () => 'api_key=1' },
    { title: 'API_KEY=1', query: () => 'API_KEY=1' },
    { title: 'apikey=1', query: () => 'apikey=1' },
    { title: 'api-key=1', query: () => 'api-key=1' },
    { title: 'token=', query: () => 'token=' },
    { title: 'access_token=1', query: () => 'access_token=1' },
    { title: 'access%5Ftoken=1', query: () => 'access%5Ftoken=1' },
  ])('$title', async ({ query }) => {
    for (const gateway of all()) {
      const answer = await send(`${gateway.url}/caller?${query()}`, bearer(key))
      expect(answer.status).toBe(401)
      expect(problemOf(answer).detail).toContain('logs')
      expect(answer.text).not.toContain(key)
    }
  })

  test('other queries are nothing of this', async () => {
    const url = `${required.url}/caller?wait=5&cursor=b2xkZXN0&q=the_library_of_keys&keyword=key&state=`
    expect((await send(url, bearer(key))).status).toBe(200)
  })
})

test('each key that is not accepted is told of, with the address and never with the key; none is no attempt', async () => {
  required.events.length = 0
  const wrong = formatKey({ id, secret: newKeyText().secret })
  const answer = await send(`${required.url}/caller`, bearer(wrong))
  await send(`${required.url}/caller`)
  await send(`${required.url}/caller?token=${key}`)
  const origin = { kind: 'authentication-failed', address: '127.0.0.1', keyId: null, tenant: null, jobId: null }
  expect(required.events).toEqual([
    { ...origin, requestId: answer.headers['x-request-id'], detail: `the invalid key ${id} was sent` },
    { ...origin, requestId: expect.any(String), detail: 'a key was sent in the URL' },
  ])
  expect(JSON.stringify(required.events)).not.toContain(parseKey(key)?.secret)
  expect(JSON.stringify(required.events)).not.toContain(parseKey(wrong)?.secret)
})

test('whoever is told of a refusal can answer in its place', async () => {
  const gateway = await startAccessGateway({
    env: { AUTH: 'required' },
    onFailure: () => Promise.reject(new Problem('rate-limited', 'slower', { headers: { 'Retry-After': '3' } })),
  })
  const answer = await send(`${gateway.url}/caller`, bearer('wrong'))
  expect({ status: answer.status, wait: answer.headers['retry-after'] }).toEqual({ status: 429, wait: '3' })
  await gateway.close()
})

test('while Redis is away a key is neither right nor wrong', async () => {
  const gateway = await startAccessGateway({ env: { AUTH: 'optional' }, redisUrl: 'unix:///nonexistent/redis.sock' })
  const answer = await send(`${gateway.url}/caller`, bearer(key))
  expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status: 503, code: 'unavailable' })
  expect(gateway.events).toEqual([])
  expect((await send(`${gateway.url}/caller`)).status).toBe(200)
  expect((await send(`${gateway.url}/healthz`)).status).toBe(200)
  await gateway.close()
})

test('no page of another origin is let in: no answer has a CORS header, and a preflight gets none', async () => {
  const origin = { origin: 'http://localhost:5173' }
  const answers = await Promise.all([
    send(`${required.url}/caller`, { ...origin, ...bearer(key) }),
    send(`${required.url}/caller`, origin),
    send(
      `${required.url}/caller`,
      { ...origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      { method: 'OPTIONS' },
    ),
  ])
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403])
  const names = answers.flatMap(({ headers }) => Object.keys(headers))
  expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([])
})

test('no key, no secret and no hash stands in any line of the log', async () => {
  const { record, secretKey } = await required.apiKeys.create({ name: 'test', tenant: 'acme', scopes: ['admin'] })
  for (const gateway of all()) {
    await send(`${gateway.url}/v1/admin/keys`, bearer(secretKey))
    await send(`${gateway.url}/v1/admin/keys?api_key=${secretKey}`)
    await send(`${gateway.url}/nowhere`, { 'x-api-key': secretKey })
    const answer = await send(`${gateway.url}/v1/admin/keys/${record.id}`, bearer(secretKey))
    const requestId = String(answer.headers['x-request-id'])
    await eventually(`the line of the request ${requestId}`, () => gateway.log().includes(requestId))
    expect(gateway.log()).not.toContain('ry_')
    for (const shown of [key, secretKey]) expect(gateway.log()).not.toContain(parseKey(shown)?.secret)
    expect(gateway.log()).not.toMatch(/authorization|secretHash|x-api-key/i)
  }
})
