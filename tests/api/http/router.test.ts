import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import express from 'express'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import Type from 'typebox'
import { answerProblem, noRoute } from '../../../src/api/http/answer-problem.ts'
import { type BodyBounds, bindRoutes, defineRoute, openApiPath } from '../../../src/api/http/route.ts'
import { mountRoutes } from '../../../src/api/http/router.ts'
import { Problem } from '../../../src/shared/problems.ts'
import { problemOf, send } from '../../support/send.ts'

interface Shelf {
  books: Map<string, string>
}

const common = { tag: 'Service', scopes: ['jobs'] } as const
const Book = Type.Object({ title: Type.String() }, { additionalProperties: false })
const id = { description: 'of a book', schema: Type.String() }

const routes = [
  defineRoute({
    ...common,
    method: 'put',
    path: '/books/:id',
    id: 'putBook',
    summary: 'Put a book',
    params: { id },
    body: { schema: Book, examples: {}, maxBytes: 64 },
    answers: { 201: { description: 'The book.', schema: Book } },
    cache: 'no-store',
    handle({ books }: Shelf, { params, body, send: answer }) {
      books.set(params.id, body.title)
      answer(201, { title: body.title })
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/shelves',
    id: 'putShelf',
    summary: 'Put a shelf',
    body: {
      schema: Book,
      examples: {},
      maxBytes: {
        bytes: ({ maxProblemBytes }: BodyBounds) => maxProblemBytes,
        because: ({ maxProblemBytes }: BodyBounds) => `SHELF_BYTES is ${maxProblemBytes}`,
      },
    },
    answers: { 204: { description: 'It is there.' } },
    handle: (_: Shelf, { send: answer }) => answer(204),
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: '/books/:id',
    id: 'readBook',
    summary: 'Read a book',
    scopes: ['jobs', 'containers'],
    params: { id },
    query: Type.Object({ as: Type.Optional(Type.Enum(['upper'])) }, { additionalProperties: false }),
    answers: { 200: { description: 'The book.', schema: Book } },
    handle({ books }: Shelf, { params, query, send: answer }) {
      const title = books.get(params.id)
      if (title === undefined) throw new Problem('not-found', 'there is no such book')
      answer(200, { title: query.as === 'upper' ? title.toUpperCase() : title })
    },
  }),
  defineRoute({
    ...common,
    method: 'delete',
    path: '/shelves/:id/books/*path',
    id: 'deleteBook',
    summary: 'Delete a book',
    scopes: 'open',
    params: { id, path: id },
    answers: { 204: { description: 'It is gone.' } },
    handle({ books }: Shelf, { params, send: answer }) {
      books.delete(`${params.id}/${params.path}`)
      answer(204)
    },
  }),
]

const books = new Map<string, string>()
const looked: string[] = []
let server: Server
let url: string
beforeAll(async () => {
  const app = express()
  mountRoutes(app, bindRoutes({ books }, routes), {
    // Whoever names a scope has it.
    allow: (scopes, path) => (req, _res, next) => {
      looked.push(`${req.method} ${path}: ${scopes.join(', ')}`)
      if (!scopes.some((scope) => scope === req.get('scope'))) throw new Problem('insufficient-scope', 'no')
      next()
    },
    bounds: { maxBodyBytes: 1024, maxProblemBytes: 300 },
  })
  app.use(noRoute)
  app.use(answerProblem(new Redis({ lazyConnect: true }), pino({ level: 'silent' })))
  server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.close()
  await once(server, 'close')
})

const ask = (method: string, path: string, body?: unknown, scope = 'jobs') =>
  send(
    `${url}${path}`,
    { 'content-type': 'application/json', scope },
    { method, ...(body !== undefined && { body: JSON.stringify(body) }) },
  )

test('a handler gets parameters, query and body, and its answer is JSON with the status and the caching of the route', async () => {
  const put = await ask('PUT', '/books/a', { title: 'Sand' })
  expect([put.status, put.text, put.headers['cache-control']]).toEqual([201, '{"title":"Sand"}', 'no-store'])
  const read = await ask('GET', '/books/a?as=UPPER')
  expect([read.status, read.text, read.headers['cache-control']]).toEqual([200, '{"title":"SAND"}', undefined])
})

test('a path that goes over slashes is one parameter, and an answer without a schema has no body', async () => {
  books.set('top/a/b', 'Water')
  const { status, text } = await ask('DELETE', '/shelves/top/books/a/b', undefined, 'none')
  expect([status, text, books.has('top/a/b')]).toEqual([204, '', false])
})

test('a body larger than a setting allows is refused with what the operator has set', async () => {
  expect((await ask('POST', '/shelves', { title: 'x'.repeat(200) })).status).toBe(204)
  const { status, text } = await ask('POST', '/shelves', { title: 'x'.repeat(300) })
  expect([status, (JSON.parse(text) as { detail: string }).detail]).toEqual([
    413,
    'the body has 312 bytes; 300 are allowed, since SHELF_BYTES is 300',
  ])
})

test.each([
  {
    what: 'a parameter that the schema does not have',
    method: 'GET',
    path: '/books/a?colour=red',
    code: 'invalid-request',
  },
  { what: 'a query where the route takes none', method: 'PUT', path: '/books/a?as=upper', code: 'invalid-request' },
  {
    what: 'a body that is not of the schema',
    method: 'PUT',
    path: '/books/a',
    body: { name: 1 },
    code: 'invalid-request',
  },
  {
    what: 'a body larger than the route takes',
    method: 'PUT',
    path: '/books/a',
    body: { title: 'x'.repeat(64) },
    code: 'too-large',
  },
  { what: 'what the handler refuses', method: 'GET', path: '/books/nosuch', code: 'not-found' },
])('is refused: $what', async ({ method, path, body, code }) => {
  expect(problemOf(await ask(method, path, body)).code).toBe(code)
})

test('the scopes of a route are looked at before anything else of it', async () => {
  looked.length = 0
  const answers = await Promise.all([
    ask('PUT', '/books/a?x=1', { title: 'x'.repeat(64) }, 'containers'),
    ask('GET', '/books/nosuch', undefined, 'containers'),
  ])
  expect(answers.map((answer) => problemOf(answer).code)).toEqual(['insufficient-scope', 'not-found'])
  expect(looked.toSorted()).toEqual(['GET /books/:id: jobs, containers', 'PUT /books/:id: jobs'])
})

test('a method that no route of the path has is 405 to whoever may use one of them, and names those', async () => {
  const allowed = await ask('POST', '/books/a', {}, 'containers')
  expect([allowed.status, allowed.headers.allow]).toEqual([405, 'GET, PUT'])
  expect(problemOf(allowed).detail).toBe('POST cannot be used on /books/a; allowed: GET, PUT')
  expect(problemOf(await ask('POST', '/books/a', {}, 'admin')).code).toBe('insufficient-scope')
  expect(problemOf(await ask('POST', '/shelves/a/books/b', {}, 'none')).code).toBe('method-not-allowed')
  expect(problemOf(await ask('GET', '/nowhere', undefined, 'none')).code).toBe('not-found')
})

test('a path is told as OpenAPI writes it', () => {
  expect(openApiPath('/shelves/:id/books/*path')).toBe('/shelves/{id}/books/{path}')
})

test('the compiler holds a handler to the schemas of its route', () => {
  const answers = { 200: { description: 'The book.', schema: Book } } as const
  const route = {
    ...common,
    method: 'get',
    path: '/books/:id',
    id: 'x',
    summary: 'x',
    params: { id },
    answers,
  } as const
  // @ts-expect-error the answer is not of the schema
  const wrongAnswer = defineRoute({ ...route, handle: (_: unknown, { send: answer }) => answer(200, { name: 'Sand' }) })
  // @ts-expect-error there is no such status
  const wrongStatus = defineRoute({ ...route, handle: (_: unknown, { send: answer }) => answer(404) })
  // @ts-expect-error there is no such parameter
  const wrongParameter = defineRoute({ ...route, handle: (_: unknown, { params }) => params.name })
  // @ts-expect-error a need that is not given
  expect(bindRoutes({}, routes)).toHaveLength(routes.length)
  expect([wrongAnswer, wrongStatus, wrongParameter].map(({ path }) => path)).toEqual(Array(3).fill('/books/:id'))
})
