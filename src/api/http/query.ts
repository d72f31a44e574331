import type { Request } from 'express'
import type { Static, TObject } from 'typebox'
import type { FieldError } from '../../shared/problems.ts'
import { faultsOf } from './validate.ts'
import { invalidRequest } from './problems.ts'

interface Parameter {
  enum?: unknown[]
  items?: { enum?: unknown[] }
  type?: string
}

/**
 * Compiles a schema of strings, and of lists of strings, into a check of a request's query. A parameter that the schema has not
 * is refused, and one that is given several times unless the schema has a list of it. The letter case of values that stand in
 * an enumeration does not matter.
 * @returns a function that gives the query its type
 * @throws Problem `invalid-request`, from that function, with the parameters as pointers
 */
export function queryOf<T extends TObject>(schema: T): (req: { query: Request['query'] }) => Static<T> {
  const parameters = schema.properties as Record<string, Parameter>
  const names = Object.keys(parameters)
  const known = names.length === 0 ? 'this route takes none' : `known: ${names.join(', ')}`
  const faults = faultsOf(schema)
  return (req) => {
    const errors: FieldError[] = []
    const query: Record<string, unknown> = {}
    for (const [name, given] of Object.entries(req.query)) {
      const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined
      const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
      if (!parameter) errors.push({ pointer, detail: `is not a known query parameter; ${known}` })
      else if (parameter.type === 'array')
        query[name] = [given].flat().map((one) => valueOf(parameter.items ?? {}, one))
      else if (Array.isArray(given)) errors.push({ pointer, detail: `is given ${given.length} times; once is allowed` })
      else query[name] = valueOf(parameter, given)
    }
    errors.push(...faults(query))
    if (errors.length > 0) throw invalidRequest(errors)
    return query as Static<T>
  }
}

const valueOf = (parameter: Parameter, given: unknown): unknown =>
  parameter.enum && typeof given === 'string' ? given.toLowerCase() : given
