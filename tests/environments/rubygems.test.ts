import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { readGemfile } from '../../src/api/environments/gemfile.ts'
import { rubygemsManifests } from '../../src/api/environments/rubygems-manifest.ts'
import { compareGemVersions, meetsGemRanges, normalGemVersion } from '../../src/shared/environments/gem-version.ts'
import { PACKAGE_RULES } from '../../src/shared/environments/package-rules.ts'
import { readGemfileLock } from '../../src/shared/environments/rubygems-rules.ts'
import type { PackageIndex } from '../../src/worker/environments/package-index.ts'
import { createRubygemsIndex, rubygemsExplains } from '../../src/worker/environments/rubygems-index.ts'
import { createUpstream, type Upstream } from '../../src/worker/way-out/upstream.ts'
import { startGemIndex, type TestGems } from '../support/gem-index.ts'

const { requirementFault, fromRequirements, read, inFiles } = rubygemsManifests
const DAY_MS = 86_400_000
const ban = (name: string, version: string | null) => ({
  ecosystem: 'rubygems' as const,
  name,
  version,
  reason: 'malware',
  bannedAt: '',
})

let real: TestGems
let front: Server
let upstream: Upstream
let shown: PackageIndex
let url: string
beforeAll(async () => {
  real = await startGemIndex()
  real.add(
    { name: 'good', version: '1.0.0', needs: { below: '~> 1.0', other: '>= 0' } },
    { name: 'good', version: '1.1.0', days: 1 },
    { name: 'good', version: '1.2.0', days: null },
    { name: 'good', version: '1.0.1' },
    { name: 'below', version: '1.0.5', platform: 'x86_64-linux', needs: { deep: '>= 0' } },
    { name: 'deep', version: '0.1' },
    { name: 'listed', version: '1.0', days: null, listedDays: 30 },
    { name: 'listed', version: '1.1', days: null, listedDays: 1 },
    { name: 'forged', version: '1.0', checksum: '0'.repeat(64) },
    { name: 'bad', version: '1.0' },
    { name: 'unasked', version: '1.0' },
  )
  upstream = createUpstream(
    { allow: ['127.0.0.1'] },
    { maxBytes: 1e6, maxRequests: 1000, maxMs: 60_000 },
    new AbortController().signal,
  )
  const bans = [ban('bad', null), ban('good', '1.0.1.0')]
  shown = createRubygemsIndex({ index: new URL(real.url), upstream, minAgeMs: 7 * DAY_MS, bans })
  front = createServer((req, res) => void shown.handle(req, res))
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
})
afterAll(async () => {
  front.closeAllConnections()
  await new Promise((resolve) => front.close(resolve))
  await real.close()
  await upstream.close()
})
/** What an index says whose upstream answers so. */
async function askIndex(
  answerTo: (path: string) => { status: number; text?: string },
  ask: (url: string, index: PackageIndex, told: string[]) => Promise<void>,
) {
  const get: Upstream['get'] = (address) => {
    const { status, text = '' } = answerTo(address.pathname)
    const pieces = (async function* () {
      yield await Promise.resolve(Buffer.from(text))
    })()
    const answer = { status, url: address.href, headers: {}, pieces, cancel: () => undefined }
    return Promise.resolve({ ...answer, text: () => Promise.resolve(text) })
  }
  const told: string[] = []
  const index = createRubygemsIndex({
    index: new URL(real.url),
    upstream: { ...upstream, get },
    minAgeMs: 0,
    bans: [],
    gives: (what) => told.push(what),
  })
  const server = createServer((req, res) => void index.handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, index, told)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
const lineOf = (number: string, needs = '', sum = '0'.repeat(64)) => `---\n${number} ${needs}|checksum:${sum}\n`
const page = async (path: string) => (await fetch(url + path)).text()

test('versions that are old enough and not banned are shown, without what older clients cannot read', async () => {
  const lines = (await page('/info/good')).trim().split('\n')
  expect(lines).toEqual([
    '---',
    expect.stringMatching(/^1\.0\.0 below:~> 1\.0,other:>= 0\|checksum:[0-9a-f]{64},ruby:>= 2\.0$/),
  ])
})

test('where the page of a gem tells no dates, the list of its versions does', async () => {
  expect((await page('/info/listed')).trim().split('\n')).toEqual(['---', expect.stringMatching(/^1\.0 \|/)])
})

test('the list of gems has those that were asked for, and what they need', async () => {
  await page('/info/good')
  const listed = (await page('/versions'))
    .split('\n')
    .flatMap((line) => /^(\S+) (\S+) [0-9a-f]{32}$/.exec(line)?.slice(1, 3).join(' ') ?? [])
  expect(listed).toEqual(expect.arrayContaining(['good 1.0.0', 'below 1.0.5-x86_64-linux', 'deep 0.1']))
  expect(listed).toContain('other -')
  expect(await page('/info/other')).toBe('---\n')
  expect(listed.join()).not.toContain('unasked')
  expect(real.asked).not.toContain('/versions')
})

test('a file is given when its page was shown, and never whole with another content than the index tells', async () => {
  expect((await fetch(`${url}/files/gems/unasked-1.0.gem`)).status).toBe(404)
  await page('/info/deep')
  const file = await fetch(`${url}/files/gems/deep-0.1.gem`)
  expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(1000)
  expect(shown.given.map((one) => one.file)).toEqual(['deep-0.1'])
  await page('/info/forged')
  await expect(fetch(`${url}/files/gems/forged-1.0.gem`).then((answer) => answer.arrayBuffer())).rejects.toThrow()
  expect(shown.faults.at(-1)).toContain('hash')
})

test.each([400, 403, 404, 410])('a gem whose page answers %d is one that the index has not', async (status) => {
  await askIndex(
    () => ({ status }),
    async (address, index) => {
      const answer = await fetch(`${address}/info/gone`)
      expect([answer.status, await answer.text()]).toEqual([200, '---\n'])
      expect(index.faults).toEqual([])
      expect(index.refusals).toMatchObject([{ name: 'gone', kind: 'unknown' }])
    },
  )
})

test('a page that could not be read is asked for again', async () => {
  let asked = 0
  await askIndex(
    () => (asked++ === 0 ? { status: 500 } : { status: 200, text: lineOf('1.0') }),
    async (address) => {
      expect((await fetch(`${address}/info/shaky`)).status).toBe(502)
      expect(await (await fetch(`${address}/info/shaky`)).text()).toContain('1.0')
    },
  )
})

test('more gems than any set needs are refused with their number', async () => {
  const needs = Array.from({ length: 2000 }, (_, at) => `gem${at}:>= 0`).join(',')
  await askIndex(
    (path) => ({ status: 200, text: lineOf('1.0', path === '/info/all' ? needs : '') }),
    async (address, { faults }) => {
      await fetch(`${address}/info/all`)
      expect((await fetch(`${address}/versions`)).status).toBe(502)
      expect(faults).toEqual(['more than 2000 gems are needed, the most that is allowed'])
    },
  )
})

test('those who wait are told the gem and its version as they are called', async () => {
  const text = 'content'
  const sum = createHash('sha256').update(text).digest('hex')
  await askIndex(
    (path) => ({ status: 200, text: path.startsWith('/info/') ? lineOf('2.1-x86_64-linux', '', sum) : text }),
    async (address, _index, told) => {
      await fetch(`${address}/info/a_b-c`)
      expect(await (await fetch(`${address}/files/gems/a_b-c-2.1-x86_64-linux.gem`)).text()).toBe(text)
      expect(told).toEqual(['a_b-c 2.1-x86_64-linux'])
    },
  )
})

test('what is too new, undated, banned or unknown is told as Bundler names it', async () => {
  for (const name of ['good', 'bad', 'nobody']) await page(`/info/${name}`)
  const explained = (said: string) => rubygemsExplains(shown.refusals, said)
  expect(explained("Could not find gem 'good (~> 1.1.0)' in rubygems repository")?.detail).toMatch(
    /good 1.1.0 was uploaded at/,
  )
  expect(explained("Could not find gem 'good (= 1.2.0)' in")?.detail).toContain('tells no time of upload')
  expect(explained("Could not find gem 'good (= 1.0.1)' in")?.kind).toBe('banned')
  expect(
    explained('every version of a depends on good >= 1.1, < 1.2\n  and good >= 1.1, < 1.2 could not be found in')?.kind,
  ).toBe('too-new')
  expect(explained("Could not find gem 'bad' in")?.kind).toBe('banned')
  expect(explained("Could not find gem 'nobody' in")).toEqual(shown.refusals.find(({ name }) => name === 'nobody'))
  expect(explained("Could not find gem\n'good (~> 9.0)' in")).toMatchObject({ kind: 'unknown', version: '~> 9.0' })
  expect(explained('not in the index: good 1.1.0')?.kind).toBe('too-new')
  expect(explained('needs-build: ox 2.14 has an extension (ext/ox/extconf.rb)')).toMatchObject({
    kind: 'needs-build',
    name: 'ox',
  })
  expect(explained('something else')).toBeUndefined()
})

test('versions are those of RubyGems', () => {
  expect(['1', '1.0', '1.0.0'].map(normalGemVersion)).toEqual(['1', '1', '1'])
  expect(normalGemVersion('1.0.rc1')).toBe(normalGemVersion('1.0.0.rc.1'))
  const sorted = ['1.0.a', '1.0.rc1', '1.0', '1.0.1', '1.2', '1.10']
  expect(sorted.toReversed().toSorted(compareGemVersions)).toEqual(sorted)
  const meets = (version: string, ...ranges: string[]) => meetsGemRanges(version, ranges)
  expect([meets('3.9', '~> 3.1'), meets('4.0', '~> 3.1'), meets('4.0.rc1', '~> 3.1')]).toEqual([true, false, false])
  expect([meets('3.1.9', '~> 3.1.2'), meets('3.2', '~> 3.1.2'), meets('3.1.1', '~> 3.1.2')]).toEqual([
    true,
    false,
    false,
  ])
  expect([meets('2', '>= 2', '< 3'), meets('2.0.0', '2'), meets('2', '!= 2.0')]).toEqual([true, true, false])
})

test('versions with more digits than a number keeps are told apart', () => {
  expect(normalGemVersion('1.90071992547409931')).toBe('1.90071992547409931')
  expect(compareGemVersions('1.90071992547409931', '1.90071992547409932')).toBeLessThan(0)
  expect(compareGemVersions('1.0020', '1.20')).toBe(0)
  expect(meetsGemRanges('1.90071992547409931', ['= 1.90071992547409932'])).toBe(false)
  expect(meetsGemRanges('1.90071992547409993', ['~> 1.90071992547409993.0'])).toBe(true)
})

test('a gem that is asked for twice has the versions of both, and an exact version stays one', () => {
  expect(fromRequirements(['rack@>=3', 'rack@<4', 'rack']).text).toBe('-- gems --\nrack, < 4, >= 3\n')
  const shown = read('gem "rack", "3.1"\ngem "rake", "13.2.1"\ngem "puma", "6"\n', '/manifest').manifest
  expect(shown.requirements).toEqual(['rack@=3.1', 'rake@13.2.1', 'puma@=6'])
  expect(shown.requirements.map(requirementFault)).toEqual([undefined, undefined, undefined])
  expect(fromRequirements(shown.requirements).text).toBe(shown.text)
})

test('requirements have versions; addresses and paths are refused', () => {
  const asked = ['sinatra@>=4,<5', 'rack@3.1', 'rake', 'puma@6.4.2']
  const { text, names } = fromRequirements(asked)
  expect(text).toBe('-- gems --\npuma, = 6.4.2\nrack, ~> 3.1.0\nrake\nsinatra, < 5, >= 4\n')
  expect(names).toEqual(['sinatra', 'rack', 'rake', 'puma'])
  for (const good of ['rack@~>3.1', 'a_b-c.d@1.0.0.rc1', 'rack@ >= 2 , < 4'])
    expect(requirementFault(good)).toBeUndefined()
  for (const bad of ['../x', 'rack@../x', 'https://example.com/x', 'rack, "1"', "rack'", '-x', 'rack@', 'rack\nrake'])
    expect(requirementFault(bad)).toContain('allowed is a gem')
})

const GEMFILE = `# frozen_string_literal: true
source "https://example.com"
git_source(:github) { |repo| "https://example.com/#{repo}.git" }
ruby file: ".ruby-version"

gem 'rack', '~> 3.1', ">=3.1.2", require: false # words
gem("rake")
gem "sinatra",
    "4.1.1",
    :require => "sinatra/base",
    require: %w[sinatra/base x]
gem "json", [">= 2", "< 3"], platforms: %i[ mri windows ]
gem "tzinfo-data", platforms: %i[ windows jruby ]
gem "both", group: [:test, :production]
gem "linter", group: :development
group :development, :test do
  gem "rspec"
  platforms :mri do
    gem "debug"
  end
end
group :docs, optional: true do
  gem "yard"
end
`

test('a Gemfile is read in its usual form, without those of development, test and other platforms', () => {
  expect(readGemfile(GEMFILE)).toEqual({
    gems: [
      { name: 'rack', versions: ['~> 3.1', '>= 3.1.2'] },
      { name: 'rake', versions: [] },
      { name: 'sinatra', versions: ['= 4.1.1'] },
      { name: 'json', versions: ['>= 2', '< 3'] },
      { name: 'both', versions: [] },
    ],
    faults: [],
  })
  expect(readGemfile(GEMFILE.replaceAll('\n', '\r\n')).faults).toEqual([])
})

test.each([
  'gem "x", git: "https://example.com/x"',
  'gem "x", github: "a/x"',
  'gem "x", :path => "../x"',
  'gem "x", install_if: -> { system("touch /tmp/y") }',
  'gem "#{`id`}"',
  'gem "x" if ENV["X"]',
  'gem "x"; system("id")',
  'gem "x", `id`',
  'gem name',
  'gem "../x"',
  'gem "x", "1; id"',
  'gem "x", ["1", ["2", ["3"]]]',
  'system "id"',
  'eval_gemfile "other"',
  'gemspec',
  'plugin "x"',
  'path "x" do\n  gem "x"\nend',
  'git "https://example.com/x" do\n  gem "x"\nend',
  'source "https://gems.example" do\n  gem "x"\nend',
  'gem "x", source: "https://gems.example"',
  'gem "x", platforms: :ruby_27',
  'gem "x", platforms: [:mri_33, :windows]',
  'platforms :mri_33 do\n  gem "x"\nend',
  'if true do\n  gem "x"\nend',
  'group :a do\n  gem "x"',
  'end',
  '%w[x y].each { |name| gem name }',
  'gem "x", "1" "2"',
  '=begin\n=end',
  '__END__',
  'gem <<X\nX',
])('a Gemfile with %j is refused, and never run', (line) => {
  expect(readGemfile(`source "https://example.com"\n${line}\n`).faults.length).toBeGreaterThan(0)
})

test('a gem with a source of its own is refused, since the index may have another of its name', () => {
  expect(readGemfile('source "https://gems.example" do\n  gem "x"\nend\n').faults[0]).toMatch(
    /^line 1 has a block of source; gems come from the index of this server's operator alone/,
  )
  expect(readGemfile('gem "x", source: "https://gems.example"').faults[0]).toContain('from a source of its own')
})

test('a platform with a version of Ruby matters only where nothing else decides', () => {
  const text =
    'gem "a", platforms: [:ruby_27, :ruby]\ngem "b", platforms: :mri_27, group: :test\ngem "c", platforms: :x64_mingw_27\n'
  expect(readGemfile(text)).toEqual({ gems: [{ name: 'a', versions: [] }], faults: [] })
})

const one = { name: 'x', versions: ['= 1'] }
test.each([
  ['a string', `gem "${'x'.repeat(130_000)}`, [], 'line 1 is Ruby'],
  ['white space', `gem${' '.repeat(130_000)}\u2028`, [], 'line 1 is Ruby'],
  ['lists', `gem "x", ${'['.repeat(130_000)}`, [], 'line 1 is Ruby'],
  ['commas', `gem "x"${', "1"'.repeat(25_000)}`, [one], undefined],
  ['calls', 'gem "x", "1"\n'.repeat(10_000), [one], undefined],
  ['words', `gem "x", %w[${'a '.repeat(60_000)}]`, [], 'line 1 has "a" as a version of x'],
  ['blocks', 'group :a do\n'.repeat(10_000), [], 'has a block without an end'],
  ['more', `#${'x'.repeat(1024 * 1024)}`, [], 'has more than 131072 characters'],
])('a Gemfile of %s of the size that it may have is read, or refused', (_what, text, gems, fault) => {
  const read = readGemfile(text)
  expect(read.gems).toEqual(gems)
  expect(read.faults.slice(0, 1)).toEqual(fault === undefined ? [] : [expect.stringContaining(fault)])
})

test('each version of a gem that is named again and again is taken once', () => {
  const added = jest.spyOn(Set.prototype, 'add')
  const count = 2000
  const { gems } = readGemfile(Array.from({ length: count }, (_, at) => `gem "x", "${at}"\n`).join(''))
  const times = added.mock.calls.length
  added.mockRestore()
  expect(gems[0]?.versions).toHaveLength(count)
  expect(times).toBeLessThan(2 * count)
})

const SUM = 'a'.repeat(64)
const lockOf = (more = '', sum = ` sha256=${SUM}`) => `GEM
  remote: https://example.com/
  specs:
    rack (3.1.8)
    native (1.0-x86_64-linux-gnu)
    sinatra (4.1.1)
      rack (>= 3.0.0, < 4)
      native
${more}
PLATFORMS
  x86_64-linux

DEPENDENCIES
  sinatra (~> 4.1)!

CHECKSUMS
  native (1.0-x86_64-linux-gnu) sha256=${SUM}
  rack (3.1.8)${sum}
  sinatra (4.1.1) sha256=${SUM}

RUBY VERSION
   ruby 3.3.8p144

BUNDLED WITH
   2.6.7
`

test('a lock is a Gemfile.lock with the checksum of each gem; without them its versions are kept', () => {
  const { isLock, packagesOf, canonicalLock } = PACKAGE_RULES.rubygems
  expect(isLock(lockOf())).toBe(true)
  expect(packagesOf(lockOf())).toEqual([
    { name: 'rack', version: '3.1.8' },
    { name: 'native', version: '1.0' },
    { name: 'sinatra', version: '4.1.1' },
  ])
  const same = canonicalLock(lockOf())
  expect(canonicalLock(same)).toBe(same)
  expect(canonicalLock(lockOf().replaceAll('\n', '\r\n'))).toBe(same)
  expect(same).not.toMatch(/example\.com|BUNDLED|RUBY/)
  const alone = read(lockOf(), '/manifest')
  expect(alone).toMatchObject({ manifest: { text: same, names: ['sinatra', 'rack', 'native'] }, errors: [] })
  expect(alone.manifest.requirements).toEqual(['sinatra@~>4.1'])
  const half = read(lockOf('', ''), '/manifest')
  expect(half.errors).toEqual([])
  expect(isLock(half.manifest.text)).toBe(false)
  expect(half.manifest.text).toMatch(/^-- gems --\nsinatra, ~> 4\.1\n-- known Gemfile\.lock --\nGEM\n/)
})

test('the versions of a lock beside a Gemfile are kept, and what it leaves out is named all the same', () => {
  const files: Record<string, string> = { Gemfile: 'gem "sinatra"\ngem "evil"\n', 'Gemfile.lock': lockOf() }
  const found = inFiles(
    (path) => files[path],
    'main.rb',
    (path) => path,
  )
  expect(found?.errors).toEqual([])
  expect(found?.manifest.names).toEqual(['sinatra', 'evil', 'rack', 'native'])
  expect(PACKAGE_RULES.rubygems.isLock(found?.manifest.text ?? '')).toBe(false)
})

test('a Gemfile.lock is taken in the spelling of Bundler alone: no gem hides in another, or comes from elsewhere', () => {
  for (const more of [
    'GIT\n  remote: https://example.com/x\n  specs:\n    evil (1.0)\n',
    'PATH\n  remote: ../x\n  specs:\n    evil (1.0)\n',
    'PLUGIN SOURCE\n  remote: x\n',
    '<<<<<<< HEAD\n',
    '    evil (1.0\n',
    '    ../evil (1.0)\n',
    '     evil (1.0)\n',
    '\tevil (1.0)\n',
    '    evil (1.0/../..)\n',
    '    rack (3.1.8)\n',
    '      evil (`id`)\n',
  ])
    expect(readGemfileLock(lockOf(more)).unusable.length).toBeGreaterThan(0)
  expect(read(lockOf('GIT\n'), '/manifest').errors[0]?.detail).toContain('allowed is what Bundler writes')
})
