import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Entries, tar } from './archives.ts'

export interface TestGem {
  name: string
  version: string
  /** For one platform; absent: for all. */
  platform?: string
  /** Of its files, by their names. */
  files?: Entries
  /** Types and links of entries of its archive: see `tar`. */
  types?: Record<string, string>
  links?: Record<string, string>
  /** What it needs, with versions as the index has them. */
  needs?: Record<string, string>
  /** What its metadata say otherwise than the index. */
  metadata?: {
    name?: string
    version?: string
    needs?: Record<string, string>
    yaml?: string
    folders?: string
    developed?: string
  }
  extensions?: string[]
  /** Age in days; null: the index does not say. Old enough when absent. */
  days?: number | null
  /** Age in days that only the list of versions has. */
  listedDays?: number
  /** What the index tells, where it is not that of its content. */
  checksum?: string
}

export interface TestGems {
  url: string
  add: (...gems: TestGem[]) => void
  /** Paths that were asked for. */
  asked: string[]
  close(): Promise<void>
}

const DAY_MS = 86_400_000
const dateOf = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString().replace(/\.\d+/, '')

/** A compact index of gems on loopback, with their files. */
export async function startGemIndex(): Promise<TestGems> {
  const lines = new Map<string, string[]>()
  const dates = new Map<string, object[]>()
  const files = new Map<string, Buffer>()
  const asked: string[] = []
  const add = (gem: TestGem) => {
    const { name, version, platform, needs = {}, days = 30, listedDays, checksum } = gem
    const number = platform === undefined ? version : `${version}-${platform}`
    const file = gemFile(gem)
    files.set(`/gems/${name}-${number}.gem`, file)
    const listed = Object.entries(needs).map(([other, ranges]) => `${other}:${ranges.replaceAll(', ', '&')}`)
    const fields = [
      `checksum:${checksum ?? createHash('sha256').update(file).digest('hex')}`,
      'ruby:>= 2.0',
      ...(days === null ? [] : [`created_at:${dateOf(days)}`]),
    ]
    lines.set(name, [...(lines.get(name) ?? []), `${number} ${listed.join(',')}|${fields.join(',')}`])
    if (listedDays === undefined) return
    const own = { number: version, platform: platform ?? 'ruby', created_at: dateOf(listedDays) }
    dates.set(name, [...(dates.get(name) ?? []), own])
  }
  const server = createServer((req, res) => {
    const path = req.url ?? ''
    asked.push(path)
    const [, name = ''] = /^\/info\/(.+)$/.exec(path) ?? []
    const [, listed = ''] = /^\/api\/v1\/versions\/(.+)\.json$/.exec(path) ?? []
    const own = lines.get(name)
    if (own) return void res.end(`---\n${own.join('\n')}\n`)
    if (dates.has(listed)) return void res.end(JSON.stringify(dates.get(listed)))
    const file = files.get(path)
    if (file) return void res.end(file)
    res.writeHead(404).end('not found')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    add: (...gems) => void gems.map(add),
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** As `gem build` writes it: an archive of the metadata and of the files, each compressed. */
function gemFile(gem: TestGem): Buffer {
  const { files = [], types = {}, links = {} } = gem
  return tar([
    ['metadata.gz', gzipSync(gem.metadata?.yaml ?? metadataOf(gem))],
    ['data.tar.gz', gzipSync(tar(files, types, links))],
  ])
}

function metadataOf({ name, version, platform = 'ruby', needs = {}, metadata = {}, extensions = [] }: TestGem): string {
  const requirement = (ranges: string, field: string) => [
    `  ${field}: !ruby/object:Gem::Requirement`,
    '    requirements:',
    ...ranges.split(', ').flatMap((range) => {
      const [operator = '>=', bound = '0'] = range.split(' ')
      return [`    - - "${operator}"`, '      - !ruby/object:Gem::Version', `        version: '${bound}'`]
    }),
  ]
  const listed = Object.entries(metadata.needs ?? needs).flatMap(([other, ranges]) => [
    '- !ruby/object:Gem::Dependency',
    `  name: ${other}`,
    ...requirement(ranges, 'requirement'),
    '  type: :runtime',
    '  prerelease: false',
    ...requirement(ranges, 'version_requirements'),
  ])
  if (metadata.developed !== undefined)
    listed.push(
      '- !ruby/object:Gem::Dependency',
      `  name: ${JSON.stringify(metadata.developed)}`,
      ...requirement('>= 0', 'requirement'),
      '  type: :development',
      '  prerelease: false',
      ...requirement('>= 0', 'version_requirements'),
    )
  return [
    '--- !ruby/object:Gem::Specification',
    `name: ${JSON.stringify(metadata.name ?? name)}`,
    'version: !ruby/object:Gem::Version',
    `  version: '${metadata.version ?? version}'`,
    `platform: ${platform}`,
    'authors: []',
    'bindir: bin',
    'cert_chain: []',
    'date: 2024-01-01 00:00:00.000000000 Z',
    ...(listed.length > 0 ? ['dependencies:', ...listed] : ['dependencies: []']),
    'executables: []',
    ...(extensions.length > 0 ? ['extensions:', ...extensions.map((one) => `- ${one}`)] : ['extensions: []']),
    'extra_rdoc_files: []',
    'files: []',
    'require_paths:',
    `- ${JSON.stringify(metadata.folders ?? 'lib')}`,
    'rubygems_version: 3.6.7',
    'specification_version: 4',
    'summary: a gem',
    'test_files: []',
    '',
  ].join('\n')
}
