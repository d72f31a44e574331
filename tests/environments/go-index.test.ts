import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createGoIndex, goExplains } from '../../src/worker/environments/go-index.ts'
import { startGoProxy, type TestProxy } from '../support/go-proxy.ts'
import { showIndex, type ShownIndex } from '../support/shown-index.ts'

const ban = { ecosystem: 'go' as const, reason: 'malware', bannedAt: '' }
const bans = [
  { ...ban, name: 'example.com/Bad', version: null },
  { ...ban, name: 'example.com/partly', version: '1.1.0' },
]

let real: TestProxy
let shown: ShownIndex
beforeAll(async () => {
  real = await startGoProxy()
  const path = 'example.com/good'
  real.add({ path, version: 'v1.9.0' }, { path, version: 'v1.10.0' }, { path, version: 'v1.11.0', days: 2 })
  real.add({ path: 'example.com/bad', version: 'v1.0.0' }, { path: 'example.com/Capital', version: 'v1.0.0' })
  real.add({ path: 'example.com/partly', version: 'v1.0.0' }, { path: 'example.com/partly', version: 'v1.1.0' })
  shown = await showIndex(createGoIndex, real, bans)
})
afterAll(() => shown.close())

const page = async (path: string) => {
  const answer = await fetch(`${shown.url}/${path}`)
  return { status: answer.status, text: answer.ok ? await answer.text() : '' }
}
const said = (path: string) => `go: x: reading http://127.0.0.1:8099/${path}: 404 Not Found`

test('versions that are old enough and not banned are listed, and given with their zip', async () => {
  expect((await page('example.com/good/@v/list')).text).toBe('v1.9.0\nv1.10.0\n')
  expect((await page('example.com/partly/@v/list')).text).toBe('v1.0.0\n')
  expect((await page('example.com/!capital/@v/list')).text).toBe('v1.0.0\n')
  expect((await page('example.com/good/@v/v1.10.0.zip')).text).toMatch(/^PK/)
  expect(shown.index.given.map(({ file }) => file)).toEqual(['example.com/good-v1.10.0'])
})

test('a version that is too new has neither time nor content, but says what it needs', async () => {
  for (const kind of ['info', 'zip']) expect((await page(`example.com/good/@v/v1.11.0.${kind}`)).status).toBe(404)
  expect((await page('example.com/good/@v/v1.11.0.mod')).text).toBe('module example.com/good\n')
  const refusal = goExplains(shown.index.refusals, said('example.com/good/@v/v1.11.0.info'))
  expect(refusal).toMatchObject({ kind: 'too-new', detail: expect.stringMatching(/can be installed from 20\d\d-/) })
})

test('what is banned or unknown is not there, and told why', async () => {
  for (const path of ['bad/@v/list', 'bad/@v/v1.0.0.zip', 'partly/@v/v1.1.0.zip', 'none/@v/list', 'none/@latest'])
    expect((await page(`example.com/${path}`)).status).toBe(404)
  const kindOf = (path: string) => goExplains(shown.index.refusals, said(`example.com/${path}`))?.kind
  expect(kindOf('bad/@v/v1.0.0.zip')).toBe('banned')
  expect(kindOf('partly/@v/v1.1.0.zip')).toBe('banned')
  expect(kindOf('none/@v/list')).toBe('unknown')
  expect(goExplains(shown.index.refusals, 'example.com/good@v1.11.0: invalid')).toBeUndefined()
})

test.each(['example.com/../../admin/@v/list', 'example.com/good/@v/..%2fx.info', 'sumdb/x/../../admin', 'admin'])(
  'nothing else of the proxy is reached: %s',
  async (path) => {
    const before = real.asked.length
    expect((await page(path)).status).toBe(404)
    expect(real.asked.slice(before)).toEqual([])
  },
)
