import { readFileSync } from 'node:fs'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { createParser } from 'eventsource-parser'
import { createDocument, type OpenApiDocument } from '../../src/api/document.ts'
import { COMPAT_SYSTEMS } from '../../src/shared/config/settings/network.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

/** A request, and what a gateway answered. */
export interface Exchange {
  method: string
  /** Path and query. */
  url: string
  status: number
  /** Names in lower case. */
  headers: Readonly<Record<string, unknown>>
  body: Buffer
  /** Whether the answer came to its end. */
  complete: boolean
}

type Json = Record<string, unknown>

const { version } = JSON.parse(readFileSync(`${packageRoot()}/package.json`, 'utf8')) as { version: string }
/** The document as clients get it. */
export const document = JSON.parse(JSON.stringify(createDocument(version))) as OpenApiDocument

const strict = closed(document) as OpenApiDocument
const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true })
// Its types take the module for its default export, as CommonJS has it.
;(addFormats as unknown as (ajv: Ajv2020) => void)(ajv)
ajv.addSchema(strict, 'openapi.json', undefined, false)
const compiled = new Map<string, ValidateFunction>()

/**
 * What is wrong with a value.
 * @param pointer of its schema in the document
 * @returns undefined when nothing is
 */
export function schemaFault(pointer: string, value: unknown): string | undefined {
  let validate = compiled.get(pointer)
  if (!validate) compiled.set(pointer, (validate = ajv.compile({ $ref: `openapi.json#${encodeURI(pointer)}` })))
  return validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: '' })
}

/** A step of a JSON pointer. */
const step = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** The schema with what clients must put up with, unknown members, made a fault: here nothing may be sent that is not told of. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const schema = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member)]))
  const isOpen = schema['type'] === 'object' && schema['properties'] !== undefined
  return isOpen && !('additionalProperties' in schema) ? { ...schema, additionalProperties: false } : schema
}

