import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { cratesManifests } from '../../src/api/environments/crates-manifest.ts'
import { PACKAGE_RULES } from '../../src/shared/environments/package-rules.ts'
import { createCratesIndex, cratesExplains } from '../../src/worker/environments/crates-index.ts'
import { sparseIndexOf } from '../../src/worker/environments/index-address.ts'
import type { PackageIndex } from '../../src/worker/environments/package-index.ts'
import { createUpstream, type Upstream } from '../../src/worker/way-out/upstream.ts'

const { requirementFault, fromRequirements, read, inFiles } = cratesManifests
const DAY_MS = 86_400_000
const CONTENT = Buffer.from('a crate')
const cksum = createHash('sha256').update(CONTENT).digest('hex')
const lineOf = (name: string, vers: string, days: number | undefined, hash = cksum) =>
  JSON.stringify({
    name,
    vers,
    cksum: hash,
    deps: [],
    ...(days !== undefined && { pubtime: new Date(Date.now() - days * DAY_MS).toISOString() }),
  })
const ban = { ecosystem: 'crates' as const, name: 'bad-one', version: null, reason: 'malware', bannedAt: '' }

let real: Server
let front: Server
let upstream: Upstream
let shown: PackageIndex
let url: string
const listen = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
beforeAll(async () => {
  const pages: Record<string, (host: string) => string | Buffer> = {
    '/config.json': (host) => JSON.stringify({ dl: `http://${host}/dl` }),
    '/go/od/good': () =>
      `${[lineOf('good', '1.0.0', 30), lineOf('good', '1.1.0', 1), lineOf('good', '1.2.0', undefined)].join('\n')}\n`,
    '/3/f/for': () => lineOf('for', '1.0.0', 30, '0'.repeat(64)),
    '/ba/d_/bad_one': () => lineOf('bad_one', '1.0.0', 30),
    '/dl/good/1.0.0/download': () => CONTENT,
    '/dl/for/1.0.0/download': () => CONTENT,
  }
  real = createServer((req, res) => {
    const page = pages[req.url ?? '']
    if (page) res.end(page(req.headers.host ?? ''))
    else res.writeHead(404).end()
  })
  upstream = createUpstream(
    { allow: ['127.0.0.1'] },
    { maxBytes: 1e6, maxRequests: 1000, maxMs: 60_000 },
    new AbortController().signal,
  )
  shown = createCratesIndex({ index: new URL(await listen(real)), upstream, minAgeMs: 7 * DAY_MS, bans: [ban] })
  front = createServer((req, res) => void shown.handle(req, res))
  url = await listen(front)
})
afterAll(async () => {
  for (const server of [front, real]) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  await upstream.close()
})

test('versions that are old enough by the index are shown, and their files given', async () => {
  const page = await (await fetch(`${url}/go/od/good`)).text()
  expect(page.trim().split('\n')).toHaveLength(1)
  const { dl } = (await (await fetch(`${url}/config.json`)).json()) as { dl: string }
  const at = (name: string) => dl.replaceAll('{crate}', name).replaceAll('{version}', '1.0.0')
  expect(await (await fetch(at('good'))).text()).toBe('a crate')
  expect(shown.given).toEqual([{ file: 'good-1.0.0.crate', bytes: CONTENT.length }])
  await fetch(`${url}/3/f/for`)
  await expect(fetch(at('for')).then((answer) => answer.arrayBuffer())).rejects.toThrow()
  expect(shown.faults.at(-1)).toContain('hash')
})

test('what is too new, undated, banned or unknown is told as Cargo names it', async () => {
  for (const path of ['go/od/good', 'ba/d_/bad_one', 'no/bo/nobody']) await fetch(`${url}/${path}`)
  const explained = (said: string) => cratesExplains(shown.refusals, said)
  expect(explained('error: failed to select a version for the requirement `good = "^1.1"`')?.detail).toMatch(
    /good 1.1.0 was uploaded at/,
  )
  expect(explained('the requirement `good = "=1.2.0"`')?.detail).toContain('tells no time of upload')
  expect(explained('error: no matching package named `bad_one` found')?.kind).toBe('banned')
  expect(explained('error: no matching package found\nsearched package name: `nobody`')?.kind).toBe('unknown')
  expect(explained('needs-build: libc 0.2.1 has a build script')).toMatchObject({ kind: 'needs-build', name: 'libc' })
  expect(explained('error: something else')).toBeUndefined()
})

