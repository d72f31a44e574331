import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

const FOLDERS = ['bench', 'scripts', 'src', 'tests']
const IGNORES = ['prettier', 'oxfmt'].map((tool) => `${tool}-ignore`)

test('no file asks to be left out of formatting', () => {
  const sources = FOLDERS.flatMap((folder) =>
    readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|tsx|mjs)$/.test(name))
      .map((name) => join(folder, name)),
  )
  expect(sources.length).toBeGreaterThan(1000)
  const asks = (text: string) => IGNORES.some((words) => text.includes(words))
  expect(sources.filter((path) => asks(readFileSync(join(packageRoot(), path), 'utf8')))).toEqual([])
})
