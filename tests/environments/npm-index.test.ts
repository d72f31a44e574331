import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { npmManifests } from '../../src/api/environments/npm-manifest.ts'
import { PACKAGE_RULES } from '../../src/shared/environments/package-rules.ts'
import { createNpmIndex, npmExplains } from '../../src/worker/environments/npm-index.ts'
import type { Upstream } from '../../src/worker/way-out/upstream.ts'
import { startNpmRegistry, tarball, type TestRegistry } from '../support/npm-registry.ts'
import { eventually } from '../support/eventually.ts'
import { showIndex, type ShownIndex } from '../support/shown-index.ts'

const SHA512 = `sha512-${Buffer.alloc(64).toString('base64')}`
const bans = [{ ecosystem: 'npm' as const, name: 'banned', version: '2.0.0', reason: 'malware', bannedAt: '' }]

let real: TestRegistry
let shown: ShownIndex
let url: string
let kindOf: ShownIndex['kindOf']
beforeAll(async () => {
  real = await startNpmRegistry()
  const plain = (name: string, version: string, manifest = {}) => tarball(name, version, [['index.js', '']], manifest)
  real.add(plain('good', '1.0.0', { dependencies: { a: '1' }, funding: 'x' }), { ...plain('good', '2.0.0'), days: 1 })
  real.add(plain('@scope/one', '1.0.0'), plain('banned', '1.0.0'), plain('banned', '2.0.0'))
  real.add(
    plain('compiled', '1.0.0', { gypfile: true }),
    plain('fetched', '1.0.0', { scripts: { install: 'prebuild-install || node-gyp rebuild' } }),
  )
  real.add(
    plain('greets', '1.0.0', { scripts: { postinstall: 'node hello.js' } }),
    plain('apple', '1.0.0', { gypfile: true, os: ['darwin'] }),
  )
  real.add({ ...plain('forged', '1.0.0'), integrity: SHA512 }, { ...plain('unhashed', '1.0.0'), integrity: '' })
  shown = await showIndex(createNpmIndex, real, bans)
  ;({ url, kindOf } = shown)
})
afterAll(() => shown.close())

interface Packument {
  'dist-tags': Record<string, string>
  versions: Record<string, { dist: { tarball: string } }>
}
const page = async (name: string) => (await (await fetch(`${url}/${name}`)).json()) as Packument

test('what is old enough is shown with what installing needs, at addresses of its own', async () => {
  const { versions, 'dist-tags': tags } = await page('good')
  expect(Object.keys(versions)).toEqual(['1.0.0'])
  expect(versions['1.0.0']).toMatchObject({ dependencies: { a: '1' } })
  expect(versions['1.0.0']).not.toHaveProperty('funding')
  expect(tags).toEqual({ latest: '1.0.0' })
  const file = versions['1.0.0']?.dist.tarball ?? ''
  expect(file.startsWith(`${url}/files/`)).toBe(true)
  expect((await (await fetch(file)).arrayBuffer()).byteLength).toBeGreaterThan(20)
  expect(kindOf('good', '2.0.0')).toBe('too-new')
  expect(Object.keys((await page('@scope%2fone')).versions)).toEqual(['1.0.0'])
})

test('what is banned, to be built, without a hash or unknown is not shown, and told why', async () => {
  expect(Object.keys((await page('banned')).versions)).toEqual(['1.0.0'])
  for (const name of ['compiled', 'fetched', 'unhashed']) expect((await page(name)).versions).toEqual({})
  for (const name of ['greets', 'apple']) expect(Object.keys((await page(name)).versions)).toEqual(['1.0.0'])
  expect((await fetch(`${url}/nobody`)).status).toBe(404)
  expect(
    ['banned', 'compiled', 'fetched', 'unhashed'].map((name) => kindOf(name, name === 'banned' ? '2.0.0' : '1.0.0')),
  ).toEqual(['banned', 'needs-build', 'needs-build', 'unknown'])
  expect(kindOf('nobody')).toBe('unknown')
})

test('a version with fields that npm would not write hides no other', async () => {
  const odd = [{ scripts: null }, { os: [1] }, { gypfile: 'x', scripts: { install: {} } }, { os: { a: 1 } }]
  const files = odd.map((fields, index) => tarball('odd', `1.0.${index}`, [['index.js', '']], fields))
  real.add(...files, {
    ...tarball('odd', '2.0.0', [['index.js', '']]),
    integrity: { toString: 1 } as unknown as string,
  })
  expect(Object.keys((await page('odd')).versions)).toEqual(['1.0.0', '1.0.1', '1.0.2', '1.0.3'])
})

