import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ApiKey } from '../../../src/shared/access/api-key.ts'
import { parseKey } from '../../../src/shared/access/key-text.ts'
import { get, post } from '../../support/client.ts'
import { send } from '../../support/send.ts'
import { type AccessGateway, startAccessGateway } from './gateway.ts'

let gateway: AccessGateway
let admin: Record<string, string>
let adminId: string
let url: string

const holding = async (...scopes: ApiKey['scopes']) => {
  const { record, secretKey } = await gateway.apiKeys.create({ name: 'test', tenant: 'acme', scopes })
  return { id: record.id, key: secretKey, headers: { 'x-api-key': secretKey } }
}

beforeAll(async () => {
  gateway = await startAccessGateway({ env: { AUTH: 'required', MAX_WALL_MS: '60000' } })
  url = `${gateway.url}/v1/admin/keys`
  const made = await holding('admin')
  admin = made.headers
  adminId = made.id
})
afterAll(() => gateway.close())

test('a key is made, shown once, opens what it says, is listed and revoked', async () => {
  gateway.events.length = 0
  const asked = {
    name: 'CI of Acme',
    tenant: 'acme',
    scopes: ['jobs', 'containers'],
    rate: { perMinute: 600, burst: 20 },
    maxRunningJobs: 2,
    maxSessions: 3,
    limits: { wallMs: 60_000 },
    screening: 'standard',
    webhook: { url: 'https://example.com/hook' },
    expiresAt: '2100-01-01T00:00:00.000Z',
  }
  const made = await post<ApiKey & { key: string }>(url, asked, admin)
  expect(made.status).toBe(201)
  expect(made.headers.get('cache-control')).toBe('no-store')
  const { key, ...record } = made.body
  expect(record).toEqual({ ...asked, id: parseKey(key)?.id, createdAt: expect.any(String), revokedAt: null })

  const { body: caller } = await get(`${gateway.url}/caller`, { 'x-api-key': key })
  expect(caller).toMatchObject({ tenant: 'acme', keyId: record.id, ceilings: asked.limits, screening: 'standard' })

  const listed = await get<{ keys: ApiKey[] }>(url, admin)
  expect(listed.headers.get('cache-control')).toBe('no-store')
  expect(listed.body.keys).toContainEqual(record)

  const revoked = await send(`${url}/${record.id}`, admin, { method: 'DELETE' })
  expect({ status: revoked.status, body: JSON.parse(revoked.text) as ApiKey }).toEqual({
    status: 200,
    body: { ...record, revokedAt: expect.any(String) },
  })
  expect((await send(`${url}/${record.id}`, admin, { method: 'DELETE' })).text).toBe(revoked.text)
  expect((await get(`${gateway.url}/caller`, { 'x-api-key': key })).status).toBe(401)

  const secret = parseKey(key)?.secret ?? ''
  for (const text of [JSON.stringify(listed.body), revoked.text, JSON.stringify(gateway.events), gateway.log()]) {
    expect(text).not.toContain(secret)
    expect(text).not.toContain('secretHash')
  }
})

test('the making and revoking of a key is told, with whose key did it', async () => {
  gateway.events.length = 0
  const made = await post<ApiKey>(url, { name: 'told of', tenant: 'other' }, admin)
  const revoked = await send(`${url}/${made.body.id}`, admin, { method: 'DELETE' })
  const who = { address: '127.0.0.1', keyId: adminId, tenant: 'acme', jobId: null }
  const what = `key ${made.body.id} ("told of") of the tenant other`
  expect(gateway.events).toEqual([
    { kind: 'key-created', ...who, requestId: made.headers.get('x-request-id'), detail: `${what} was made` },
    { kind: 'key-revoked', ...who, requestId: revoked.headers['x-request-id'], detail: `${what} was revoked` },
  ])
})

test('an unknown key cannot be revoked', async () => {
  const answer = await send(`${url}/000000000000`, admin, { method: 'DELETE' })
  expect(answer.status).toBe(404)
})

