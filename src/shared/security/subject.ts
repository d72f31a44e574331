import ipaddr from 'ipaddr.js'
import { endUserSubject, parseEndUser } from './event-subject.ts'

/** Whom a score, a block or an exemption is about: `address:192.0.2.7`, `address:2001:db8:1:2::/64`, `key:4f2a91`, `end-user:acme:ada`. */
export type Subject = string

const IPV6_BITS = 64
const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/

export const addressSubject = (address: string): Subject => `address:${address}`
export const keySubject = (id: string): Subject => `key:${id}`

/**
 * The form in which addresses are counted: IPv4 as it is, also when it comes mapped into IPv6; IPv6 as its network of 64 bits,
 * because one customer has at least that.
 * @param text an address, or an IPv6 network of 64 bits
 * @returns undefined when it is neither
 */
export function normalAddress(text: string): string | undefined {
  const [ip = '', bits] = text.split('/')
  if (bits !== undefined && bits !== String(IPV6_BITS)) return undefined
  if (!ipaddr.IPv6.isValid(ip) && !ipaddr.IPv4.isValidFourPartDecimal(ip)) return undefined
  const address = ipaddr.process(ip.replace(/%.*$/, ''))
  if (address.kind() === 'ipv4') return bits === undefined ? address.toString() : undefined
  const network = address.toByteArray().map((byte, index) => (index < IPV6_BITS / 8 ? byte : 0))
  return `${ipaddr.fromByteArray(network).toString()}/${IPV6_BITS}`
}

/** @returns the subject in its normal form, or undefined when the text is none */
export function parseSubject(text: string): Subject | undefined {
  const colon = text.indexOf(':')
  const value = text.slice(colon + 1)
  switch (text.slice(0, Math.max(colon, 0))) {
    case 'address': {
      const address = normalAddress(value)
      return address === undefined ? undefined : addressSubject(address)
    }
    case 'key':
      return KEY_ID.test(value) ? keySubject(value.toLowerCase()) : undefined
    case 'end-user': {
      const named = parseEndUser(value)
      return named && endUserSubject(named.tenant, named.endUser)
    }
    default:
      return undefined
  }
}

/** What a subject must look like, in words. */
export const SUBJECT_WORDS =
  '"address:" and an IP address, "key:" and the id of a key, or "end-user:", a tenant, ":" and its end user'

/** The address, key id or end user of a subject, as events have them. */
export function partsOf(subject: Subject): {
  address: string | null
  keyId: string | null
  tenant: string | null
  endUser?: string
} {
  const value = subject.slice(subject.indexOf(':') + 1)
  const nobody = { address: null, keyId: null, tenant: null }
  if (subject.startsWith('key:')) return { ...nobody, keyId: value }
  if (subject.startsWith('address:')) return { ...nobody, address: value }
  return { ...nobody, ...parseEndUser(value) }
}

/** Whether an address, in its normal form, is this machine's own. */
export function isLoopbackAddress(address: string): boolean {
  return address.startsWith('127.') || address === '::/64' || address === '::1'
}
