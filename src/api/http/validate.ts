import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Settings } from 'typebox/system'
import type { FieldError } from '../../shared/problems.ts'
import { invalidRequest } from './problems.ts'
import { absentNulls } from './absent-nulls.ts'
import { fieldErrors } from './field-errors.ts'

// Eight, the default, would tell a client of half its mistakes.
Settings.Set({ maxErrors: 64 })

/**
 * Compiles a schema into a check of values. `null` in the place of an optional field is taken out of the value first: it is as
 * absent.
 * @returns a function that gives the first 64 of the offending fields; none when the value is of the schema
 */
export function faultsOf(schema: TSchema): (value: unknown) => FieldError[] {
  const validator = Compile(schema)
  const dropNulls = absentNulls(schema)
  return (value) => {
    dropNulls?.(value)
    return validator.Check(value) ? [] : fieldErrors(schema, validator.Errors(value))
  }
}

/**
 * Compiles a schema into a check of request bodies, as `faultsOf`.
 * @returns a function that gives the body its type
 * @throws Problem, from that function: `invalid-request` with the first 64 of the offending fields
 */
export function bodyValidator<T extends TSchema>(schema: T): (body: unknown) => Static<T> {
  const faults = faultsOf(schema)
  return (body) => {
    const errors = faults(body)
    if (errors.length > 0) throw invalidRequest(errors)
    return body as Static<T>
  }
}
