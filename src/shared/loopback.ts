import { isIP, isIPv4 } from 'node:net'

/** Whether a listening address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

/** @param host as in the header: a name or address, with or without a port; IPv6 in brackets */
export function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d{1,5}$/, '')
  if (name === 'localhost' || name === '[::1]' || /^[a-z0-9.-]+\.localhost$/.test(name)) return true
  return isIPv4(name) && name.startsWith('127.')
}

/** A host as it stands in a URL: an IPv6 address in brackets. */
export const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)
