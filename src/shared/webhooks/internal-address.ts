import ipaddr from 'ipaddr.js'

/** All of IPv6 that is given out for the public net; what lies beyond is reserved, or another form of an IPv4 address. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')
/** Stands for the IPv4 address in its last 32 bits, on networks that have IPv6 only (RFC 6052). */
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96')

/**
 * Public addresses that mean something inside a cloud, to its own machines alone: Azure's platform (168.63.129.16), the services
 * of IBM Cloud, the name servers of Tencent Cloud. The metadata services of all the others lie in ranges that are not public.
 */
const PLATFORMS = ['168.63.129.16', '161.26.0.0/16', '166.8.0.0/14', '183.60.82.98', '183.60.83.19']
/** An IPv4 address in the last 32 bits of an IPv6 one, behind either of these (ISATAP, RFC 5214). */
const ISATAP = [0x5efe, 0x0200_5efe]

/**
 * Whether an address is not one of the public net: private, loopback, link-local, shared, multicast, documentation,
 * reserved, a tunnel (6to4, Teredo, ISATAP), one of a cloud's platform, or an IPv4 address of that kind in an IPv6 form. What cannot be
 * read is internal too.
 * @param allow internal addresses and networks (CIDR) that count as public all the same
 * @param deny public ones that count as internal
 */
export function isInternalAddress(text: string, allow: readonly string[], deny: readonly string[] = []): boolean {
  if (!ipaddr.isValid(text)) return true
  const address = ipaddr.process(text)
  if (allow.some((network) => contains(network, address))) return false
  if ([...PLATFORMS, ...deny].some((network) => contains(network, address))) return true
  if (address instanceof ipaddr.IPv4) return address.range() !== 'unicast'
  const bytes = address.toByteArray()
  const embedded = ipaddr.fromByteArray(bytes.slice(12)).toString()
  if (address.match(NAT64)) return isInternalAddress(embedded, allow, deny)
  const infix = new DataView(Uint8Array.from(bytes).buffer).getUint32(8)
  if (ISATAP.includes(infix) && isInternalAddress(embedded, [], deny)) return true
  return address.range() !== 'unicast' || !address.match(GLOBAL_IPV6)
}

/** Whether one of these addresses and networks has it. */
export const isListed = (text: string, networks: readonly string[]): boolean =>
  ipaddr.isValid(text) && networks.some((network) => contains(network, ipaddr.process(text)))

function contains(network: string, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (!network.includes('/')) return ipaddr.process(network).toNormalizedString() === address.toNormalizedString()
  const [base, bits] = ipaddr.parseCIDR(network)
  return base.kind() === address.kind() && address.match(base, bits)
}
