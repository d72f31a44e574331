import { networkInterfaces } from 'node:os'
import { hostInUrl } from '../../shared/loopback.ts'

/**
 * An address under which a gateway can be reached that listens on `host`, as it stands in a URL: when that is every address of
 * this machine, the first one that others can reach.
 */
export function usableHost(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return hostInUrl(host)
  const others = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
  return others[0]?.address ?? '127.0.0.1'
}

/** Of a gateway that listens there, for others. */
export const urlOf = (host: string, port: number): string => `http://${usableHost(host)}:${port}`

/** As `usableHost`, for this process itself. */
export function probeHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '[::1]' : hostInUrl(host)
}
