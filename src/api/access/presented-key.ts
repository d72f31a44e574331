import type { IncomingMessage } from 'node:http'
import { looksLikeKey } from '../../shared/access/key-text.ts'

/** What is wrong with the way a key is shown. */
export interface Fault {
  /** For the caller. */
  answer: string
  /** For the record. */
  detail: string
}

/** The key that a request shows, or none, or one shown in a wrong way. */
export type PresentedKey = { key: string } | { fault: Fault } | undefined

const QUERY_NAMES = new Set(['key', 'api_key', 'apikey', 'api-key', 'x-api-key', 'token', 'access_token'])

const IN_URL: Fault = {
  answer:
    'a key in a URL ends up in logs and histories, so it is not accepted there: ' +
    'send it as the header "Authorization: Bearer", and revoke this one if it was real',
  detail: 'a key was sent in the URL',
}
const TWO_KEYS: Fault = {
  answer: 'the request has two different keys; send one',
  detail: 'a request had two different keys',
}
const NOT_BEARER: Fault = {
  answer: 'the Authorization header is not "Bearer" and a key',
  detail: 'an Authorization header was not Bearer',
}

/** Where browsers can show a key: they let pages name subprotocols of a WebSocket, and set no header of it. */
const KEY_PROTOCOL = /^key\.(.*)$/

/**
 * Looks for a key in `Authorization: Bearer`, in `X-API-Key`, as `key.ry_...` in `Sec-WebSocket-Protocol`, and where it must not
 * be: in the URL.
 */
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
  for (const protocol of headersDistinct['sec-websocket-protocol']?.join().split(',') ?? []) {
    const key = KEY_PROTOCOL.exec(protocol.trim())?.[1]
    if (key !== undefined) shown.add(key)
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
