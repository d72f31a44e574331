import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'
import { send } from '../../support/send.ts'

/** What pages of other sites could try in the browser of somebody who may. */

let gateway: LoneGateway
let admin: { authorization: string }
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required' })
  admin = (await gateway.makeKey('ops', { scopes: ['jobs', 'containers', 'admin'] })).headers
})
afterAll(() => gateway.close())

const PATHS = [
  '/',
  '/healthz',
  '/v1/jobs',
  '/v1/runtimes',
  '/v1/admin/keys',
  '/v1/admin/blocks',
  '/metrics',
  '/nowhere',
]

describe.each(PATHS)('%s', (path) => {
  const origin = { origin: 'https://attacker.example' }

  test('is not given to pages of other origins to read', async () => {
    const preflight = {
      ...origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    const answers = [
      await send(`${gateway.url}${path}`, { ...origin, ...admin }),
      await send(`${gateway.url}${path}`, origin),
      await send(`${gateway.url}${path}`, preflight, { method: 'OPTIONS' }),
    ]
    const names = answers.flatMap(({ headers }) => Object.keys(headers))
    expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([])
  })

  test('is not shown inside a page of another site, nor taken for what it is not', async () => {
    const { headers } = await send(`${gateway.url}${path}`, admin)
    expect(headers['content-security-policy']).toMatch(/frame-ancestors '(self|none)'/)
    expect(headers['x-frame-options']).toMatch(/^(SAMEORIGIN|DENY)$/)
    expect(headers['x-content-type-options']).toBe('nosniff')
  })
})

test('a browser brings nothing along by itself that opens anything: no cookie, no password', async () => {
  const key = admin.authorization.replace('Bearer ', '')
  const brought = [
    ...['key', 'api_key', 'token', 'session', 'authorization', 'x-api-key'].map((name) => ({
      cookie: `${name}=${key}; ${name}2=Bearer ${key}`,
    })),
    { authorization: `Basic ${btoa(`${key}:`)}` },
    { authorization: `Basic ${btoa(`admin:${key}`)}` },
  ]
  for (const headers of brought) {
    const answer = await send(`${gateway.url}/v1/admin/keys`, headers)
    expect(answer.status).toBe(401)
    expect(answer.headers['set-cookie']).toBeUndefined()
    // Or the browser would ask for a password, and bring it along from then on.
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="runyard"')
  }
})

test('a form of another site can send nothing that is taken', async () => {
  for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain']) {
    for (const path of ['/v1/jobs', '/v1/batches', '/v1/admin/keys', '/api/repl/execute', '/api/containers/create']) {
      const answer = await send(
        `${gateway.url}${path}`,
        { ...admin, 'content-type': type },
        { method: 'POST', body: '{"language":"bash","code":""}' },
      )
      expect(answer.status).toBe(415)
    }
  }
})
