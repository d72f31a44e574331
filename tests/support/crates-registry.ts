import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Entries, tar } from './archives.ts'

export interface TestCrate {
  name: string
  version: string
  /** Of its files, by their names; it has a Cargo.toml and an empty library without them. */
  files?: Entries
  /** Types and links of entries of its archive: see `tar`. */
  types?: Record<string, string>
  links?: Record<string, string>
  /** Lines of its Cargo.toml beside its name and version. */
  toml?: string
  /** Age in days; old enough when absent. */
  days?: number
  /** What the index tells, where it is not that of its content. */
  cksum?: string
}

export interface TestCrates {
  url: string
  add: (...crates: TestCrate[]) => void
  close(): Promise<void>
}

const DAY_MS = 86_400_000

/** A sparse index of crates on loopback, with their archives. */
export async function startCratesRegistry(): Promise<TestCrates> {
  const lines = new Map<string, string[]>()
  const archives = new Map<string, Buffer>()
  let url = ''
  const add = ({ name, version, files = [], types = {}, links = {}, toml = '', days = 30, cksum }: TestCrate) => {
    const folder = `${name}-${version}`
    const manifest = `[package]\nname = "${name}"\nversion = "${version}"\nedition = "2021"\n${toml}`
    const own = new Map<string, string | Buffer>([['Cargo.toml', manifest], ['src/lib.rs', ''], ...files])
    const inFolder = (record: Record<string, string>) =>
      Object.fromEntries(Object.entries(record).map(([path, value]) => [`${folder}/${path}`, value]))
    const entries = [...own].map(([path, content]): [string, string | Buffer] => [`${folder}/${path}`, content])
    const archive = gzipSync(tar(entries, inFolder(types), inFolder(links)))
    archives.set(`/dl/${name}/${version}/download`, archive)
    const sum = cksum ?? createHash('sha256').update(archive).digest('hex')
    // Without fractions of a second: Cargo takes no others.
    const pubtime = new Date(Date.now() - days * DAY_MS).toISOString().replace(/\.\d+/, '')
    const line = { name, vers: version, deps: [], features: {}, yanked: false, cksum: sum, pubtime }
    const known = lines.get(name) ?? []
    known.push(JSON.stringify(line))
    lines.set(name, known)
  }
  const server = createServer((req, res) => {
    const path = req.url ?? ''
    if (path === '/config.json') return void res.end(JSON.stringify({ dl: `${url}dl` }))
    const archive = archives.get(path)
    if (archive) return void res.end(archive)
    const own = lines.get(path.split('/').at(-1) ?? '')
    if (own) return void res.end(`${own.join('\n')}\n`)
    res.writeHead(404).end('not found')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    url,
    add: (...crates) => void crates.map(add),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
