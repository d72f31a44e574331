import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Entries, zip } from './archives.ts'

export interface TestJar {
  /** `group:artifact:version`. */
  at: string
  /** What its POM has beside its coordinates. */
  pom?: string
  /** Of the jar, or what stands in its place. */
  files?: Entries | Buffer
  /** Age in days; old enough when absent, null where the repository tells nothing. */
  days?: number | null
  /** When its metadata says that the last version was added, as `yyyyMMddHHmmss`. */
  updated?: string
  /** Of its jar, where it was put there at another time. */
  jarDays?: number
  /** Of the metadata, where that is another one. */
  metadataDays?: number
  /** Of the jar, where it is not that of its content; null where there is none. */
  sha1?: string | null
}

export interface TestRepository {
  url: string
  /** Paths that were asked for. */
  asked: string[]
  add: (...jars: TestJar[]) => void
  close(): Promise<void>
}

const DAY_MS = 86_400_000

/** What a POM needs. @param jars each as `group:artifact:version`, with more elements of it */
export const needs = (...jars: [at: string, more?: string][]): string =>
  `<dependencies>${jars.map(([at, more = '']) => `<dependency>${placeOf(at)}${more}</dependency>`).join('')}</dependencies>`

/** Coordinates as elements. */
export function placeOf(at: string): string {
  const [group = '', artifact = '', version] = at.split(':')
  const own = version === undefined ? '' : `<version>${version}</version>`
  return `<groupId>${group}</groupId><artifactId>${artifact}</artifactId>${own}`
}

/** A Maven repository on loopback: POMs, jars, their SHA-1 and the metadata of versions. */
export async function startMavenRepository(): Promise<TestRepository> {
  const files = new Map<string, { content: Buffer; modified: string | undefined }>()
  const versions = new Map<string, string[]>()
  const asked: string[] = []
  const put = (path: string, content: string | Buffer, days: number | null, sha1?: string | null) => {
    const bytes = Buffer.from(content)
    const modified = days === null ? undefined : new Date(Date.now() - days * DAY_MS).toUTCString()
    files.set(path, { content: bytes, modified })
    const sum = sha1 ?? createHash('sha1').update(bytes).digest('hex')
    if (sha1 !== null) files.set(`${path}.sha1`, { content: Buffer.from(sum), modified })
  }
  const add = ({ at, pom = '', files: own = [], days = 30, sha1, updated, jarDays, metadataDays }: TestJar) => {
    const [group = '', artifact = '', version = ''] = at.split(':')
    const folder = `/${group.replaceAll('.', '/')}/${artifact}`
    const name = `${folder}/${version}/${artifact}-${version}`
    put(`${name}.pom`, `<project><modelVersion>4.0.0</modelVersion>${placeOf(at)}${pom}</project>`, days)
    put(
      `${name}.jar`,
      Buffer.isBuffer(own) ? own : zip([['META-INF/MANIFEST.MF', 'Manifest-Version: 1.0\n'], ...own]),
      jarDays ?? days,
      sha1,
    )
    const known = versions.get(folder) ?? []
    known.push(version)
    versions.set(folder, known)
    const list = known.map((one) => `<version>${one}</version>`).join('')
    const metadata = `<metadata>${placeOf(`${group}:${artifact}`)}<versioning><release>${version}</release>${updated === undefined ? '' : `<lastUpdated>${updated}</lastUpdated>`}<versions>${list}</versions></versioning></metadata>`
    put(`${folder}/maven-metadata.xml`, metadata, metadataDays ?? days)
  }
  const server = createServer((req, res) => {
    const url = req.url ?? ''
    asked.push(url)
    const file = files.get(url)
    if (!file) return void res.writeHead(404).end('not found')
    res.writeHead(200, file.modified === undefined ? {} : { 'last-modified': file.modified }).end(file.content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    add: (...jars) => void jars.map(add),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