test('requirements have features and versions; addresses and paths are refused', () => {
  const { text, names } = fromRequirements(['serde[derive,rc]@1', 'rand'])
  expect(text).toBe('[dependencies]\nrand = { version = "*" }\nserde = { version = "1", features = ["derive","rc"] }\n')
  expect(names).toEqual(['serde', 'rand'])
  for (const good of ['rand@0.9', 'rand@>=0.8, <0.10', 'a_b-c@~1.2']) expect(requirementFault(good)).toBeUndefined()
  for (const bad of ['../x', 'rand@../x', 'https://example.com/x', 'rand = "1"', 'serde[a"b]', '-x'])
    expect(requirementFault(bad)).toContain('allowed is a crate')
})

test('a Cargo.toml is read in all the ways of writing dependencies', () => {
  const toml = `[package]\nname = "own" # words\n\n[dependencies]\nrand = "0.9"\nserde = { version = "1", features = [\n  "derive", # a word\n  "rc",\n], default-features = false }\njson = { package = "serde_json", version = '1' }\nitoa.version = "1"\n\n[dependencies.regex]\nversion = "1"\n\n[dev-dependencies]\nnothing = "1"\n[profile.release]\nlto = true\n`
  const { manifest, errors } = read(toml, '/manifest')
  expect(errors).toEqual([])
  expect(manifest.requirements).toEqual(['rand@0.9', 'serde[derive,rc]@1', 'serde_json@1', 'itoa@1', 'regex@1'])
  expect(manifest.text).toContain('serde = { version = "1", features = ["derive","rc"], default-features = false }')
  for (const bad of [
    'x = { git = "https://example.com" }',
    'x = { path = "../x" }',
    'x = "1 # no end',
    'x = 1',
    'x = [[[["1"]]]]',
    '"../x" = "1"',
  ])
    expect(read(`[dependencies]\n${bad}\n`, '/manifest').errors).toHaveLength(1)
  const patch = '[patch.crates-io]\nx = "1"\n'
  expect(read(`[dependencies]\nx = "1"\n${patch}`, '/manifest').errors[0]?.detail).toContain('not supported')
  expect(read(`[package]\nname = "own"\n[workspace]\n${patch}`, '/manifest').errors).toEqual([])
})

test.each([
  ['a header', `[${' '.repeat(1024 * 1024)}x`],
  ['white space', `[dependencies]\nx =${' '.repeat(1024 * 1024)}\u2028x`],
  ['an array', `[dependencies]\nx = [${'"",'.repeat(350_000)}`],
  ['a table', `[dependencies]\nx = {${'a="",'.repeat(200_000)}`],
  ['a string', `[dependencies]\nx = "${'\\"'.repeat(500_000)}`],
  ['brackets', '['.repeat(1024 * 1024)],
])('a MiB of %s is read in linear time', (_what, toml) => {
  expect(read(toml, '/manifest').errors.length).toBeLessThanOrEqual(1)
})

test('a lock is a Cargo.toml with its Cargo.lock, whose crates come from a registry with a checksum', () => {
  const crate = `[[package]]\nname = "rand"\nversion = "0.9.0"\nsource = "registry+x"\nchecksum = "${'a'.repeat(64)}"\n`
  const own = '[[package]]\nname = "job"\nversion = "0.0.0"\n'
  const lock = `-- Cargo.toml --\n[dependencies]\nrand = { version = "0.9" }\n-- Cargo.lock --\nversion = 4\n\n${own}\n${crate}`
  const { isLock, packagesOf } = PACKAGE_RULES.crates
  expect(isLock(lock)).toBe(true)
  expect(packagesOf(lock)).toEqual([{ name: 'rand', version: '0.9.0' }])
  expect(read(lock, '/manifest')).toMatchObject({ manifest: { text: lock, names: ['rand'] }, errors: [] })
  expect(read(lock.replace('registry+x', 'git+https://example.com'), '/manifest').errors).toHaveLength(1)
  const files: Record<string, string> = { 'Cargo.toml': '[dependencies]\nrand = "0.9"\n', 'Cargo.lock': own + crate }
  const found = inFiles(
    (path) => files[path],
    'main.rs',
    (path) => path,
  )
  expect(isLock(found?.manifest.text ?? '')).toBe(false)
  expect(found?.manifest.text).toContain('checksum')
})

