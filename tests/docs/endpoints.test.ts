import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { ROUTES as DESCRIBED } from '../../src/api/routes.ts'
import { readDoc } from './tables.ts'

let gateway: LoneGateway
let key: { authorization: string }
beforeAll(async () => {
  gateway = await startLoneGateway()
  key = (await gateway.makeKey('operator', { scopes: ['admin', 'jobs', 'containers'] })).headers
})
afterAll(() => gateway?.close())

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

const ROUTES = DESCRIBED.map(({ method, path }) => `${method.toUpperCase()} ${path.replaceAll('*', ':')}`)
/** Pages that tell of the API. */
const PAGES = ['GET /', 'GET /docs']

test('docs/tutorial.md names every route that is not for operators, and where they are documented', () => {
  const own = ROUTES.filter((route) => !route.includes(' /v1/admin/'))
  expect(routes(readDoc('docs/tutorial.md'))).toEqual([...own, 'GET /docs'].sort())
})

test('docs/api.md names every route of the API, and of the pages those that tell of it', () => {
  expect(routes(readDoc('docs/api.md'))).toEqual([...PAGES, ...ROUTES].sort())
})

test.each([...PAGES, ...ROUTES])('%s is a route', async (route) => {
  const [method = '', path = ''] = route.split(' ')
  const url = `${gateway.url}${path.replaceAll(/:\w+/g, 'nosuch')}`
  const answer = await fetch(url, { method, headers: key })
  const problem = answer.ok ? undefined : ((await answer.json()) as { code: string; detail: string })
  // A job that is not there is another matter than a path that is not.
  expect(problem?.detail ?? '').not.toContain('is not a path of this service')
  expect(problem?.code).not.toBe('method-not-allowed')
  const wrong = await fetch(url, { method: 'PATCH', headers: key })
  expect(wrong.status).toBe(405)
  expect(wrong.headers.get('allow')?.split(', ')).toContain(method)
})
