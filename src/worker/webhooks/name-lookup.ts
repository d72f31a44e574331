import { type LookupAddress, promises as dns } from 'node:dns'
import { readFile } from 'node:fs/promises'
import { isIP, type LookupFunction } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Resolve } from './guarded-agent.ts'

/** Looks up the names of one request. */
export interface NameLookup {
  /** As `dns.lookup` does, but without a thread: those of a process are few, and a tenant's name server may be slow. */
  resolve: Resolve
  /** Ends what is still being looked up. */
  cancel: () => void
}

export interface NameLookupOptions {
  /** Addresses of name servers; those of `/etc/resolv.conf` unless given. */
  servers?: readonly string[]
  hostsFile?: string
}

/** A server that fails is asked again after each of these, unless it said nothing: that took its time already. */
const AGAIN_MS = [200, 1000]
/** Of one question to one server; the second try waits longer. Whoever asks has a limit for all of it. */
const TIMEOUT_MS = 3000
const TRIES = 2

/**
 * A name is looked up in the list of this machine, `/etc/hosts`, else at its name servers, in full: search domains and other
 * sources of `nsswitch.conf` are not used. Whatever fails, the error's code is ENOTFOUND.
 */
export function createNameLookup({ servers, hostsFile = '/etc/hosts' }: NameLookupOptions = {}): NameLookup {
  let resolver: dns.Resolver | undefined
  let isCancelled = false

  const ask = async (hostname: string, family: 4 | 6): Promise<LookupAddress[]> => {
    if (!resolver) {
      resolver = new dns.Resolver({ timeout: TIMEOUT_MS, tries: TRIES })
      if (servers) resolver.setServers(servers)
    }
    const addresses = await (family === 4 ? resolver.resolve4(hostname) : resolver.resolve6(hostname))
    return addresses.map((address) => ({ address, family }))
  }
  const lookUp = async (hostname: string, families: readonly (4 | 6)[]): Promise<LookupAddress[]> => {
    const listed = (await listedAddresses(hostsFile, hostname)).filter(({ family }) => families.includes(family))
    if (listed.length > 0) return listed
    for (const pauseMs of [...AGAIN_MS, undefined]) {
      if (isCancelled) break
      const answers = await Promise.allSettled(families.map((family) => ask(hostname, family)))
      const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
      if (found.length > 0) return found
      if (pauseMs === undefined || !answers.some(isServerFailure)) throw notFound(hostname, answers)
      await sleep(pauseMs, undefined, { ref: false })
    }
    throw notFound(hostname, undefined)
  }

  return {
    resolve(hostname, { family }, answer) {
      lookUp(hostname, family === 4 || family === 6 ? [family] : [4, 6]).then(
        (addresses) => answer(null, addresses),
        (error: unknown) => answer(error as NodeJS.ErrnoException, []),
      )
    },
    cancel() {
      isCancelled = true
      resolver?.cancel()
    },
  }
}

/** The same in the form in which a connection asks for it. */
export function lookupBy(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses
      if (error || !first) callback(error ?? notFound(hostname, undefined), [])
      else if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

/** The server failed by itself, for a moment perhaps. */
const isServerFailure = (answer: PromiseSettledResult<unknown>): boolean =>
  answer.status === 'rejected' &&
  ['ESERVFAIL', 'ECONNREFUSED'].includes(String((answer.reason as NodeJS.ErrnoException).code))

function notFound(hostname: string, cause: unknown): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} was not found`, { cause }), { code: 'ENOTFOUND' })
}

/** @returns none when there is no such file */
async function listedAddresses(file: string, hostname: string): Promise<{ address: string; family: 4 | 6 }[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const name = hostname.toLowerCase().replace(/\.$/, '')
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/)
    const family = isIP(address)
    return (family === 4 || family === 6) && names.includes(name) ? [{ address, family }] : []
  })
}
