import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Scope, SCOPES } from '../../../src/shared/access/api-key.ts'
import type { RouteDescription } from '../../../src/api/http/route.ts'
import { ROUTES as DESCRIBED } from '../../../src/api/routes.ts'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'
import { problemOf, send } from '../../support/send.ts'

let gateway: LoneGateway
let optional: LoneGateway
const headersOf = new Map<Scope, { authorization: string }>()
beforeAll(async () => {
  // So many refusals would have the keys blocked.
  gateway = await startLoneGateway({ AUTH: 'required', ABUSE_BLOCK_SCORE: '0' })
  optional = await startLoneGateway({ AUTH: 'optional', ABUSE_BLOCK_SCORE: '0' })
  for (const scope of SCOPES) headersOf.set(scope, (await gateway.makeKey('acme', { scopes: [scope] })).headers)
})
afterAll(() => Promise.all([gateway.close(), optional.close()]))

/** What stands for a name in a path; nothing that is there. */
const SAMPLES: Record<string, string> = {
  id: '01999999-9999-7999-8999-999999999999',
  path: 'a',
  language: 'nosuch',
  subject: 'address:192.0.2.1',
  group: 'nosuch',
  execution: '01999999-9999-7999-8999-999999999999',
  command: '01999999-9999-7999-8999-999999999999',
  watch: '01999999-9999-7999-8999-999999999999',
  context: 'nosuch',
  index: '0',
}
const nameOf = ({ method, path }: RouteDescription) => `${method.toUpperCase()} ${path}`

/** The scopes that open a route, by its name: the first that fits. A route without any has to be named here. */
const EXPECTED: [RegExp, 'open' | 'itself' | readonly Scope[]][] = [
  [/^GET \/(?:healthz|readyz|openapi\.json)$/, 'open'],
  [/ \/v1\/admin\/session$/, 'itself'],
  [/ \/v1\/admin\//, ['admin']],
  [/^GET \/metrics$/, ['admin']],
  [/^GET \/(?:v1\/runtimes|api\/repl\/languages)$/, []],
  [/^POST \/api\/containers\/create/, ['containers']],
  [/ \/v1\/problems/, ['jobs']],
  [/ \/v1\/environments/, ['jobs']],
  [/ \/v1\/files/, ['files']],
  [/ \/v1\/sessions/, ['sessions']],
  [/ \/v1\/browser-tokens/, ['sessions', 'jobs']],
  [/^POST \/(?:v1\/jobs|v1\/batches|api\/repl\/execute(?:\/stream)?)$/, ['jobs']],
  [/./, ['jobs', 'containers']],
]

/** Every route that looks at a key, and the scopes that open it. */
const ROUTES = DESCRIBED.flatMap(({ scopes, authenticates, ...described }) =>
  scopes === 'open' || authenticates
    ? []
    : [
        {
          route: nameOf(described as RouteDescription).replaceAll(
            /[:*](\w+)/g,
            (_, name: string) => SAMPLES[name] ?? name,
          ),
          opens: scopes,
        },
      ],
)
const SCOPED = ROUTES.filter(({ opens }) => opens.length > 0)

test.each(DESCRIBED.map((described) => ({ route: nameOf(described), described })))(
  '$route is opened by what it should be',
  ({ route, described: { scopes, authenticates, params = {} } }) => {
    expect(authenticates ? 'itself' : scopes).toEqual(EXPECTED.find(([name]) => name.test(route))?.[1])
    expect(Object.keys(params).filter((name) => SAMPLES[name] === undefined)).toEqual([])
  },
)

const ask = (url: string, route: string, headers: object) => {
  const [method = '', path = ''] = route.split(' ')
  return send(`${url}${path}`, { 'content-type': 'application/json', ...headers }, { method })
}

describe('a key that has not the scope for it gets 403, and one that has does not:', () => {
  test.each(SCOPED)('$route takes one of $opens', async ({ route, opens }) => {
    for (const scope of SCOPES) {
      const answer = await ask(gateway.url, route, headersOf.get(scope) ?? {})
      const isRefused = answer.status === 403 && problemOf(answer).code === 'insufficient-scope'
      expect({ scope, isRefused }).toEqual({ scope, isRefused: !opens.includes(scope) })
    }
  })
})

test('what takes the scope of an operator, or keeps something, takes a key in every mode', async () => {
  for (const { route, opens } of SCOPED) {
    const isForAll = opens.includes('jobs') || opens.includes('containers')
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
  for (const { route } of [...ROUTES, { route: 'GET /' }, { route: 'GET /nowhere' }]) {
    expect({ route, status: (await ask(gateway.url, route, {})).status }).toEqual({ route, status: 401 })
  }
  expect((await ask(gateway.url, 'GET /healthz', {})).status).toBe(200)
})
