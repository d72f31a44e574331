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

/** `METHOD /path` of every route a document names. */
function named(text: string): string[] {
  const all = text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[\w/:.-]*)`/g)
  return [...new Set([...all].map(([, verb, path]) => `${verb} ${path}`))].sort()
}

/** Paths that a document calls. */
const called = (text: string): string[] =>
  [...text.matchAll(/127\.0\.0\.1:3000(\/[\w/$.-]+)/g)].map(([, path = '']) => path)

const ROUTES = DESCRIBED.map(({ method, path }) => `${method.toUpperCase()} ${path.replaceAll('*', ':')}`)
/** Pages that tell of the API. */
const PAGES = ['GET /', 'GET /docs']

/** Whether a route has this path: `:id` stands for a word, `:path` at the end for the rest. */
function leadsTo(path: string): boolean {
  const patterns = [...PAGES, ...ROUTES].map((route) => route.slice(route.indexOf(' ') + 1))
  return patterns.some((pattern) =>
    new RegExp(`^${pattern.replace(/:path$/, '.+').replaceAll(/:\w+/g, '[^/]+')}/?$`).test(path),
  )
}

test('docs/tutorial.md names and calls routes that exist', () => {
  const tutorial = readDoc('docs/tutorial.md')
  expect(named(tutorial).filter((route) => ![...PAGES, ...ROUTES].includes(route))).toEqual([])
  expect(called(tutorial).filter((path) => !leadsTo(path))).toEqual([])
  expect(called(tutorial).length).toBeGreaterThan(10)
})

test('docs/api.md names every route of the API, and of the pages those that tell of it', () => {
  expect(named(readDoc('docs/api.md'))).toEqual([...PAGES, ...ROUTES].sort())
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
