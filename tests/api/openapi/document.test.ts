import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import { eventStream } from '../../../src/api/http/openapi/examples/results.ts'
import { problemsOf } from '../../../src/api/http/openapi/problems.ts'
import { createReferences } from '../../../src/api/http/openapi/references.ts'
import { ROUTES } from '../../../src/api/routes.ts'
import { PROBLEM_CODES } from '../../../src/shared/problems.ts'
import { Status } from '../../../src/shared/job.ts'
import { document, faultsOf, isOtherSystem, PAGE_ROUTES, schemaFault } from '../../support/conformance.ts'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'
import { send } from '../../support/send.ts'
import { takeFaults } from '../../support/watch-responses.ts'
import { appBehind, routesOf } from './routes-of.ts'

let gateway: LoneGateway
beforeAll(async () => {
  gateway = await startLoneGateway()
})
afterAll(() => gateway.close())

type Json = Record<string, unknown>

/** Every object in the document with the pointer to it. */
function* objects(value: unknown, pointer = ''): Generator<[pointer: string, object: Json]> {
  if (typeof value !== 'object' || value === null) return
  yield [pointer, value as Json]
  for (const [name, member] of Object.entries(value)) {
    yield* objects(member, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }
}

describe('the document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  test('has every route of the gateway, and no other', async () => {
    const told = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((verb) => `${verb} ${path}`),
    )
    const api = routesOf(await appBehind(gateway.url)).filter(
      ([, path]) => !(path in PAGE_ROUTES) && !isOtherSystem(path),
    )
    expect(told.toSorted()).toEqual(
      api.map(([verb, path]) => `${verb} ${path.replaceAll(/[:*](\w+)/g, '{$1}')}`).toSorted(),
    )
  })

  test('says nothing in the words of OpenAPI 3.0, and refers to nothing that is not there', () => {
    const text = JSON.stringify(document)
    for (const [pointer, object] of objects(document)) {
      expect([pointer, object['nullable']]).toEqual([pointer, undefined])
      expect([pointer, typeof object['exclusiveMinimum']]).not.toEqual([pointer, 'boolean'])
      const reference = object['$ref']
      if (typeof reference !== 'string') continue
      const place = reference.split('/').slice(1)
      expect([
        reference,
        place.reduce<unknown>((found, name) => (found as Json | undefined)?.[name], document),
      ]).not.toEqual([reference, undefined])
    }
    expect(text).not.toContain('undefined')
  })

  test('uses every component it has', () => {
    const text = JSON.stringify(document)
    for (const kind of ['schemas', 'headers', 'responses', 'examples']) {
      for (const name of Object.keys(document.components[kind] ?? {})) {
        if (kind === 'examples' && name === 'method-not-allowed') continue
        if (kind === 'headers' && name === 'Allow') continue
        expect([name, text.includes(`"#/components/${kind}/${name}"`)]).toEqual([name, true])
      }
    }
  })

  test('gives every operation a name of its own, a summary and a description of each answer', () => {
    const ids = ROUTES.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { path, summary, answers } of ROUTES) {
      expect([path, summary]).toEqual([path, expect.stringMatching(/^[A-Z].{3,80}[^.]$/)])
      for (const { description } of Object.values(answers)) {
        expect([path, description]).toEqual([path, expect.stringMatching(/^.{3,}\.$/s)])
      }
    }
  })

  test('tells of every problem there is in some operation; of a wrong method nowhere, since no operation has it', () => {
    const told = new Set(ROUTES.flatMap(problemsOf))
    expect(PROBLEM_CODES.filter((code) => !told.has(code))).toEqual(['method-not-allowed'])
  })

  test.each([
    ['/v1/sessions', false],
    ['/v1/sessions/{id}/snapshot', false],
    ['/v1/sessions/{id}/contexts', false],
    ['/v1/sessions/{id}/commands', true],
    ['/v1/sessions/{id}/executions', true],
    ['/v1/jobs', true],
    ['/v1/files', true],
  ])('says whether POST %s needs a body: %s', (path, required) => {
    expect(document.paths[path]?.['post']).toMatchObject({ requestBody: { required } })
  })

  test('has examples that its own schemas allow', () => {
    let count = 0
    for (const [pointer, object] of objects(document)) {
      const { examples, schema } = object
      if (examples === undefined || schema === undefined) continue
      for (const [name, example] of Object.entries(examples as Record<string, Json>)) {
        const reference = example['$ref']
        const code = typeof reference === 'string' ? reference.split('/').at(-1) : undefined
        const { value } = code === undefined ? example : ((document.components['examples']?.[code] ?? {}) as Json)
        expect([pointer, name, schemaFault(`${pointer}/schema`, value)]).toEqual([pointer, name, undefined])
        count++
      }
    }
    expect(count).toBeGreaterThan(50)
  })

  test('has an event stream as its example that is one', () => {
    const headers = { 'x-request-id': '01989f3c-6d2e-7a41-9c1b-2f6d0e8a5b77', 'content-type': 'text/event-stream' }
    const url = '/v1/jobs/01989f3c-6d2e-7a41-9c1b-2f6d0e8a5b77/events'
    const answer = { method: 'GET', url, status: 200, headers, complete: true }
    expect(faultsOf({ ...answer, body: Buffer.from(eventStream) })).toEqual([])
    const other = eventStream.replace('"phase":"started"', '"phase":"begun"')
    expect(faultsOf({ ...answer, body: Buffer.from(other) })).toHaveLength(1)
  })
})

