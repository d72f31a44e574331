import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Entries, zip } from './archives.ts'

export interface TestWheel {
  name: string
  version: string
  content: Buffer
  /** Age in days; old enough when absent. */
  days?: number
  /** What the index tells, where that is not the truth. */
  sha256?: string
  /** What the index tells of its metadata, where that is not the truth. */
  metadata?: string
  /** A file that is no wheel. */
  file?: string
}

export interface TestIndex {
  url: string
  /** Paths that were asked for. */
  asked: string[]
  add(...wheels: TestWheel[]): void
  /** Answers nothing of a package until the returned function is called. */
  hold(name: string): () => void
  close(): Promise<void>
}

/** Of a project, in the names of its files. */
const fileName = (name: string) => name.replaceAll('-', '_')

/** A wheel as `pip wheel` makes one. @param requires what its metadata asks for */
export function wheel(
  name: string,
  version: string,
  files: Entries,
  requires: readonly string[] = [],
  modes: Record<string, number> = {},
): TestWheel {
  const info = `${fileName(name)}-${version}.dist-info`
  const head = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`
  const metadata = `${head}${requires.map((one) => `Requires-Dist: ${one}\n`).join('')}`
  const about: Entries = [
    [`${info}/METADATA`, metadata],
    [`${info}/WHEEL`, 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'],
  ]
  const all: Entries = [...files, ...about]
  const record = all.map(([path, content]) => {
    const hash = createHash('sha256').update(content).digest('base64url')
    return `${path},sha256=${hash},${Buffer.from(content).length}\n`
  })
  const entries: Entries = [...all, [`${info}/RECORD`, `${record.join('')}${info}/RECORD,,\n`]]
  return { name, version, content: zip(entries, { modes, mode: 0o100644 }) }
}

const DAY_MS = 86_400_000

/** A package index on loopback that speaks what PEP 503, 691 and 700 say. */
export async function startPackageIndex(): Promise<TestIndex> {
  const wheels: TestWheel[] = []
  const asked: string[] = []
  const nameOf = (one: TestWheel) => one.file ?? `${fileName(one.name)}-${one.version}-py3-none-any.whl`
  const held = new Map<string, Promise<void>>()
  const server = createServer((req, res) => {
    const path = req.url ?? ''
    asked.push(path)
    void (held.get(path) ?? Promise.resolve()).then(() => answer(path, res))
  })
  const answer = (path: string, res: ServerResponse) => {
    const project = /^\/simple\/([^/]+)\/$/.exec(path)?.[1]
    const own = wheels.filter(({ name }) => name === project)
    if (project !== undefined && own.length > 0) {
      const files = own.map((one) => ({
        filename: nameOf(one),
        url: `/packages/${nameOf(one)}`,
        hashes: { sha256: one.sha256 ?? createHash('sha256').update(one.content).digest('hex') },
        'upload-time': new Date(Date.now() - (one.days ?? 30) * DAY_MS).toISOString(),
        'core-metadata': one.metadata !== undefined,
      }))
      res.setHeader('content-type', 'application/vnd.pypi.simple.v1+json')
      return void res.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name: project, files }))
    }
    const file = wheels.find((one) => path === `/packages/${nameOf(one)}`)
    if (file) return void res.end(file.content)
    const described = wheels.find((one) => path === `/packages/${nameOf(one)}.metadata`)
    if (described?.metadata !== undefined) return void res.end(described.metadata)
    res.writeHead(404).end()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple/`,
    asked,
    add: (...more) => void wheels.push(...more),
    hold(name) {
      let release = () => {}
      held.set(`/simple/${name}/`, new Promise((resolve) => (release = resolve)))
      return () => {
        held.delete(`/simple/${name}/`)
        release()
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
