import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { readDoc } from './tables.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform({ POOL_READY: '0' })
})
afterAll(() => platform.close())

/** `METHOD /path` of every route a document names or calls. */
function routes(text: string): string[] {
  const named = [...text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[\w/:]*)`/g)].map(
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
  'GET /api/repl/languages',
  'GET /healthz',
  'GET /readyz',
  'GET /v1/jobs/:id',
  'GET /v1/jobs/:id/artifacts/:path',
  'GET /v1/jobs/:id/events',
  'GET /v1/runtimes',
  'POST /api/containers/create',
  'POST /api/containers/create/stream',
  'POST /api/repl/execute',
  'POST /api/repl/execute/stream',
  'POST /v1/jobs',
]

test('README.md names every route', () => expect(routes(readDoc('README.md'))).toEqual(ROUTES))

test('docs/api.md names every route', () => expect(routes(readDoc('docs/api.md'))).toEqual(['GET /', ...ROUTES].sort()))

test.each(['GET /', ...ROUTES])('%s is a route', async (route) => {
  const [method = '', path = ''] = route.split(' ')
  const url = `${platform.url}${path.replace(':id', 'nosuch')}`
  const answer = await fetch(url, { method })
  const problem = answer.ok ? undefined : ((await answer.json()) as { code: string; detail: string })
  // A job that is not there is another matter than a path that is not.
  expect(problem?.detail ?? '').not.toContain('is not a path of this service')
  expect(problem?.code).not.toBe('method-not-allowed')
  const wrong = await fetch(url, { method: 'PUT' })
  expect(wrong.status).toBe(405)
  expect(wrong.headers.get('allow')).toBe(method)
})
