import type { IncomingHttpHeaders } from 'node:http'
import type { Request, RequestHandler } from 'express'
import { isLoopbackName } from '../../shared/loopback.ts'
import { Problem } from '../../shared/problems.ts'
import { originOf } from '../../shared/webhooks/check-webhook-url.ts'

/** What people may come to by a link on another page. The page is theirs alone to see, and changes nothing by being loaded. */
const PAGES = /^\/(?:$|docs\/?$|openapi\.json$|admin(?:\/|$))/i
/** Of the pages, those that a session opens. */
const BEHIND_SESSION = /^\/admin\/queues(?:\/|$)/i

/**
 * Refuses what a browser says that a page of another origin asks for, whatever the method: before anybody is asked who calls,
 * so that it costs nobody's budget. Other ports of this machine are other origins. Programs send none of the headers that are
 * looked at here, and pass. A person may follow a link to a page.
 * @param allowed origins whose pages may call all the same
 */
export function refuseCrossSite(allowed: readonly string[]): RequestHandler {
  return (req, res, next) => {
    const from = foreignOrigin(req, allowed)
    // Whether it is good for that origin is looked at with the token itself.
    if (from === undefined || res.locals.showsBrowserToken) return next()
    if (isLinkToPage(req)) {
      // The session's cookie stays behind when another site leads here, and comes along from another port: both end up the same.
      if (BEHIND_SESSION.test(req.path)) return res.set('Cache-Control', 'no-store').redirect(303, '/admin')
      return next()
    }
    throw new Problem(
      'cross-site',
      `${from} made this request; only pages of this gateway and of the origins in ALLOWED_ORIGINS may call it`,
    )
  }
}

/** @returns what page of another origin makes a request, for people; undefined when no browser says that one does */
function foreignOrigin(req: Pick<Request, 'headers' | 'host'>, allowed: readonly string[]): string | undefined {
  const { origin, referer, 'sec-fetch-site': site } = req.headers
  if (origin !== undefined && allowed.includes(origin.toLowerCase())) return undefined
  if (origin === undefined && referer !== undefined && allowed.includes(originOf(referer))) return undefined
  if (origin !== undefined && !isHost(origin, req.host)) {
    // Behind a proxy that puts its own name for the host this is a page of ours: no page can make a browser say so.
    if (site === 'same-origin' && !isLoopbackName(req.host ?? '')) return undefined
    return origin === 'null' ? 'a page without an origin' : `a page of ${origin}`
  }
  if (site !== undefined) return site === 'same-origin' || site === 'none' ? undefined : 'a page of another origin'
  // Browsers of before Sec-Fetch-Site name no origin with what only reads.
  if (origin === undefined && referer !== undefined && !isHost(referer, req.host)) return 'a page of another origin'
  return undefined
}

/** Whether a URL leads to this host. A port that is the scheme's own may be left out on either side. */
export function isHost(text: string, host: string | undefined): boolean {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  const own = `${url.protocol}//${host ?? ''}`
  return URL.canParse(own) && new URL(own).host === url.host
}

function isLinkToPage({ method, path, headers }: Pick<Request, 'method' | 'path'> & { headers: IncomingHttpHeaders }) {
  if ((method !== 'GET' && method !== 'HEAD') || headers.upgrade !== undefined || !PAGES.test(path)) return false
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination = 'document' } = headers
  // Older browsers do not say by what they ask.
  if (mode === undefined) return headers['sec-fetch-site'] === undefined && headers.origin === undefined
  return mode === 'navigate' && destination === 'document'
}
