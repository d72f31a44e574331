import type { Express } from 'express'
import { normalAddress } from '../../shared/security/subject.ts'

/** What an address that cannot be read counts as; all such callers are one. */
export const UNKNOWN_ADDRESS = 'unknown'

/**
 * The unit in which callers without a key are told apart: an IPv4 address, or an IPv6 network of 64 bits, so that a caller
 * cannot become another one by changing the rest.
 * @param ip what Express took as the client's address; it may be any text that a proxy put there
 * @returns e.g. `203.0.113.7` or `2001:db8:1:2::/64`, or UNKNOWN_ADDRESS
 */
export const clientAddress = (ip: string | undefined): string => normalAddress(ip ?? '') ?? UNKNOWN_ADDRESS

/**
 * Makes `req.ip` the nearest address that is not a trusted proxy's: hop by hop from the connection backwards through
 * `X-Forwarded-For`. Without trusted proxies the header is not looked at.
 * @param proxies addresses, networks as CIDR, or `loopback`
 */
export function trustProxy(app: Express, proxies: readonly string[]): void {
  app.set('trust proxy', proxies.length > 0 ? [...proxies] : false)
}