const OWN = '[[package]]\nname = "job"\nversion = "0.0.0"\n'
const locked = (name: string) =>
  `[[package]]\nname = "${name}"\nversion = "1.0.0"\nsource = "registry+x"\nchecksum = "${'a'.repeat(64)}"\n`
const filesOf = (lock: string, toml = '[dependencies]\nrand = "1"\n') => {
  const files: Record<string, string> = { 'Cargo.toml': toml, 'Cargo.lock': lock }
  return inFiles(
    (path) => files[path],
    'main.rs',
    (path) => path,
  )
}

test('what a Cargo.lock leaves out of the dependencies is named all the same', () => {
  const found = filesOf(`${OWN}\n${locked('rand')}`, '[dependencies]\nevil = "1"\n')
  expect(found?.manifest.names).toEqual(['evil', 'rand'])
})

test('a Cargo.lock is taken in the spelling of Cargo alone: no crate hides in another', () => {
  const head = '# This file is automatically @generated by Cargo.\nversion = 4\n\n'
  const all = `${head}${OWN}dependencies = [\n "rand",\n "rand 1.0.0 (registry+x)",\n]\n\n${locked('rand')}`
  expect(filesOf(all)?.errors).toEqual([])
  expect(filesOf(all.replaceAll('\n', '\r\n'))?.errors).toEqual([])
  const evil = locked('evil')
  for (const hidden of [
    evil.replace(']]', ']] # x'),
    evil.replace('[[package]]', '[["package"]]'),
    evil.replace('name = "evil"', "name = 'evil'"),
    evil.replace('name = "evil"', 'name="evil"'),
    evil.replace('name = "evil"', 'name = "\\u0065vil"'),
    evil.replace('name = "evil"\n', ''),
    evil.replace('name = "evil"', 'name = "rand"\nname = "evil"'),
    evil.replaceAll('\n', '\r'),
    evil.replaceAll('\n', '\u2028'),
    'package = [{ name = "evil", version = "1.0.0" }]\n',
    '[[patch.unused]]\nname = "evil"\nversion = "1.0.0"\n',
  ])
    expect(filesOf(`${all}\n${hidden}`)?.errors[0]?.detail).toContain('which Cargo does not write')
})

test('the index is the one that Cargo is configured with', () => {
  const config =
    '[source.crates-io]\nreplace-with = "near"\n\n[source.near]\nregistry = "sparse+https://crates.example/index/"\n'
  expect(sparseIndexOf(config)).toBe('https://crates.example/index/')
  expect(sparseIndexOf('[build]\njobs = 1\n')).toBeUndefined()
})

test('dependencies above all tables count, and those of a target are refused', () => {
  const top = read('dependencies.rand = "0.9"\n"dependencies".serde.version = "1"\n[package]\nname = "x"\n', '/x')
  expect([top.manifest.requirements, top.errors]).toEqual([['rand@0.9', 'serde@1'], []])
  const whole = read('dependencies = { rand = "0.9" }\n', '/x')
  expect(whole.errors).toEqual([{ pointer: '/x', detail: expect.stringContaining('which is not understood') }])
  const ofTarget = read('[target."cfg(unix)".dependencies]\nlibc = "0.2"\n', '/x')
  expect(ofTarget.errors).toEqual([{ pointer: '/x', detail: expect.stringContaining('not supported here') }])
})

test.each([
  [
    'a long condition',
    '[target.\'cfg(all(target_os = "linux", target_arch = "x86_64", not(target_env = "musl")))\'.dependencies]',
  ],
  ['one crate', '[target.x86_64-unknown-linux-gnu.dependencies.libc]'],
])('dependencies of a target are refused with %s in their header', (_what, header) => {
  expect(read(`${header}\nversion = "0.2"\n`, '/x').errors).toHaveLength(1)
})

test.each(['dev-dependencies', 'build-dependencies', 'dev-dependencies.libc'])(
  'a project that has only %s of a target needs no package',
  (kind) => {
    expect(read(`[package]\nname = "own"\n[target."cfg(unix)".${kind}]\nlibc = "0.2"\n`, '/x').errors).toEqual([])
  },
)
