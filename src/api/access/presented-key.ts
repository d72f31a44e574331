import type { IncomingMessage } from 'node:http'
import { looksLikeKey } from '../../shared/access/key-text.ts'

/** The key that a request shows, none, or what is wrong with the way it is shown. */
export type PresentedKey = { key: string } | { fault: string } | undefined

const QUERY_NAMES = new Set(['key', 'api_key', 'apikey', 'api-key', 'x-api-key', 'token', 'access_token'])

const IN_URL =
  'a key in a URL ends up in logs and histories, so it is not accepted there: ' +
  'send it as the header "Authorization: Bearer", and revoke this one if it was real'
const TWO_KEYS = 'the request shows two different keys; show one'
const NOT_BEARER = 'the Authorization header is not "Bearer" and a key'

/** Looks for a key in `Authorization: Bearer`, in `X-API-Key`, and where it must not be: in the URL. */
export function presentedKey({
  url = '',
  headersDistinct,
}: Pick<IncomingMessage, 'url' | 'headersDistinct'>): PresentedKey {
  if (hasKeyInQuery(url)) return { fault: IN_URL }
  const shown = new Set(headersDistinct['x-api-key'])
  for (const header of headersDistinct.authorization ?? []) {
    const bearer = /^bearer +(.*)$/i.exec(header)?.[1]
    if (bearer === undefined) return { fault: NOT_BEARER }
    shown.add(bearer.trim())
  }
  const [key, other] = shown
  if (key === undefined) return undefined
  return other === undefined ? { key } : { fault: TWO_KEYS }
}

function hasKeyInQuery(url: string): boolean {
  const start = url.indexOf('?')
  if (start < 0) return false
  return [...new URLSearchParams(url.slice(start))].some(
    ([name, value]) => QUERY_NAMES.has(name.toLowerCase()) || looksLikeKey(name) || looksLikeKey(value),
  )
}
