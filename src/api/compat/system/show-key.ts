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

/**
 * Shows the token of a request that stands in `Authorization` under another scheme, or in the query, where every route looks for a key.
 * It is removed from the query, so that nothing behind this sees it there. An empty one counts as none.
 */
export function showToken(
  req: Pick<Request, 'headersDistinct' | 'url' | 'originalUrl'>,
  { scheme, query }: { scheme: string; query: string },
): void {
  const { headersDistinct } = req
  const pattern = new RegExp(`^${scheme}(?: +|$)(.*)$`, 'i')
  const shown = headersDistinct.authorization?.flatMap((value) => {
    const token = pattern.exec(value.trim())?.[1]?.trim()
    return token === undefined ? [value] : token === '' ? [] : [`Bearer ${token}`]
  })
  if (shown?.length === 0) delete headersDistinct.authorization
  else if (shown) headersDistinct.authorization = shown
  const at = req.url.indexOf('?')
  if (at < 0) return
  const asked = new URLSearchParams(req.url.slice(at + 1))
  const tokens = asked.getAll(query)
  if (tokens.length === 0) return
  asked.delete(query)
  const rest = asked.size > 0 ? `?${asked.toString()}` : ''
  req.url = req.url.slice(0, at) + rest
  req.originalUrl = req.originalUrl.slice(0, req.originalUrl.indexOf('?')) + rest
  const keys = tokens.filter((token) => token !== '')
  if (keys.length > 0) headersDistinct['x-api-key'] = [...(headersDistinct['x-api-key'] ?? []), ...keys]
}

/**
 * Shows a browser token that stands in the path, `/token/ryb_.../exec`, where every route looks for a key: for widgets that take an
 * address and nothing else. It is removed from the path, so that nothing behind this sees it there. Keys are not taken from a path: a
 * token is worth nothing to pages of other origins, and ends soon.
 */
export function showPathToken(req: Pick<Request, 'headersDistinct' | 'url' | 'originalUrl'>): void {
  const [, token, rest] = /^\/token\/(ryb_[0-9a-f]+_[0-9a-f]+)(\/.*)$/.exec(req.url) ?? []
  if (token === undefined || rest === undefined) return
  req.url = rest
  req.originalUrl = req.originalUrl.replace(`/token/${token}`, '')
  const { headersDistinct } = req
  headersDistinct['x-api-key'] = [...(headersDistinct['x-api-key'] ?? []), token]
}