test('two components that say the same are refused: a reference could not tell them apart', () => {
  expect(() => createReferences({ Status, Ending: Status })).toThrow(
    'the components Status and Ending are the same schema',
  )
})

describe('what holds the answers of all tests to the document', () => {
  const answer = { method: 'GET', url: '/healthz', status: 200, complete: true }
  const headers = { 'x-request-id': '01989f3c-6d2e-7a41-9c1b-2f6d0e8a5b77', 'content-type': 'application/json' }
  const body = Buffer.from('{"status":"ok"}')
  const good = { ...answer, headers, body }

  test('passes what is documented', () => {
    expect(faultsOf(good)).toEqual([])
    expect(faultsOf({ ...good, url: '/nosuch', status: 503 })).not.toEqual([])
  })

  test.each([
    ['a status', { ...good, status: 201 }],
    ['a header', { ...good, headers: { ...headers, location: '/v1/jobs/1' } }],
    ['a header that is missing', { ...good, headers: { 'content-type': 'application/json' } }],
    ['a content type', { ...good, headers: { ...headers, 'content-type': 'text/plain' } }],
    ['a value', { ...good, body: Buffer.from('{"status":"well"}') }],
    ['a member', { ...good, body: Buffer.from('{"status":"ok","load":1}') }],
    ['a method', { ...good, method: 'DELETE' }],
    ['a path', { ...good, url: '/health' }],
  ])('finds %s that is not', (_what, exchange) => expect(faultsOf(exchange)).toHaveLength(1))
})

test('an answer of a gateway in a test is held to the document, whoever asked for it', async () => {
  const server = createServer((_req, res) => {
    res.setHeader('X-Request-Id', '01989f3c-6d2e-7a41-9c1b-2f6d0e8a5b77')
    res.setHeader('Content-Security-Policy', "default-src 'none'")
    res.setHeader('Content-Type', 'application/json')
    res.write('{"status":')
    res.end('"well"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { status } = await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`)
  server.close()
  expect([status, await takeFaults()]).toEqual([200, ['GET /healthz: 200 /status must be equal to constant']])
})

describe('GET /openapi.json', () => {
  test('is the document, compressed for whoever takes that, and 304 for whoever has it', async () => {
    const first = await fetch(`${gateway.url}/openapi.json`)
    expect(first.headers.get('content-encoding')).toBe('gzip')
    expect(JSON.parse(await first.text())).toMatchObject({ openapi: '3.1.1', info: document['info'] })
    const tag = first.headers.get('etag') ?? ''
    const plain = await fetch(`${gateway.url}/openapi.json`, { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect((await plain.text()) === JSON.stringify(document)).toBe(true)
    const again = await fetch(`${gateway.url}/openapi.json`, { headers: { 'if-none-match': tag, 'cache-control': '' } })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })

  test('needs no key where everything else does', async () => {
    const closed = await startLoneGateway({ AUTH: 'required' })
    try {
      const statuses = await Promise.all(
        ['/openapi.json', '/docs', '/v1/runtimes'].map(async (path) => (await fetch(`${closed.url}${path}`)).status),
      )
      expect(statuses).toEqual([200, 200, 401])
    } finally {
      await closed.close()
    }
  })
})

describe('GET /docs', () => {
  test('names files that are there, of the right type, compressed, and 304 for whoever has them', async () => {
    const page = await fetch(`${gateway.url}/docs`)
    const named = [...(await page.text()).matchAll(/(?:href|src)="(\/docs\/[^"]+)"/g)].map(([, path = '']) => path)
    const types = await Promise.all(
      named.map(async (path) => {
        const { status, headers } = await fetch(`${gateway.url}${path}`)
        const again = await send(`${gateway.url}${path}`, { 'if-none-match': headers.get('etag') ?? '' })
        expect([path, status, again.status, again.text]).toEqual([path, 200, 304, ''])
        expect(headers.get('x-content-type-options')).toBe('nosniff')
        return `${path} ${headers.get('content-type')?.split(';')[0]}`
      }),
    )
    expect(types.toSorted()).toEqual([
      '/docs/docs.css text/css',
      '/docs/favicon-32x32.png image/png',
      '/docs/initializer.js text/javascript',
      '/docs/swagger-ui-bundle.js text/javascript',
      '/docs/swagger-ui.css text/css',
      '/docs/theme.js text/javascript',
    ])
  })

  test('lets the page load and call nothing but this gateway', async () => {
    const policy = (await fetch(`${gateway.url}/docs`)).headers.get('content-security-policy') ?? ''
    expect(policy).not.toContain('unsafe')
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]),
    )
  })

  test.each([
    'index.html',
    'swagger-initializer.js',
    'package.json',
    '..%2fpackage.json',
    '%2e%2e%2fswagger-ui-dist%2findex.js',
  ])('has no file %s: what the page does not need is not served', async (name) => {
    const { status, text } = await send(`${gateway.url}/docs/${name}`)
    expect([status, JSON.parse(text)]).toEqual([404, expect.objectContaining({ code: 'not-found' })])
  })
})
