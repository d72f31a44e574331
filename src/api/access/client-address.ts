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
