import type { Request } from 'express'
import { looksLikeKey } from '../../../shared/access/key-text.ts'

/**
 * Shows the key of a request where every route looks for it: in `X-API-Key`, if it stands in a header of another system, and as
 * `Authorization: Bearer` if it stands there alone.
 * @param headers of the other system, in lower case; the first that is there counts
 */
export function showKey({ headersDistinct }: Pick<Request, 'headersDistinct'>, headers: readonly string[]): void {
  const { authorization } = headersDistinct
  if (authorization?.every((value) => !value.trim().includes(' ') && looksLikeKey(value))) {
    headersDistinct.authorization = authorization.map((value) => `Bearer ${value.trim()}`)
  }
  const shown = headers.find((name) => headersDistinct[name] !== undefined)
  const keys = shown === undefined ? undefined : headersDistinct[shown]
  if (keys) headersDistinct['x-api-key'] = [...(headersDistinct['x-api-key'] ?? []), ...keys]
}
