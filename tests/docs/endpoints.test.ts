import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { ROUTES as DESCRIBED } from '../../src/api/routes.ts'
import { readDoc } from './tables.ts'

let platform: TestPlatform
let key: { authorization: string }
beforeAll(async () => {
  platform = await startPlatform({ POOL_READY: '0' })
  key = await makeKey(platform, 'operator', { scopes: ['admin', 'jobs', 'containers'] })
})
afterAll(() => platform.close())

/** `METHOD /path` of every route a document names or calls. */
function routes(text: string): string[] {
  const named = [...text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[\w/:.-]*)`/g)].map(
    ([, verb, path]) => `${verb} ${path}`,
  )
  const oneLine = text.replaceAll(/\\\n\s*/g, ' ')
  const called = [...oneLine.matchAll(/127\.0\.0\.1:3000(\/[\w/-]+)(.*)/g)].map(([, path = '', rest = '']) => {
    const route = path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, ':id')
    return `${rest.includes("-d '") ? 'POST' : 'GET'} ${route}`
  })
  return [...new Set([...named, ...called])].sort()
}

const ROUTES = [
  'DELETE /v1/batches/:id',
  'DELETE /v1/jobs/:id',
  'DELETE /v1/problems/:id',
  'GET /api/repl/languages',
  'GET /docs',
  'GET /healthz',
  'GET /metrics',
  'GET /openapi.json',
  'GET /readyz',
  'GET /v1/batches/:id',
  'GET /v1/jobs',
  'GET /v1/jobs/:id',
  'GET /v1/jobs/:id/artifacts/:path',
  'GET /v1/jobs/:id/events',
  'GET /v1/jobs/:id/io',
  'GET /v1/jobs/:id/request',
  'GET /v1/problems',
  'GET /v1/problems/:id',
  'GET /v1/runtimes',
  'GET /v1/webhook-deliveries',
  'GET /v1/webhook-deliveries/:id',
  'GET /v1/webhook-secret',
  'POST /api/containers/create',
  'POST /api/containers/create/stream',
  'POST /api/repl/execute',
  'POST /api/repl/execute/stream',
  'POST /v1/batches',
  'POST /v1/jobs',
  'POST /v1/problems',
  'POST /v1/webhook-deliveries/:id/cancel',
  'POST /v1/webhook-deliveries/:id/redeliver',
  'POST /v1/webhook-secret/rotate',
  'POST /v1/webhook-test',
]
const ADMIN_ROUTES = [
  'DELETE /v1/admin/jobs/:id',
  'DELETE /v1/admin/session',
  'GET /v1/admin/installations/:id',
  'GET /v1/admin/installations/:id/events',
  'GET /v1/admin/jobs',
  'GET /v1/admin/jobs/:id',
  'GET /v1/admin/jobs/:id/artifacts/:path',
  'GET /v1/admin/jobs/:id/events',
  'GET /v1/admin/overview',
  'GET /v1/admin/series',
  'GET /v1/admin/session',
  'GET /v1/admin/webhook-deliveries',
  'POST /v1/admin/jobs/:id/run-again',
  'POST /v1/admin/runtimes/:language/install',
  'POST /v1/admin/session',
  'POST /v1/admin/webhook-deliveries/:id/cancel',
  'POST /v1/admin/webhook-deliveries/:id/redeliver',
  'POST /v1/admin/webhook-deliveries/test',
  'DELETE /v1/admin/allowed/:subject',
  'DELETE /v1/admin/blocks/:subject',
  'DELETE /v1/admin/keys/:id',
  'GET /v1/admin/allowed',
  'GET /v1/admin/blocks',
  'GET /v1/admin/keys',
  'GET /v1/admin/runtimes',
  'GET /v1/admin/security-events',
  'POST /v1/admin/keys',
  'PUT /v1/admin/allowed/:subject',
  'PUT /v1/admin/blocks/:subject',
]

test('docs/tutorial.md names every route', () => expect(routes(readDoc('docs/tutorial.md'))).toEqual(ROUTES))

test('docs/api.md names every route of the API, and of the pages those that tell of it', () => {
  const api = DESCRIBED.map(({ method, path }) => `${method.toUpperCase()} ${path.replaceAll('*', ':')}`)
  expect(routes(readDoc('docs/api.md'))).toEqual(['GET /', 'GET /docs', ...api].sort())
})

test.each(['GET /', ...ROUTES, ...ADMIN_ROUTES])('%s is a route', async (route) => {
  const [method = '', path = ''] = route.split(' ')
  const url = `${platform.url}${path.replace(/:id|:subject|:language/, 'nosuch')}`
  const answer = await fetch(url, { method, headers: key })
  const problem = answer.ok ? undefined : ((await answer.json()) as { code: string; detail: string })
  // A job that is not there is another matter than a path that is not.
  expect(problem?.detail ?? '').not.toContain('is not a path of this service')
  expect(problem?.code).not.toBe('method-not-allowed')
  const wrong = await fetch(url, { method: 'PATCH', headers: key })
  expect(wrong.status).toBe(405)
  expect(wrong.headers.get('allow')?.split(', ')).toContain(method)
})
