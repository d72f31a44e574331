import type { TSchema } from 'typebox'
import { COMPONENTS } from './http/openapi/components.ts'
import { describeOperation, type Shared } from './http/openapi/describe-operation.ts'
import { header, RESPONSE_HEADERS } from './http/parameters.ts'
import { problemExamples } from './http/openapi/problems.ts'
import { createReferences } from './http/openapi/references.ts'
import { TAGS } from './http/tags.ts'
import { openApiPath, type RouteDescription } from './http/route.ts'
import { ROUTES } from './routes.ts'
import { describeWebhooks } from './webhooks/describe-webhooks.ts'

export interface OpenApiDocument {
  openapi: string
  paths: Record<string, Record<string, unknown>>
  components: Record<string, Record<string, unknown>>
  [member: string]: unknown
}

/**
 * The API as OpenAPI 3.1, made of the schemas that the code checks requests with and takes its types from.
 * @param version of Runyard
 */
export function createDocument(version: string): OpenApiDocument {
  const components = namedSchemas()
  const references = createReferences(components)
  const shared: Shared = new Map()
  const paths: OpenApiDocument['paths'] = {}
  for (const route of inOrderOfTags(ROUTES)) {
    const path = openApiPath(route.path)
    paths[path] = { ...paths[path], [route.method]: describeOperation(route, references, shared) }
  }
  const schemas = Object.entries(components).map(([name, schema]) => [name, references.define(schema)])
  const headers = Object.entries(RESPONSE_HEADERS).map(([name, one]) => [name, header(one)])
  return {
    openapi: '3.1.1',
    info: {
      title: 'Runyard',
      version,
      summary: 'Runs code written by strangers, as queued jobs in sandboxes.',
      description: INTRODUCTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'this gateway' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks: describeWebhooks(references),
    components: {
      securitySchemes: SECURITY_SCHEMES,
      schemas: Object.fromEntries(schemas) as Record<string, unknown>,
      headers: Object.fromEntries(headers) as Record<string, unknown>,
      responses: Object.fromEntries(shared) as Record<string, unknown>,
      examples: problemExamples(),
    },
  }
}

function inOrderOfTags(routes: readonly RouteDescription[]): RouteDescription[] {
  const tags = Object.keys(TAGS)
  return routes.toSorted((a, b) => tags.indexOf(a.tag) - tags.indexOf(b.tag))
}

/** Those of the contract and of all routes, in the order of their names. @throws Error when two have the same */
function namedSchemas(): Record<string, TSchema> {
  const named = new Map(Object.entries(COMPONENTS))
  for (const { id, schemas = {} } of ROUTES) {
    for (const [name, schema] of Object.entries(schemas)) {
      if (named.has(name)) throw new Error(`openapi: ${id} names a schema ${name}, and there is one already`)
      named.set(name, schema)
    }
  }
  return Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What a reader is told before the routes. */
const INTRODUCTION = `
Runyard runs programs that strangers wrote. You submit a program, and it becomes a **job** in a queue. A worker runs it in a
sandbox under limits. You get its output and measurements by reading the job, as a stream of events, over a WebSocket, or at a
webhook.

The quickest way to a result is \`POST /v1/jobs\` with \`Prefer: wait=10\`:

\`\`\`sh
curl -s http://127.0.0.1:3000/v1/jobs -H 'content-type: application/json' -H 'prefer: wait=10' \\
  -d '{"language": "python", "code": "print(6 * 7)"}'
\`\`\`

- **Bodies** are JSON in UTF-8, at most 2 MiB, with at most 1 MiB of code, unless the operator changes these limits. Unknown
  fields and query parameters are refused. \`null\` for an optional field counts as absent. Integers beyond 2^53 are refused,
  because they would change: send them as strings.
- **Errors** are \`application/problem+json\` (RFC 9457). \`code\` is stable, and programs may rely on it. \`errors\` names the
  invalid fields. A failing program is not an error: the \`status\` of its job says that it failed. Unknown paths get 404
  \`not-found\`, wrong methods 405 \`method-not-allowed\`.
- **Keys** go into \`Authorization: Bearer ry_...\` or \`X-API-Key\`. The operator decides whether you need one.
- **Budgets** belong to each key, or else each address. \`RateLimit\` says how much is left, \`Retry-After\` when to try again.
- **HEAD** works wherever GET does, without the body.
`.trim()

/** The ways in which a request can show who makes it. */
const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A key, `ry_...`, as `Authorization: Bearer ry_...`.',
  },
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'The same key, for clients that cannot set `Authorization`.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'runyard-session',
    description:
      'The session of the dashboard, made by `POST /v1/admin/session`. Its name ends with the port, if the address has one ' +
      '(`runyard-session-3000`); behind TLS it begins with `__Host-`. It is valid only for pages of this gateway.',
  },
}