const at = (pointer: string): Json | undefined => {
  let value: unknown = strict
  for (const name of pointer.split('/').slice(1)) {
    value = (value as Json | undefined)?.[name.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return value as Json | undefined
}

/** A pointer past the reference that stands there. */
function resolve(pointer: string): string {
  const reference = at(pointer)?.['$ref']
  return typeof reference === 'string' ? reference.slice(1) : pointer
}

const PATHS = Object.keys(document.paths)
  .map((path) => ({
    path,
    // An artifact's path goes over slashes.
    pattern: new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, (_, name) => (name === 'path' ? '.+' : '[^/]+'))}/?$`, 'i'),
  }))
  .sort((a, b) => a.path.split('{').length - b.path.split('{').length)

/** Routes that are there for people with a browser, and are no part of the API, as Express writes them. */
export const PAGE_ROUTES: Readonly<Record<string, RegExp>> = {
  '/': /^\/$/,
  '/notebook': /^\/notebook\/?$/,
  '/notebook/frame': /^\/notebook\/frame\/?$/,
  '/docs': /^\/docs\/?$/,
  '/docs/:file': /^\/docs\/[^/]+$/,
  '/admin{/*path}': /^\/admin(\/|$)/,
  '/admin/queues': /^\/admin\/queues\/?$/,
  '/admin/queues/queue/*path': /^\/admin\/queues\/queue\//,
  '/admin/queues/job-schedulers': /^\/admin\/queues\/job-schedulers$/,
  '/admin/queues/board.css': /^\/admin\/queues\/board\.css$/,
  '/admin/queues/board.js': /^\/admin\/queues\/board\.js$/,
  '/admin/queues/static/*path': /^\/admin\/queues\/static\//,
  '/admin/queues/api/*path': /^\/admin\/queues\/api\//,
  '/run-code.js': /^\/run-code\.js$/,
  '/assets/:name': /^\/assets\/[^/]+$/,
}
/** Other systems' protocols, and that of models' tools, which are documented elsewhere. */
const OTHER_SYSTEMS = new RegExp(`^/(?:${[...COMPAT_SYSTEMS, 'mcp'].join('|')})(?:/|$)`)
export const isOtherSystem = (path: string): boolean => OTHER_SYSTEMS.test(path)

const isPage = (path: string): boolean => Object.values(PAGE_ROUTES).some((pattern) => pattern.test(path))

/** What can be answered to a path or a method that is not there, before that is found out and then. */
const NOWHERE = [400, 401, 403, 421, 429, 500, 503]

/**
 * What the document does not know of an answer.
 * @returns a sentence for each, empty when it is as documented
 */
export function faultsOf(exchange: Exchange): string[] {
  const [path = ''] = exchange.url.split('?')
  if (isOtherSystem(path)) return []
  // What a browser asks before a page of another origin shows its token.
  if (exchange.method === 'OPTIONS' && exchange.status === 204) return []
  const isRead = exchange.method === 'GET' || exchange.method === 'HEAD'
  if (isRead && isPage(path) && exchange.status < 400) return []
  const documented = PATHS.find(({ pattern }) => pattern.test(path))
  const method = exchange.method === 'HEAD' ? 'get' : exchange.method.toLowerCase()
  const operation = documented && `/paths/${step(documented.path)}/${method}`
  const faults =
    operation !== undefined && at(operation)
      ? answerFaults(exchange, operation)
      : nowhereFaults(exchange, documented ? 405 : 404)
  return faults.map((fault) => `${exchange.method} ${path}: ${exchange.status} ${fault}`)
}

function nowhereFaults(exchange: Exchange, expected: number): string[] {
  const { status } = exchange
  const isWrongMethod = status === 405 && isPage(exchange.url.split('?')[0] ?? '')
  if (status !== expected && !NOWHERE.includes(status) && !isWrongMethod) return ['is not documented']
  return problemFaults(exchange)
}

function answerFaults(exchange: Exchange, operation: string): string[] {
  const { status, method, body, complete } = exchange
  const place = `${operation}/responses/${status}`
  if (!at(place)) return ['is a status that is not documented']
  const answer = resolve(place)
  const faults = headerFaults(exchange, answer)
  const content = at(answer)?.['content'] as Json | undefined
  if (!content) return body.length > 0 && status !== 101 ? [...faults, 'has a body'] : faults
  const type = typeOf(exchange)
  const media = `${answer}/content/${step(type)}`
  if (!at(media)) return [...faults, `has the content type "${type}", which is not documented`]
  if (method === 'HEAD') return faults
  if (at(`${media}/x-events`)) return [...faults, ...eventFaults(body, `${media}/x-events`)]
  if (!complete || !type.endsWith('json')) return faults
  const fault = schemaFault(`${media}/schema`, JSON.parse(body.toString()))
  return fault === undefined ? faults : [...faults, fault]
}

function problemFaults(exchange: Exchange): string[] {
  const type = typeOf(exchange)
  if (type !== 'application/problem+json') return [`has the content type "${type}"`]
  if (exchange.method === 'HEAD' || !exchange.complete) return []
  const fault = schemaFault('/components/schemas/Problem', JSON.parse(exchange.body.toString()))
  return fault === undefined ? [] : [fault]
}

const typeOf = ({ headers }: Exchange): string => String(headers['content-type']).split(';')[0] ?? ''

const KNOWN_HEADERS = Object.entries(document.components['headers'] ?? {}) as [string, { required?: boolean }][]

function headerFaults({ headers }: Exchange, answer: string): string[] {
  const documented = Object.keys((at(answer)?.['headers'] ?? {}) as Json)
  return KNOWN_HEADERS.flatMap(([name, { required }]) => {
    const value = headers[name.toLowerCase()]
    const isDocumented = documented.includes(name)
    if (value === undefined) return isDocumented && required ? [`lacks the header ${name}`] : []
    if (!isDocumented) return [`has the header ${name}, which is not documented`]
    const schema = `/components/headers/${name}/schema`
    const fault = schemaFault(schema, at(schema)?.['type'] === 'integer' ? Number(value) : value)
    return fault === undefined ? [] : [`${name} ${fault}`]
  })
}

function eventFaults(body: Buffer, schema: string): string[] {
  const faults: string[] = []
  const parser = createParser({
    onEvent({ event, data }) {
      const fault = schemaFault(schema, { type: event, data: JSON.parse(data) as unknown })
      if (fault !== undefined) faults.push(`event ${event} ${data.slice(0, 200)}: ${fault}`)
    },
  })
  parser.feed(body.toString())
  return faults
}

/** What is wrong with a message that a gateway sent over a WebSocket. @returns undefined when nothing is */
export const messageFault = (message: object): string | undefined => {
  const { id: _id, ...rest } = message as { id?: string }
  return schemaFault('/paths/~1v1~1jobs~1{id}~1io/get/responses/101/x-messages/received', rest)
}

/** The body of an answer as it was before it was compressed. */
export function plainBody(body: Buffer, encoding: unknown): Buffer {
  // An answer to HEAD names the encoding, and has no body.
  if (body.length === 0) return body
  if (encoding === 'br') return brotliDecompressSync(body)
  return encoding === 'gzip' ? gunzipSync(body) : body
}
