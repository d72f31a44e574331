import { describe, expect, test } from '@jest/globals'
import type { TSchema } from 'typebox'
import { bodyValidator, faultsOf } from '../../../src/api/http/validate.ts'
import { AllowRequest, BlockRequest } from '../../../src/api/security/security-routes.ts'
import { LoginRequest } from '../../../src/api/access/admin-session.ts'
import { NewApiKey } from '../../../src/shared/access/new-api-key.ts'
import { CodeRequest, ContainerRequest } from '../../../src/shared/requests.ts'

interface ObjectSchema {
  properties?: Record<string, ObjectSchema>
  required?: string[]
}

/** The schema's optional members, all of them null; required ones as given. */
const withNulls = (schema: TSchema, required: object) => ({
  ...Object.fromEntries(Object.keys((schema as ObjectSchema).properties ?? {}).map((name) => [name, null])),
  ...required,
})

describe('null in the place of every optional field is as absent:', () => {
  test.each([
    { what: 'POST /v1/jobs', schema: CodeRequest, required: { language: 'python', code: '1' } },
    { what: 'POST /api/containers/create', schema: ContainerRequest, required: { image: 'bash', command: ['true'] } },
    { what: 'POST /v1/admin/keys', schema: NewApiKey, required: { name: 'x', tenant: 'acme' } },
    { what: 'PUT /v1/admin/blocks/:subject', schema: BlockRequest, required: {} },
    { what: 'PUT /v1/admin/allowed/:subject', schema: AllowRequest, required: {} },
  ])('$what', ({ schema, required }) => {
    const body = withNulls(schema, required)
    expect(Object.values(body)).toContain(null)
    expect(bodyValidator(schema)(body)).toEqual(required)
  })

  test('within limits, webhooks, files and tests', () => {
    const body = {
      language: 'python',
      files: [{ path: 'a', content: '', encoding: null }],
      tests: [{ name: null, stdin: null, args: null, expectedOutput: null }],
      limits: { wallMs: null, cpuMs: 5 },
      webhook: { url: 'https://example.com', events: null },
    }
    expect(bodyValidator(CodeRequest)(body)).toEqual({
      language: 'python',
      files: [{ path: 'a', content: '' }],
      tests: [{}],
      limits: { cpuMs: 5 },
      webhook: { url: 'https://example.com' },
    })
  })

  test('in a body that is one of two', () => {
    expect(bodyValidator(LoginRequest)({ key: 'ry_', link: null })).toEqual({ key: 'ry_' })
  })
})

test('null stays where it means something, and is refused where a value must be', () => {
  const metadata = { a: null, b: [null, { c: null }] }
  expect(bodyValidator(CodeRequest)({ language: 'python', code: '', metadata })).toMatchObject({ metadata })
  const faults = faultsOf(CodeRequest)
  expect(faults({ language: null, code: '' })).toEqual([{ pointer: '/language', detail: 'must be a string' }])
  expect(faults({ language: 'c', env: { A: null } })).toEqual([{ pointer: '/env/A', detail: 'must be a string' }])
  expect(faults({ language: 'c', args: [null] })).toEqual([{ pointer: '/args/0', detail: 'must be a string' }])
  expect(faults(null)).toEqual([{ pointer: '', detail: 'must be an object' }])
})
