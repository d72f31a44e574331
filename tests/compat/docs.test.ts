import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { format, resolveConfig } from 'prettier'
import { FIELD_NAMES } from '../../src/api/compat/judge0/submission-fields.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { COMPAT_SYSTEMS } from '../../src/shared/config/settings/network.ts'
import { readDoc } from '../docs/tables.ts'
import { type CallTable, pageOf, SYSTEM_OF } from './run/calls.ts'

const page = (name: string) => readDoc(`docs/compatibility/${name}.md`)

test('every system that can be switched on has its folder and its page, and no other has', () => {
  const beside = ['README.md', 'clients.md', 'clients.json']
  const pages = readdirSync(join(packageRoot(), 'docs/compatibility')).filter((name) => !beside.includes(name))
  expect(pages.toSorted()).toEqual(COMPAT_SYSTEMS.map((name) => `${name}.md`).toSorted())
  const folders = readdirSync(join(packageRoot(), 'src/api/compat'), { withFileTypes: true })
  const systems = folders.filter((entry) => entry.isDirectory() && entry.name !== 'system').map(({ name }) => name)
  expect(systems.toSorted()).toEqual([...COMPAT_SYSTEMS].toSorted())
})

test.each(COMPAT_SYSTEMS)('the page of %s says what is the same, what differs, and where it is', (name) => {
  const text = page(name)
  expect(text).toContain('## The same')
  expect(text).toContain('## Different')
  expect(text).toContain(`http://127.0.0.1:3000/${name}/`)
  expect(page('README')).toContain(`http://127.0.0.1:3000/${name}`)
})

test('a submission of Judge0 has the fields that its protocol has', () => {
  expect(FIELD_NAMES).toHaveLength(35)
  expect(new Set(FIELD_NAMES).size).toBe(35)
})

const table = JSON.parse(readDoc('docs/compatibility/clients.json')) as CallTable

test('the page of clients is the table that the run wrote', async () => {
  const file = join(packageRoot(), 'docs/compatibility/clients.md')
  const text = await format(pageOf(table), { ...(await resolveConfig(file)), parser: 'markdown' })
  expect(page('clients')).toBe(text)
})

test('the table of the run has each call that a client of today claims, and no other', () => {
  const folder = join(packageRoot(), 'tests/compat')
  const sources = ['clients', 'run'].flatMap((name) =>
    readdirSync(join(folder, name)).map((file) => readFileSync(join(folder, name, file), 'utf8')),
  )
  const claims = sources.flatMap((text) => [
    ...text.matchAll(/(?<!const |def |function |\.)\b(works|differs|cannot|worked)\(([^)]*)\)/g),
  ])
  const claimed = claims.flatMap(([, how = '', list = '']) => {
    const texts = [...list.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, single, double]) => single ?? double ?? '')
    // Perhaps a client, then its calls; behind one that is not as upstream the reason.
    const calls = texts.filter((text) => !Object.hasOwn(SYSTEM_OF, text))
    return how === 'differs' || how === 'cannot' ? calls.slice(0, 1) : calls
  })
  const written = new Set(table.calls.map(({ call }) => call))
  expect([...written].filter((call) => !claimed.includes(call))).toEqual([])
  expect([...new Set(claimed)].filter((call) => !written.has(call))).toEqual([])
})

test('each client that is tried is listed with its version', () => {
  const folder = join(packageRoot(), 'tests/compat/run')
  const text = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  const pinned = [...text.matchAll(/'(@?[a-z0-9/-]+)(?:==|@)(\d[\d.]*)'/g)]
  expect(pinned.length).toBeGreaterThan(15)
  for (const [, name, version] of pinned) expect(page('README')).toContain(`\`${name}\` ${version}`)
})
