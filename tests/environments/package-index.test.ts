import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createPypiIndex, wheelVersion } from '../../src/worker/environments/pypi-index.ts'
import { type IndexTools, servePackageIndex } from '../../src/worker/environments/package-index.ts'
import { banOf } from '../../src/shared/environments/package-rules.ts'
import { banField } from '../../src/shared/environments/environment-records.ts'
import { createUpstream, type Upstream } from '../../src/worker/way-out/upstream.ts'
import { startPackageIndex, type TestIndex, wheel } from '../support/package-index.ts'
import { showIndex, type ShownIndex } from '../support/shown-index.ts'

const BOUNDS = { maxBytes: 1e6, maxRequests: 1000, maxMs: 60_000 }
const bans = [
  { ecosystem: 'pypi' as const, name: 'Bad_One', version: null, reason: 'malware', bannedAt: '' },
  { ecosystem: 'pypi' as const, name: 'Partly', version: 'v2', reason: 'broken', bannedAt: '' },
]
const never = new AbortController().signal

let real: TestIndex
let shown: ShownIndex
let url: string
let kindOf: ShownIndex['kindOf']
beforeAll(async () => {
  real = await startPackageIndex()
  const plain = (name: string, version: string) => wheel(name, version, [[`${name}.py`, 'x = 1\n']])
  real.add(plain('good', '1.0'), { ...plain('good', '2.0'), days: 1 }, plain('bad-one', '1.0'))
  real.add(plain('partly', '1.0'), plain('partly', '2.0'), { ...plain('young', '1.0'), days: 3 })
  real.add({ ...plain('forged', '1.0'), sha256: '1'.repeat(64) })
  real.add({ name: 'source', version: '1.0', content: Buffer.from('x'), file: 'source-1.0.tar.gz' })
  shown = await showIndex(createPypiIndex, real, bans)
  ;({ url, kindOf } = shown)
})
afterAll(() => shown.close())

interface Page {
  files: { filename: string; url: string }[]
}
const page = async (name: string) => (await (await fetch(`${url}/simple/${name}/`)).json()) as Page

test('old wheels are shown, at addresses of its own, and come whole', async () => {
  const { files } = await page('good')
  expect(files.map(({ filename }) => filename)).toEqual(['good-1.0-py3-none-any.whl'])
  expect(files[0]?.url).toMatch(/^\/files\/[0-9a-f]{16}\/good-1\.0-/)
  const content = await (await fetch(`${url}${files[0]?.url}`)).arrayBuffer()
  expect(Buffer.from(content).subarray(0, 2).toString()).toBe('PK')
  expect(kindOf('good', '2.0')).toBe('too-new')
})

test('what is banned, too new, to be built or unknown is not shown, and told why', async () => {
  expect((await fetch(`${url}/simple/bad.one/`)).status).toBe(404)
  expect((await fetch(`${url}/simple/nobody/`)).status).toBe(404)
  expect((await page('partly')).files.map(({ filename }) => filename)).toEqual(['partly-1.0-py3-none-any.whl'])
  expect((await page('young')).files).toEqual([])
  expect((await page('source')).files).toEqual([])
  expect([kindOf('bad-one'), kindOf('nobody'), kindOf('partly', '2.0'), kindOf('young'), kindOf('source')]).toEqual([
    'banned',
    'unknown',
    'banned',
    'too-new',
    'needs-build',
  ])
  expect(real.asked).not.toContain('/simple/bad-one/')
})

test('a file with another hash never arrives whole', async () => {
  const [file] = (await page('forged')).files
  await expect(fetch(`${url}${file?.url}`).then((answer) => answer.arrayBuffer())).rejects.toThrow()
  expect(shown.index.faults).toContainEqual(expect.stringContaining('is not the file whose hash'))
})

test.each([
  '/files/0123456789abcdef/x-1.0-py3-none-any.whl',
  '/packages/good-1.0-py3-none-any.whl',
  '/simple/../admin/',
  '/',
])('%s is nothing of its', async (path) => {
  expect((await fetch(`${url}${path}`)).status).toBe(404)
})

test('internal addresses and more than its bounds are refused', async () => {
  const guarded = createUpstream({ allow: [] }, BOUNDS, never)
  await expect(guarded.get(new URL(real.url), {})).rejects.toThrow('internal')
  const small = createUpstream({ allow: ['127.0.0.1'] }, { ...BOUNDS, maxBytes: 10 }, never)
  const answer = await small.get(new URL('good/', real.url), {})
  await expect(answer.text(1e6)).rejects.toThrow('more than 10 bytes')
  await guarded.close()
  await small.close()
})

test.each([
  ['1.0', ['v1', '1', '1.0.0', ' 01.0 ']],
  ['1.0a1', ['1.0ALPHA1', '1-a.1', '1.0.0_alpha1', '1a01']],
  ['1rc0', ['1c', '1.0.pre', '1-preview_0']],
  ['1!2.post3', ['1!2.0-3', '1!2rev3', '1!2.0.r3']],
  ['1.dev0+a.1', ['1dev+A-01', '1.0-dev0+a_1']],
])('a ban of %s counts however it is spelled', (version, others) => {
  const field = banField('pypi', 'a-b', version)
  for (const other of others) expect(banField('pypi', 'A._b', other)).toBe(field)
  for (const other of ['2.0', '1.1', '1b1', '1rc1', '1!2.post4', '1.dev1', 'x'])
    expect(banField('pypi', 'a-b', other)).not.toBe(field)
})

