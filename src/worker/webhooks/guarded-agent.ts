import type { LookupAddress, LookupOptions } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import { isInternalAddress } from '../../shared/webhooks/internal-address.ts'

/** Asks for all addresses of a name, as `dns.lookup` does. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** Where a connection was to go is internal. */
export class AddressNotAllowed extends Error {
  override name = 'AddressNotAllowed'
  constructor() {
    super('the address is internal')
  }
}

export interface GuardOptions {
  /** Internal addresses and networks (CIDR) that may be reached all the same. */
  allow: readonly string[]
  /** Of the connection itself, in ms. */
  connectTimeoutMs: number
  /** Looks up names. */
  resolve: Resolve
}

/**
 * An agent that connects to public addresses only. A name is resolved once for each connection, its addresses are checked,
 * and the connection goes to one of those checked: no second answer of a name server can change where it leads. One internal
 * address among several is enough to refuse a name. No proxy is used, whatever the environment says, and no connection twice.
 */
export function createGuardedAgent({ allow, connectTimeoutMs, resolve }: GuardOptions): Agent {
  const connect = buildConnector({ timeout: connectTimeoutMs, lookup: guardLookup(allow, resolve) })
  return new Agent({
    connect(options, callback) {
      // Nobody is asked about an address that stands there as such.
      const address = options.hostname.replace(/^\[(.*)\]$/, '$1')
      if (isIP(address) !== 0 && isInternalAddress(address, allow)) return callback(new AddressNotAllowed(), null)
      connect(options, callback)
    },
    pipelining: 0,
    // Whoever uses it has a limit for all of it.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

function guardLookup(allow: readonly string[], resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const [first] = addresses
      if (!first || addresses.some(({ address }) => isInternalAddress(address, allow))) {
        return callback(new AddressNotAllowed(), [])
      }
      if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}
