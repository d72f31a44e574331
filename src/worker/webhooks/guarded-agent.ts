import type { LookupAddress, LookupOptions } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Agent, createAgent } from '../../shared/outgoing/agent.ts'
import { isInternalAddress, isListed } from '../../shared/webhooks/internal-address.ts'
import type { Reach } from '../../shared/webhooks/reach.ts'

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

/** The port where a connection was to go is none of those that may be reached. */
export class PortNotAllowed extends Error {
  override name = 'PortNotAllowed'
  constructor() {
    super('the port may not be reached')
  }
}

export interface GuardOptions {
  reach: Reach
  /** Addresses of this machine; those of its interfaces as they are at each connection unless given. */
  own?: () => readonly string[]
  /** Of the connection itself, in ms. */
  connectTimeoutMs: number
  /** Looks up names. */
  resolve: Resolve
}

/**
 * An agent that connects to public addresses of other machines only, and there to the ports that may be reached. A name is resolved once for each connection, its addresses are checked,
 * and the connection goes to one of those checked: no second answer of a name server can change where it leads. One internal
 * address among several is enough to refuse a name. No proxy is used, whatever the environment says, and no connection twice.
 */
export function createGuardedAgent({ reach, own = ownAddresses, connectTimeoutMs, resolve }: GuardOptions): Agent {
  return createAgent({
    connectTimeoutMs,
    lookupFor(address, port) {
      const refusal: Refuse = (found) => refusalOf(found, port, reach, own())
      // Nobody is asked about an address that stands there as such.
      const refused = isIP(address) === 0 ? undefined : refusal(address)
      if (refused) throw refused
      return guardLookup(refusal, resolve)
    },
  })
}

type Refusal = AddressNotAllowed | PortNotAllowed
type Refuse = (address: string) => Refusal | undefined

/**
 * Why an address may not be connected to; undefined when it may.
 * @param own addresses of this machine
 */
export function refusalOf(address: string, port: number, reach: Reach, own: readonly string[]): Refusal | undefined {
  const { allow, deny = [], ports } = reach
  if (isInternalAddress(address, allow, [...deny, ...own])) return new AddressNotAllowed()
  if (ports === undefined || ports.includes(port) || isListed(address, allow)) return undefined
  return new PortNotAllowed()
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((ones) => ones?.map(({ address }) => address) ?? [])

function guardLookup(refusal: Refuse, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const [first] = addresses
      const refusals = addresses.flatMap(({ address }) => refusal(address) ?? [])
      const refused = refusals.find((one) => one instanceof AddressNotAllowed) ?? refusals[0]
      if (!first || refused) return callback(refused ?? new AddressNotAllowed(), [])
      if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}