test('two packuments at most are read beside each other', async () => {
  let now = 0
  let most = 0
  const slow: Upstream = {
    ...shown.upstream,
    async get(address, headers) {
      most = Math.max(most, ++now)
      await eventually('another is read beside it', () => most > 1)
      const answer = await shown.upstream.get(address, headers)
      return { ...answer, text: (bytes: number) => answer.text(bytes).finally(() => (now -= 1)) }
    },
  }
  const index = createNpmIndex({ index: new URL(real.url), upstream: slow, minAgeMs: 0, bans: [] })
  const front = createServer((req, res) => void index.handle(req, res))
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  const at = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
  const names = ['good', 'banned', 'compiled', 'greets', 'apple', 'fetched']
  const answers = await Promise.all(names.map(async (name) => (await fetch(`${at}/${name}`)).status))
  front.closeAllConnections()
  await new Promise((resolve) => front.close(resolve))
  expect(answers).toEqual(names.map(() => 200))
  expect(most).toBe(2)
})

test('a file with another hash never arrives whole', async () => {
  const file = (await page('forged')).versions['1.0.0']?.dist.tarball ?? ''
  await expect(fetch(file).then((answer) => answer.arrayBuffer())).rejects.toThrow()
  expect(shown.index.faults).toContainEqual(expect.stringContaining('is not the file whose hash'))
})

test.each(['/-/v1/search', '/files/0123456789abcdef/x-1.0.0.tgz', '/@scope', '/a/b/c', '/'])(
  '%s is nothing of its',
  async (path) => {
    expect((await fetch(url + path)).status).toBe(404)
  },
)

test.each([
  ['npm error code ETARGET\nnpm error notarget No matching version found for a@^2.\n', '2.0.1'],
  [
    "npm error 404 '@b/c@*' is not in this registry.\nnpm error 404 GET http://127.0.0.1:3128/@b%2fc - Not found\n",
    undefined,
  ],
  ['npm error code ENOVERSIONS\nnpm error No versions available for @b/c\n', undefined],
  ['npm error something else\n', 'nothing'],
])('what npm says names what was refused', (said, version) => {
  const refusals = [
    { name: 'other', kind: 'unknown', detail: '' },
    { name: 'a', version: '1.0.0', kind: 'too-new', detail: '' },
    { name: 'a', version: '2.0.1', kind: 'too-new', detail: '' },
    { name: '@b/c', kind: 'unknown', detail: '' },
  ] as const
  const found = npmExplains(refusals, said)
  expect(found === undefined ? 'nothing' : (found as { version?: string }).version).toBe(version)
})

test('package.json is read as what it depends on, in any order', () => {
  const read = (content: object) => npmManifests.read(JSON.stringify(content), '/manifest')
  const { manifest, errors } = read({ name: 'x', dependencies: { b: '^1', a: '' }, devDependencies: { c: '1' } })
  expect(errors).toEqual([])
  expect(manifest.requirements.toSorted()).toEqual(['a', 'b@^1'])
  expect(manifest.text).toBe(read({ dependencies: { a: '*', b: '^1' } }).manifest.text)
  for (const range of ['git+https://x/y', 'file:../y', 'npm:other@1', 'user/repository', 'http://x/y.tgz', 7])
    expect(read({ dependencies: { a: range } }).errors).toEqual([
      { pointer: '/manifest', detail: expect.stringContaining('"dependencies" has "a"') },
    ])
  expect(read({ overrides: {} }).errors).toHaveLength(1)
  expect(npmManifests.read('[1', '/manifest').errors[0]?.detail).toContain('no JSON')
})

test('a lock is read without addresses, and one that leads elsewhere is refused', () => {
  const lock = (entry: object, path = 'node_modules/a') =>
    npmManifests.read(
      JSON.stringify({
        lockfileVersion: 3,
        packages: { '': { dependencies: { a: '1' } }, [path]: { version: '1.0.0', integrity: SHA512, ...entry } },
      }),
      '/manifest',
    )
  const { manifest, errors } = lock({ resolved: 'http://elsewhere/a.tgz', license: 'MIT' })
  expect(errors).toEqual([])
  expect(manifest).toMatchObject({ requirements: ['a@1'], names: ['a'] })
  expect(manifest.text).not.toContain('elsewhere')
  expect(PACKAGE_RULES.npm.canonicalLock(manifest.text)).toBe(manifest.text)
  expect(PACKAGE_RULES.npm.packagesOf(manifest.text)).toEqual([{ name: 'a', version: '1.0.0' }])
  expect(lock({ name: 'other' }).manifest.names).toEqual(['other'])
  for (const entry of [{ link: true }, { integrity: 'sha1-x' }, { version: 'file:..' }, { name: '../up' }])
    expect(lock(entry).errors).toHaveLength(1)
  for (const path of ['../a', 'packages/a', 'node_modules/../a', 'node_modules/a/../../b'])
    expect(lock({}, path).errors).toHaveLength(1)
})

test('a lock that does not fit its package.json is told', () => {
  const texts: Record<string, string> = {
    'package.json': JSON.stringify({ dependencies: { a: '2' } }),
    'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: { '': { dependencies: { a: '1' } } } }),
  }
  const found = npmManifests.inFiles(
    (path) => texts[path],
    'main.js',
    (path) => `/${path}`,
  )
  expect(found?.errors).toEqual([{ pointer: '/package-lock.json', detail: expect.stringContaining('does not fit') }])
})
