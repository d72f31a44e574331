import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Entries, tar } from './archives.ts'

export interface TestTarball {
  name: string
  version: string
  content: Buffer
  /** Fields of the version beside its name, as the registry tells them. */
  manifest?: Record<string, unknown>
  /** Age in days; old enough when absent. */
  days?: number
  /** What the registry tells, where that is not the truth. */
  integrity?: string
}

export interface TestRegistry {
  url: string
  /** Paths that were asked for. */
  asked: string[]
  add(...tarballs: TestTarball[]): void
  close(): Promise<void>
}

/**
 * A package as `npm pack` makes one.
 * @param manifest of its package.json and of the registry
 * @param archive entries that are no files, by their paths, and where links lead
 */
export function tarball(
  name: string,
  version: string,
  files: Entries,
  manifest: Record<string, unknown> = {},
  archive: { types?: Record<string, string>; links?: Record<string, string> } = {},
): TestTarball {
  const own: Entries = [['package/package.json', JSON.stringify({ name, version, ...manifest })]]
  const entries = [...own, ...files.map(([path, content]): Entries[number] => [`package/${path}`, content])]
  return { name, version, manifest, content: gzipSync(tar(entries, archive.types, archive.links)) }
}

const DAY_MS = 86_400_000

/** A registry on loopback that speaks what npm asks for. */
export async function startNpmRegistry(): Promise<TestRegistry> {
  const tarballs: TestTarball[] = []
  const asked: string[] = []
  const fileOf = ({ name, version }: TestTarball) => `/-/${encodeURIComponent(name)}-${version}.tgz`
  const server = createServer((req, res) => {
    const path = req.url ?? ''
    asked.push(path)
    const own = tarballs.filter(({ name }) => `/${name.replace('/', '%2f')}` === path)
    if (own.length > 0) {
      const versions = own.map((one) => {
        const integrity = one.integrity ?? `sha512-${createHash('sha512').update(one.content).digest('base64')}`
        const dist = { tarball: `http://${req.headers.host}${fileOf(one)}`, integrity }
        return [one.version, { ...one.manifest, name: one.name, version: one.version, dist }]
      })
      const at = ({ days = 30 }: TestTarball) => new Date(Date.now() - days * DAY_MS).toISOString()
      const time = Object.fromEntries(own.map((one) => [one.version, at(one)]))
      const latest = own.at(-1)?.version
      res.setHeader('content-type', 'application/json')
      return void res.end(
        JSON.stringify({
          name: own[0]?.name,
          'dist-tags': { latest },
          versions: Object.fromEntries(versions) as object,
          time,
        }),
      )
    }
    const file = tarballs.find((one) => fileOf(one) === path)
    if (file) return void res.end(file.content)
    res.writeHead(404).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    add: (...more) => void tarballs.push(...more),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
