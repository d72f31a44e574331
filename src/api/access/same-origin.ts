import type { Request } from 'express'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a request changes something, or opens a WebSocket, which no rule of browsers keeps pages of other sites from. */
export const hasEffects = (req: Pick<Request, 'method' | 'headers'>): boolean =>
  !SAFE_METHODS.has(req.method) || req.headers.upgrade !== undefined

/**
 * Whether a browser says that a page of this very origin makes the request. What a browser brings along by itself is believed
 * only then: another port of this machine is the same site, and its pages are not ours. Browsers send at least one of the two headers with
 * whatever changes something; a request without both is none of a page.
 */
export function isSameOrigin(req: Pick<Request, 'headers' | 'host'>): boolean {
  const { origin } = req.headers
  const site = req.headers['sec-fetch-site']
  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === req.host)) return false
  return site === undefined ? origin !== undefined : site === 'same-origin'
}
