import { Value } from 'typebox/value'
import { PROBLEMS, type ProblemCode } from '../../../shared/problems.ts'
import type { Answer, RequestExample, RouteDescription } from '../route.ts'
import { header, REQUEST_HEADERS, type ResponseHeader } from '../parameters.ts'
import { headersOfProblems, isAfterAcceptance, problemAnswer, problemsOf } from './problems.ts'
import type { References } from './references.ts'

/** Where answers that are the same in many places are put: under a name in `components/responses`. */
export type Shared = Map<string, object>

/**
 * A route as an operation of OpenAPI.
 * @param shared gets the answers to problems
 */
export function describeOperation(operation: RouteDescription, { refer }: References, shared: Shared): object {
  const { id, tag, summary, body, upload, answers, scopes } = operation
  const always: ResponseHeader[] =
    scopes === 'open' ? ['X-Request-Id'] : ['X-Request-Id', 'RateLimit', 'RateLimit-Policy']
  const headersOf = (more: readonly ResponseHeader[]) => headerReferences([...always, ...more])

  const good = Object.entries(answers).map(([status, answer]) => [
    status,
    describeAnswer(answer, headersOf(answer.headers ?? []), refer),
  ])
  const bad = [...byStatus(problemsOf(operation))].map(([status, codes]) => {
    const more = codes.flatMap((code) => [
      ...(operation.problemHeaders?.[code] ?? []),
      ...(isAfterAcceptance(code) ? placeHeaders(answers) : []),
    ])
    const answer = problemAnswer(codes, headersOf([...headersOfProblems(codes), ...more]))
    const name = share(shared, [status, ...codes].join('.'), answer)
    return [String(status), { $ref: `#/components/responses/${name}` }]
  })
  const parameters = describeParameters(operation, refer)
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [operation.description, scopeSentence(scopes)].filter((text) => text !== undefined).join('\n\n'),
    ...securityOf(scopes),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        // A request without a body is read as one with an empty object.
        required: body.isRequired ?? !Value.Check(body.schema, {}),
        content: { 'application/json': { schema: refer(body.schema), examples: describeExamples(body.examples) } },
      },
    }),
    ...(upload !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary', description: upload } } },
      },
    }),
    responses: Object.fromEntries([...good, ...bad]) as object,
  }
}

/** Puts an answer where it can be referred to. @returns its name: the given one, with a number when another answer has that */
function share(shared: Shared, name: string, answer: object): string {
  const text = JSON.stringify(answer)
  for (let number = 1; ; number++) {
    const own = number === 1 ? name : `${name}.${number}`
    const there = shared.get(own)
    if (there && JSON.stringify(there) !== text) continue
    shared.set(own, answer)
    return own
  }
}

function describeAnswer(answer: Answer, headers: object, refer: References['refer']): object {
  const { description, schema, type = 'application/json', events, messages, examples } = answer
  return {
    description,
    headers,
    ...(schema && {
      content: {
        [type]: {
          schema: refer(schema),
          ...(examples && { examples }),
          // OpenAPI 3.1 has no words for the events of a stream.
          ...(events && { 'x-events': refer(events) }),
        },
      },
    }),
    ...(messages && { 'x-messages': { sent: refer(messages.sent), received: refer(messages.received) } }),
  }
}

function describeParameters({ path, params = {}, query, headers = [] }: RouteDescription, refer: References['refer']) {
  const inPath = [...path.matchAll(/[:*](\w+)/g)].map(([, name = '']) => {
    const parameter = params[name]
    if (!parameter) throw new Error(`openapi: {${name}} of ${path} is not described`)
    return { name, in: 'path', required: true, ...parameter }
  })
  const inQuery = Object.entries(query?.properties ?? {}).map(([name, property]) => {
    const { description, ...schema } = property as { description?: string }
    const required = query?.required?.includes(name) ?? false
    return { name, in: 'query', required, ...(description !== undefined && { description }), schema: refer(schema) }
  })
  const inHeader = headers.map((name) => ({ name, in: 'header', ...header(REQUEST_HEADERS[name]) }))
  return [...inPath, ...inQuery, ...inHeader]
}

const describeExamples = (examples: Readonly<Record<string, RequestExample>>) =>
  Object.fromEntries(
    Object.entries(examples).map(([name, { summary, description, value, ends }]) => {
      const words = [description, ends && `The job ends as \`${ends}\`.`].filter((text) => text !== undefined)
      return [name, { summary, ...(words.length > 0 && { description: words.join('\n\n') }), value }]
    }),
  )

/** What tells of the job that was accepted is told with what went wrong after that, too. */
function placeHeaders(answers: RouteDescription['answers']): ResponseHeader[] {
  const told = Object.values(answers).flatMap(({ headers = [] }) => headers)
  return (['Location', 'Idempotent-Replayed', 'Preference-Applied'] as const).filter((name) => told.includes(name))
}

const headerReferences = (names: readonly ResponseHeader[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

function byStatus(codes: readonly ProblemCode[]): Map<number, ProblemCode[]> {
  const found = new Map<number, ProblemCode[]>()
  for (const code of codes) {
    const { status } = PROBLEMS[code]
    found.set(status, [...(found.get(status) ?? []), code])
  }
  return found
}

/** Without authentication (`AUTH=none`) the service takes jobs from callers without a key, so that the key is one choice of two. */
function securityOf(scopes: RouteDescription['scopes']): { security: object[] } {
  if (scopes === 'open') return { security: [] }
  const keys = [{ bearer: [] }, { apiKey: [] }]
  return { security: scopes.includes('admin') ? [...keys, { session: [] }] : [{}, ...keys] }
}

function scopeSentence(scopes: RouteDescription['scopes']): string | undefined {
  if (scopes === 'open') return 'Needs no key.'
  if (scopes.length === 0) return undefined
  return `A key needs the scope ${scopes.map((scope) => `\`${scope}\``).join(' or ')}.`
}
