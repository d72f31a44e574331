import { isIP } from 'node:net'
import { isInternalAddress } from './internal-address.ts'

/** Names of this machine that no name server is asked for. */
const OWN_NAME = /(?:^|\.)(?:localhost|localhost\.localdomain|localhost[46]|ip6-localhost|ip6-loopback)$/

/**
 * What can be told of a webhook's URL by looking at it. The standard's parser reads a host as any client does that would
 * connect to it, so that every spelling of an address has become the one. Where a name leads is seen when it is connected to.
 * @param allow internal addresses and networks (CIDR) that may be reached all the same
 * @returns why it cannot be used, as a sentence without its subject; undefined when it can
 */
export function checkWebhookUrl(text: string, allow: readonly string[]): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL that can be used'
  const { protocol, username, password, hostname } = new URL(text)
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https:// or http://'
  if (username !== '' || password !== '') return 'must not hold a user name or password'
  if (isInternalHost(hostname, allow)) return 'leads to an internal address, which webhooks may not reach'
  return undefined
}

/** @param hostname as `URL` has it: IPv6 addresses in brackets */
function isInternalHost(hostname: string, allow: readonly string[]): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address) !== 0) return isInternalAddress(address, allow)
  const name = hostname.replace(/\.+$/, '')
  if (name === '' || name.includes('..')) return true
  return OWN_NAME.test(name) && isInternalAddress('127.0.0.1', allow) && isInternalAddress('::1', allow)
}

/** What of a URL may stand in a log: its path and query may hold secrets of its owner. */
export const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : 'not a URL')
