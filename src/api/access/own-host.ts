import type { RequestHandler } from 'express'
import type { Config } from '../../shared/config/config.ts'
import { isLoopbackName } from '../../shared/loopback.ts'
import { Problem } from '../../shared/problems.ts'

/**
 * Refuses a request that names no host, or two: what stands before the gateway could take it for another one than the gateway
 * does. A URL with a host of its own, as proxies are asked with, must have the same (RFC 9112, 3.2).
 */
export const oneHost: RequestHandler = (req, _res, next) => {
  const names = req.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length
  const { host } = req.headers
  if (names > 1) throw new Problem('malformed-request', 'the request has more than one Host header')
  if (names === 0 && req.httpVersion !== '1.0') {
    throw new Problem('malformed-request', 'the request has no Host header, which HTTP/1.1 demands')
  }
  if (!req.url.startsWith('/') && req.url !== '*') {
    if (!URL.canParse(req.url)) throw new Problem('malformed-request', 'the URL of the request cannot be read')
    const url = new URL(req.url)
    const named = `${url.protocol}//${host ?? ''}`
    if (!URL.canParse(named) || new URL(named).host !== url.host) {
      throw new Problem('malformed-request', 'the URL of the request names another host than the Host header')
    }
    req.url = `${url.pathname}${url.search}`
    req.originalUrl = req.url
  }
  next()
}

/**
 * Keeps a gateway without authentication to this machine, beyond the address it listens on. A page from elsewhere can have its
 * own name resolve to 127.0.0.1, and a proxy can pass requests of the whole world on: both show in the host that the request
 * names. With authentication this lets everything through.
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
    next()
  }
}