describe('is refused with the field named:', () => {
  test.each<{ pointer: string; body: Record<string, unknown> }>([
    { pointer: '/name', body: { tenant: 'acme' } },
    { pointer: '/tenant', body: { name: 'x', tenant: 'local' } },
    { pointer: '/scopes/0', body: { name: 'x', tenant: 'acme', scopes: ['root'] } },
    { pointer: '/rate/burst', body: { name: 'x', tenant: 'acme', rate: { perMinute: 5 } } },
    { pointer: '/limits/wallMs', body: { name: 'x', tenant: 'acme', limits: { wallMs: 60_001 } } },
    { pointer: '/limits/memoryBytes', body: { name: 'x', tenant: 'acme', limits: { memoryBytes: 1 } } },
    { pointer: '/expiresAt', body: { name: 'x', tenant: 'acme', expiresAt: '2001-01-01T00:00:00Z' } },
    { pointer: '/secretHash', body: { name: 'x', tenant: 'acme', secretHash: 'x' } },
  ])('$pointer', async ({ pointer, body }) => {
    const answer = await post<{ errors: { pointer: string }[] }>(url, body, admin)
    expect(answer.status).toBe(422)
    expect(answer.body.errors.map((error) => error.pointer)).toEqual([pointer])
  })
})

test('a key of low scope opens no admin route, and makes no key', async () => {
  gateway.events.length = 0
  const low = await holding('jobs', 'containers')
  const before = (await gateway.apiKeys.list()).length
  for (const { method, path } of [
    { method: 'GET', path: '' },
    { method: 'POST', path: '' },
    { method: 'DELETE', path: `/${adminId}` },
    { method: 'GET', path: '/nowhere' },
  ]) {
    const body = method === 'POST' ? JSON.stringify({ name: 'x', tenant: 'acme', scopes: ['admin'] }) : ''
    const headers = { ...low.headers, 'content-type': 'application/json' }
    const answer = await send(`${url}${path}`, headers, { method, body })
    expect({ status: answer.status, body: JSON.parse(answer.text) as unknown }).toMatchObject({
      status: 403,
      body: {
        code: 'insufficient-scope',
        detail: 'a key with the scope admin is needed; this one has jobs, containers',
      },
    })
  }
  expect((await gateway.apiKeys.list()).length).toBe(before)
  expect((await gateway.apiKeys.find(adminId))?.revokedAt).toBeNull()
  const told = { kind: 'scope-refused', address: '127.0.0.1', keyId: low.id, tenant: 'acme', jobId: null }
  expect(gateway.events).toEqual(
    ['GET /v1/admin/keys', 'POST /v1/admin/keys', 'DELETE /v1/admin/keys/:id', 'GET /v1/admin/keys/:id'].map(
      (route) => ({
        ...told,
        requestId: expect.any(String),
        detail: `${route} needs a key with the scope admin`,
      }),
    ),
  )
})

test('one of several scopes is enough, and another one is not', async () => {
  const containers = await holding('containers')
  expect((await get(`${gateway.url}/either`, containers.headers)).status).toBe(200)
  expect((await get(`${gateway.url}/jobs-only`, containers.headers)).status).toBe(403)
  expect((await get(`${gateway.url}/either`, admin)).status).toBe(403)
})

test('no admin route opens without a key, in any mode, and no installation begins with one', async () => {
  for (const AUTH of ['none', 'optional', 'required']) {
    const fresh = await startAccessGateway({ env: { AUTH } })
    expect(await fresh.apiKeys.list()).toEqual([])
    for (const method of ['GET', 'POST']) {
      const answer = await send(`${fresh.url}/v1/admin/keys`, { 'content-type': 'application/json' }, { method })
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="runyard"')
    }
    const told = fresh.events.map(({ kind, keyId }) => ({ kind, keyId }))
    expect(told).toEqual(AUTH === 'required' ? [] : Array(2).fill({ kind: 'scope-refused', keyId: null }))
    await fresh.close()
  }
})

test('other methods are not allowed', async () => {
  const put = await send(url, admin, { method: 'PUT' })
  expect({ status: put.status, allow: put.headers.allow }).toEqual({ status: 405, allow: 'GET, POST' })
  const read = await send(`${url}/${adminId}`, admin)
  expect({ status: read.status, allow: read.headers.allow }).toEqual({ status: 405, allow: 'DELETE' })
})
