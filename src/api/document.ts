import { COMPONENTS } from './http/openapi/components.ts'
import { describeOperation, type Shared } from './http/openapi/describe-operation.ts'
import { INTRODUCTION } from './openapi/introduction.ts'
import { OPERATIONS } from './openapi/operations.ts'
import { header, RESPONSE_HEADERS } from './http/openapi/parameters.ts'
import { problemExamples } from './http/openapi/problems.ts'
import { createReferences } from './http/openapi/references.ts'
import { SECURITY_SCHEMES } from './openapi/security-schemes.ts'
import { TAGS } from './http/openapi/tags.ts'
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
  const references = createReferences(COMPONENTS)
  const shared: Shared = new Map()
  const paths: OpenApiDocument['paths'] = {}
  for (const operation of OPERATIONS) {
    const { path, method } = operation
    paths[path] = { ...paths[path], [method]: describeOperation(operation, references, shared) }
  }
  const schemas = Object.entries(COMPONENTS).map(([name, schema]) => [name, references.define(schema)])
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
