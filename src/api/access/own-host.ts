import type { IncomingHttpHeaders } from 'node:http'
import type { RequestHandler } from 'express'
import type { Config } from '../../shared/config/config.ts'
import { isLoopbackName } from '../../shared/loopback.ts'
import { Problem } from '../../shared/problems.ts'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Keeps a gateway without authentication to this machine, beyond the address it listens on. A page from elsewhere can have its
 * own name resolve to 127.0.0.1, and a proxy can pass requests of the whole world on: both show in the host that the request
 * names. With authentication this lets everything through.
 *
 * A browser tells of a request that a page of another site made; such a one may not change anything, nor open a WebSocket. Programs send neither of
 * the headers looked at here.
 */
export function ownHost(auth: Config['auth']): RequestHandler {
  return (req, _res, next) => {
    if (auth !== 'none') return next()
    const forwarded = req.headers['x-forwarded-host']
    const hosts = [req.headers.host ?? '', ...(typeof forwarded === 'string' ? forwarded.split(',') : [])]
    if (!hosts.every((host) => isLoopbackName(host.trim()))) {
      throw new Problem(
        'wrong-host',
        'this gateway has no authentication and serves only localhost, 127.0.0.1 and [::1]; ' +
          'to serve it under another name, set AUTH=required, or AUTH=optional',
      )
    }
    // A page may open a WebSocket to anywhere, and read it: no rule of browsers is in its way as with other requests.
    const isOpen = SAFE_METHODS.has(req.method) && req.headers.upgrade === undefined
    if (!isOpen && isCrossSite(req.headers)) {
      throw new Problem('wrong-host', 'this gateway has no authentication and takes nothing from pages of other sites')
    }
    next()
  }
}

/** Whether a browser says that a page of another site, or of none that it names, makes this request. */
export function isCrossSite(headers: Pick<IncomingHttpHeaders, 'origin' | 'sec-fetch-site'>): boolean {
  if (headers['sec-fetch-site'] === 'cross-site') return true
  const { origin } = headers
  return origin !== undefined && !isLoopbackName(origin.replace(/^https?:\/\//, ''))
}
