import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Scope, SCOPES } from '../../../src/shared/access/api-key.ts'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'
import { problemOf, send } from '../../support/send.ts'

let gateway: LoneGateway
let optional: LoneGateway
const headersOf = new Map<Scope, { authorization: string }>()
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required' })
  optional = await startLoneGateway({ AUTH: 'optional' })
  for (const scope of SCOPES) headersOf.set(scope, (await gateway.makeKey('acme', { scopes: [scope] })).headers)
})
afterAll(() => Promise.all([gateway.close(), optional.close()]))

const ID = '01999999-9999-7999-8999-999999999999'

/** Every route but health, and the scopes that open it. */
const ROUTES: { route: string; opens: readonly Scope[] }[] = [
  { route: 'POST /v1/jobs', opens: ['jobs'] },
  { route: 'GET /v1/jobs', opens: ['jobs', 'containers'] },
  { route: `GET /v1/jobs/${ID}`, opens: ['jobs', 'containers'] },
  { route: `DELETE /v1/jobs/${ID}`, opens: ['jobs', 'containers'] },
  { route: `GET /v1/jobs/${ID}/events`, opens: ['jobs', 'containers'] },
  { route: `GET /v1/jobs/${ID}/io`, opens: ['jobs', 'containers'] },
  { route: `GET /v1/jobs/${ID}/artifacts/a`, opens: ['jobs', 'containers'] },
  { route: 'POST /v1/files', opens: ['files'] },
  { route: 'GET /v1/files', opens: ['files'] },
  { route: `GET /v1/files/${ID}`, opens: ['files'] },
  { route: `GET /v1/files/${ID}/content`, opens: ['files'] },
  { route: `DELETE /v1/files/${ID}`, opens: ['files'] },
  { route: 'POST /v1/batches', opens: ['jobs'] },
  { route: `GET /v1/batches/${ID}`, opens: ['jobs', 'containers'] },
  { route: 'GET /v1/webhook-secret', opens: ['jobs', 'containers'] },
  { route: 'POST /v1/webhook-secret/rotate', opens: ['jobs', 'containers'] },
  { route: 'GET /v1/webhook-deliveries', opens: ['jobs', 'containers'] },
  { route: `POST /v1/webhook-deliveries/${ID}/redeliver`, opens: ['jobs', 'containers'] },
  { route: `POST /v1/webhook-deliveries/${ID}/cancel`, opens: ['jobs', 'containers'] },
  { route: 'POST /v1/webhook-test', opens: ['jobs', 'containers'] },
  { route: 'POST /api/repl/execute', opens: ['jobs'] },
  { route: 'POST /api/repl/execute/stream', opens: ['jobs'] },
  { route: 'POST /api/containers/create', opens: ['containers'] },
  { route: 'POST /api/containers/create/stream', opens: ['containers'] },
  { route: 'GET /v1/admin/keys', opens: ['admin'] },
  { route: 'POST /v1/admin/keys', opens: ['admin'] },
  { route: 'DELETE /v1/admin/keys/000000000000', opens: ['admin'] },
  { route: 'GET /v1/admin/security-events', opens: ['admin'] },
  { route: 'GET /v1/admin/blocks', opens: ['admin'] },
  { route: 'PUT /v1/admin/blocks/address:192.0.2.1', opens: ['admin'] },
  { route: 'DELETE /v1/admin/blocks/address:192.0.2.1', opens: ['admin'] },
  { route: 'GET /v1/admin/allowed', opens: ['admin'] },
  { route: 'PUT /v1/admin/allowed/address:192.0.2.1', opens: ['admin'] },
  { route: 'GET /metrics', opens: ['admin'] },
]

const ask = (url: string, route: string, headers: object) => {
  const [method = '', path = ''] = route.split(' ')
  return send(`${url}${path}`, { 'content-type': 'application/json', ...headers }, { method })
}

describe('a key that has not the scope for it gets 403, and one that has does not:', () => {
  test.each(ROUTES)('$route takes one of $opens', async ({ route, opens }) => {
    for (const scope of SCOPES) {
      const answer = await ask(gateway.url, route, headersOf.get(scope) ?? {})
      const isRefused = answer.status === 403 && problemOf(answer).code === 'insufficient-scope'
      expect({ scope, isRefused }).toEqual({ scope, isRefused: !opens.includes(scope) })
    }
  })
})

test('what takes the scope of an operator, or keeps files, takes a key in every mode', async () => {
  for (const { route, opens } of ROUTES) {
    const isForAll = !opens.includes('admin') && !opens.includes('files')
    expect({ route, isRefused: (await ask(optional.url, route, {})).status === 401 }).toEqual({
      route,
      isRefused: !isForAll,
    })
  }
})

test('a key cannot go above its own ceilings, nor above those of the service', async () => {
  const { headers } = await gateway.makeKey('acme', { limits: { wallMs: 2000 } })
  const ceilings = { wallMs: 2000, cpuMs: 120_000 }
  for (const [name, ceiling] of Object.entries(ceilings)) {
    const submit = async (value: number) => {
      const body = JSON.stringify({ language: 'bash', code: 'true', limits: { [name]: value } })
      return send(
        `${gateway.url}/v1/jobs`,
        { 'content-type': 'application/json', ...headers },
        { method: 'POST', body },
      )
    }
    expect((await submit(ceiling + 1)).status).toBe(422)
    expect((await submit(ceiling)).status).toBe(202)
  }
})

test('without a key nothing is served but health, where one is required', async () => {
  for (const { route } of [...ROUTES, { route: 'GET /' }, { route: 'GET /v1/runtimes' }, { route: 'GET /nowhere' }]) {
    expect({ route, status: (await ask(gateway.url, route, {})).status }).toEqual({ route, status: 401 })
  }
  expect((await ask(gateway.url, 'GET /healthz', {})).status).toBe(200)
})
