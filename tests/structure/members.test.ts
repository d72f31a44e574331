import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { largeObjects } from './large-objects.ts'

const src = join(packageRoot(), 'src')

/** Those of before this was counted, with what they have. The list may only shrink. */
const KNOWN = {
  'CellActions pages/notebook/cell.tsx': 12,
  'CellProps pages/notebook/cell.tsx': 11,
  'ContextOptions worker/sessions/context.ts': 12,
  'KeyOptions cli/key-options.ts': 11,
  'ListPageProps pages/admin/list-page.tsx': 14,
  'NotebookToolbarProps pages/notebook/notebook-toolbar.tsx': 24,
  'RequestOptions cli/jobs/request.ts': 12,
  'SessionContext worker/sessions/context.ts': 12,
  'StringOptions api/screening/lexers/lexer.ts': 11,
}

test('what is handed about has at most ten members', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name))
  const sources = files.map((path) => ({ path, text: readFileSync(join(src, path), 'utf8') }))
  const found = sources.flatMap(largeObjects)
  expect(Object.fromEntries(found.map(({ name, path, members }) => [`${name} ${path}`, members]))).toEqual(KNOWN)
})

test('members are counted at the top alone, without comments', () => {
  const lines = Array.from(
    { length: 11 },
    (_, at) => `  /** One: of { several. */\n  m${at}?: (a: { b: 1; c: 2 }) => { d: string }`,
  )
  const text = (name: string, body: string[]) =>
    `export interface ${name}<T> extends Other<T> {\n${body.join('\n')}\n}\n`
  const wide = { path: 'a.ts', text: text('WideNeeds', lines) }
  expect(largeObjects(wide)).toEqual([{ name: 'WideNeeds', path: 'a.ts', members: 11 }])
  expect(largeObjects({ path: 'a.ts', text: text('SmallNeeds', lines.slice(1)) })).toEqual([])
  // What a schema or a record has is not handed about for its members.
  expect(largeObjects({ path: 'a.ts', text: text('Record', lines) })).toEqual([])
})
