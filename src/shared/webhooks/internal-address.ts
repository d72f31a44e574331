import ipaddr from 'ipaddr.js'

/** All of IPv6 that is given out for the public net; what lies beyond is reserved, or another form of an IPv4 address. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')
/** Stands for the IPv4 address in its last 32 bits, on networks that have IPv6 only (RFC 6052). */
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96')

/**
 * Whether an address is not one of the public net: private, loopback, link-local, shared, multicast, documentation,
 * reserved, a tunnel (6to4, Teredo), or an IPv4 address of that kind in an IPv6 form. What cannot be read is internal too.
 * @param allow internal addresses and networks (CIDR) that count as public all the same
 */
export function isInternalAddress(text: string, allow: readonly string[]): boolean {
  if (!ipaddr.isValid(text)) return true
  const address = ipaddr.process(text)
  if (allow.some((network) => contains(network, address))) return false
  if (address instanceof ipaddr.IPv4) return address.range() !== 'unicast'
  if (address.match(NAT64)) return isInternalAddress(ipaddr.fromByteArray(address.toByteArray().slice(12)).toString(), allow) // prettier-ignore
  return address.range() !== 'unicast' || !address.match(GLOBAL_IPV6)
}

function contains(network: string, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (!network.includes('/')) return ipaddr.process(network).toNormalizedString() === address.toNormalizedString()
  const [base, bits] = ipaddr.parseCIDR(network)
  return base.kind() === address.kind() && address.match(base, bits)
}
