import type { RequestHandler } from 'express'
import { jsonBody } from '../../http/body.ts'

/**
 * Reads a body as JSON whatever its type is said to be: clients of other systems often say `text/plain`, or nothing.
 * Errors go on as Problem, as of `jsonBody`.
 */
export function readBody(maxBytes: number): RequestHandler {
  const read = jsonBody(maxBytes)
  return (req, res, next) => {
    req.headers['content-type'] = 'application/json'
    read(req, res, next)
  }
}

/** The members of a body, none where it is no object. */
export const membersOf = (body: unknown): Readonly<Record<string, unknown>> =>
  typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : {}

/** A value of a body in a message. An object is told as such: its `toString` may be anything that was sent. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return String(value)
}
