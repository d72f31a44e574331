import type { Express } from 'express'

/**
 * Makes `req.ip` the nearest address that is not a trusted proxy's: hop by hop from the connection backwards through
 * `X-Forwarded-For`. Without trusted proxies the header is not looked at.
 * @param proxies addresses, networks as CIDR, or `loopback`
 */
export function trustProxy(app: Express, proxies: readonly string[]): void {
  app.set('trust proxy', proxies.length > 0 ? [...proxies] : false)
}
