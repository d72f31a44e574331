import type { Request } from 'express'
import type { Static, TObject } from 'typebox'
import { bodyValidator } from '../intake/validate.ts'

/**
 * Compiles a schema of strings into a check of a request's query. A parameter that stands there twice is refused like one of
 * the wrong form.
 * @returns a function that gives the query its type
 * @throws Problem `invalid-request`, from that function, with the parameters as pointers
 */
export function queryOf<T extends TObject>(schema: T): (req: Request) => Static<T> {
  const validate = bodyValidator(schema)
  return (req) => validate({ ...req.query })
}
