import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PackageBan } from '../../src/shared/environments/environment.ts'
import type { PackageIndex, PackageIndexOptions } from '../../src/worker/environments/package-index.ts'
import { createUpstream, type Upstream } from '../../src/worker/way-out/upstream.ts'

const DAY_MS = 86_400_000

export interface ShownIndex {
  index: PackageIndex
  upstream: Upstream
  /** Where it is shown, without a slash at the end. */
  url: string
  /** Why a package, or one version of it, is not shown. */
  kindOf: (name: string, version?: string) => string | undefined
  /** Closes the real one too. */
  close(): Promise<void>
}

/** Shows an index on loopback as an installer in a cell sees it: without what is banned or younger than 7 days. */
export async function showIndex(
  create: (options: PackageIndexOptions) => PackageIndex,
  real: { url: string; close(): Promise<void> },
  bans: readonly PackageBan[],
): Promise<ShownIndex> {
  const bounds = { maxBytes: 1e6, maxRequests: 1000, maxMs: 60_000 }
  const upstream = createUpstream({ allow: ['127.0.0.1'] }, bounds, new AbortController().signal)
  const index = create({ index: new URL(real.url), upstream, minAgeMs: 7 * DAY_MS, bans })
  const server = createServer((req, res) => void index.handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    index,
    upstream,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    kindOf: (name, version) => index.refusals.find((one) => one.name === name && one.version === version)?.kind,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await upstream.close()
      await real.close()
    },
  }
}
