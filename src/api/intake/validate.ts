import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Settings } from 'typebox/system'
import type { FieldError } from '../../shared/problems.ts'
import { invalidRequest } from '../http/invalid-request.ts'

// Eight, the default, would tell a client of half its mistakes.
Settings.Set({ maxErrors: 64 })

/**
 * Compiles a schema into a check of request bodies.
 * @returns a function that gives the body its type
 * @throws Problem, from that function: `invalid-request` with the first 64 of the offending fields
 */
export function bodyValidator<T extends TSchema>(schema: T): (body: unknown) => Static<T> {
  const validator = Compile(schema)
  return (body) => {
    if (validator.Check(body)) return body
    throw invalidRequest(fieldErrors(validator.Errors(body)))
  }
}

interface SchemaError {
  keyword: string
  instancePath: string
  message: string
  params: object
}

function fieldErrors(errors: readonly SchemaError[]): FieldError[] {
  const found = errors.flatMap((error): FieldError[] => {
    const { keyword, instancePath, message, params } = error
    const named = (property: string, detail: string) => ({
      pointer: `${instancePath}/${property.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      detail,
    })
    if (keyword === 'additionalProperties') {
      const { additionalProperties } = params as { additionalProperties: string[] }
      return additionalProperties.map((name) => named(name, 'is not a known field'))
    }
    if (keyword === 'required') {
      const { requiredProperties } = params as { requiredProperties: string[] }
      return requiredProperties.map((name) => named(name, 'is missing'))
    }
    // Each field that is not allowed at all, told one by one before they are told together: there may be too many for that.
    if (keyword === 'boolean') return [{ pointer: instancePath, detail: 'is not a known field' }]
    if (keyword === 'enum') {
      const { allowedValues } = params as { allowedValues: unknown[] }
      return [{ pointer: instancePath, detail: `must be one of ${allowedValues.join(', ')}` }]
    }
    return [{ pointer: instancePath, detail: message }]
  })
  return [...new Map(found.map((error) => [`${error.pointer}\n${error.detail}`, error])).values()]
}
