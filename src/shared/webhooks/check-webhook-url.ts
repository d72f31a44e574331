import { isIP } from 'node:net'
import { isInternalAddress, isListed } from './internal-address.ts'
import { portOf, type Reach, REACH_HINTS } from './reach.ts'

/** Names of this machine that no name server is asked for. */
const OWN_NAME = /(?:^|\.)(?:localhost|localhost\.localdomain|localhost[46]|ip6-localhost|ip6-loopback)$/
/** Names by which clouds have their metadata services. */
const METADATA_NAME =
  /^(?:metadata|instance-data|metadata\.goog|(?:[^.]+\.)*(?:metadata|instance-data)\.[^.]+\.internal|metadata\.tencentyun\.com)$/

/**
 * What can be told of a webhook's URL by looking at it. The standard's parser reads a host as any client does that would
 * connect to it, so that every spelling of an address has become the one. Where a name leads is seen when it is connected to.
 * @returns why it cannot be used, as a sentence without its subject; undefined when it can
 */
export function checkWebhookUrl(text: string, reach: Reach): string | undefined {
  if (!URL.canParse(text)) return 'is not a valid URL'
  const url = new URL(text)
  const { protocol, username, password, hostname } = url
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https:// or http://'
  if (username !== '' || password !== '') return 'must not contain a user name or password'
  if (isInternalHost(hostname, reach)) {
    return `leads to an internal address, which webhooks may not reach; ${REACH_HINTS['address-not-allowed']}`
  }
  if (!mayReachPort(hostname, portOf(url), reach)) {
    return `leads to port ${portOf(url)}, which webhooks may not reach; ${REACH_HINTS['port-not-allowed']}: ${reach.ports?.join(', ')}`
  }
  return undefined
}

/** @param hostname as `URL` has it: IPv6 addresses in brackets */
function isInternalHost(hostname: string, { allow, deny }: Reach): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address) !== 0) return isInternalAddress(address, allow, deny)
  const name = hostname.replace(/\.+$/, '')
  if (name === '' || name.includes('..')) return true
  if (METADATA_NAME.test(name)) return isInternalAddress('169.254.169.254', allow)
  return OWN_NAME.test(name) && isInternalAddress('127.0.0.1', allow) && isInternalAddress('::1', allow)
}

/** A name may lead to where every port is open; that is seen when it is connected to. */
function mayReachPort(hostname: string, port: number, { allow, ports }: Reach): boolean {
  if (ports === undefined || ports.includes(port)) return true
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(address) === 0 ? allow.length > 0 : isListed(address, allow)
}

/** What of a URL may stand in a log: its path and query may hold secrets of its owner. */
export const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : 'not a URL')