test('a ban of a version is one of its local builds', () => {
  const ban = { ecosystem: 'pypi' as const, name: 'a', version: '1.0', reason: '', bannedAt: '' }
  expect(['1.0+cpu', '1.0.0', '1.0.post1', '1.0rc1', undefined].map((one) => banOf([ban], 'A', one) === ban)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

const notUsed = { used: { requests: 0, bytes: 0, hosts: new Set<string>() }, close: () => Promise.resolve() }
async function served(index: string, get: Upstream['get'], paths: (page: Page) => string[]) {
  const failures: unknown[] = []
  const failed = (error: unknown) => void failures.push(error)
  const one = createPypiIndex({
    index: new URL(index),
    upstream: { get, ...notUsed },
    minAgeMs: 0,
    bans: [],
    failed,
  })
  const own = createServer((req, res) => void one.handle(req, res))
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
  const at = `http://127.0.0.1:${(own.address() as AddressInfo).port}`
  const answer = await fetch(`${at}/simple/a/`)
  if (answer.ok) for (const path of paths((await answer.json()) as Page)) await (await fetch(at + path)).text()
  own.closeAllConnections()
  await new Promise((resolve) => own.close(resolve))
  return { faults: one.faults, failures }
}

test('files at the origin of the index are asked for with its login, others without', async () => {
  const asked: string[] = []
  const content = JSON.stringify({
    files: ['http://in.test/f/', 'http://other.test/f/'].map((at, number) => {
      const filename = `a-${number}-py3-none-any.whl`
      return { filename, url: at + filename, hashes: { sha256: '0'.repeat(64) } }
    }),
  })
  const get: Upstream['get'] = (at) => {
    asked.push(at.href)
    const pieces = (async function* () {})()
    const headers = { 'content-type': 'application/json' }
    const isPage = at.pathname.endsWith('/a/')
    const plain = new URL(at)
    plain.username = plain.password = ''
    const rest = { headers, pieces, text: () => Promise.resolve(content), cancel: () => undefined }
    return Promise.resolve({ status: isPage ? 200 : 404, url: plain.href, ...rest })
  }
  await served('http://me:secret@in.test/simple', get, ({ files }) => files.map((file) => file.url))
  expect(asked).toEqual([
    'http://me:secret@in.test/simple/a/',
    'http://me:secret@in.test/f/a-0-py3-none-any.whl',
    'http://other.test/f/a-1-py3-none-any.whl',
  ])
})

test('the address of the index is told to operators alone', async () => {
  const error = new Error('connect ECONNREFUSED 10.0.0.5:8080')
  const { faults, failures } = await served(
    'http://in.test/simple',
    () => Promise.reject(error),
    () => [],
  )
  expect(faults).toEqual(['the package index cannot be reached'])
  expect(failures).toEqual([error])
})

test('an index at an internal address is said to be at one, with the setting that opens it', async () => {
  const upstream = createUpstream({ allow: [] }, BOUNDS, never)
  const { faults, failures } = await served(
    real.url,
    (at, headers) => upstream.get(at, headers),
    () => [],
  )
  await upstream.close()
  expect(faults).toEqual([expect.stringMatching(/its address is internal.*PACKAGE_INDEX_REACH$/)])
  expect(faults[0]).not.toContain(new URL(real.url).host)
  expect(failures).toEqual([expect.objectContaining({ message: 'the address is internal' })])
})

test('the version of a wheel stands in its name', () => {
  expect(wheelVersion('numpy-2.1.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl')).toBe('2.1.0')
  expect(wheelVersion('numpy-2.1.0.tar.gz')).toBeUndefined()
})

test('an index that accepts connections and says nothing cannot be reached, whoever waits for it', async () => {
  const silent = createTcpServer((socket) => void socket.resume().on('error', () => undefined))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const upstream = createUpstream({ allow: ['127.0.0.1'] }, { ...BOUNDS, maxMs: 1e9, stallMs: 50 }, never)
  const index = createPypiIndex({ index: new URL(`http://127.0.0.1:${port}/`), upstream, minAgeMs: 0, bans })
  const server = createServer((req, res) => void index.handle(req, res))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const asked = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/simple/good/`)
  expect(asked.status).toBe(502)
  expect(index.faults).toEqual(['the package index cannot be reached'])
  await upstream.close()
  server.closeAllConnections()
  server.close()
  silent.close()
})

test('an installer that asks without end fills no memory: the last refusals are kept', async () => {
  const upstream = createUpstream({ allow: [] }, BOUNDS, never)
  let refuse: IndexTools['refuse'] = () => undefined
  const index = servePackageIndex({ index: new URL('http://127.0.0.1/'), upstream, minAgeMs: 0, bans }, (tools) => {
    ;({ refuse } = tools)
    return async () => false
  })
  for (let count = 1; count <= 5000; count++) refuse({ name: `p${count}`, kind: 'unknown', detail: '' })
  await upstream.close()
  expect(index.refusals).toHaveLength(1000)
  expect(index.refusals.at(-1)?.name).toBe('p5000')
})
