import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { DEFAULTS } from './defaults.ts'
import { KEYS_HELD } from './keys.ts'
import { REACH } from './reach.ts'
import { SCOPES_AND_PAGES } from './scopes.ts'
import { TENANTS } from './tenants.ts'
import { VALUES } from './values.ts'

const root = packageRoot()
const ALL = [...KEYS_HELD, ...TENANTS, ...SCOPES_AND_PAGES, ...DEFAULTS, ...VALUES, ...REACH]

// `npm run test:defences` takes them away one by one, which is too long for every run.
test('every defence stands in the sources once, and so does its test', () => {
  const faults = ALL.flatMap(({ without, edits, test: file }) => [
    ...edits.flatMap(({ file, find }) => {
      const times = readFileSync(join(root, file), 'utf8').split(find).length - 1
      return times === 1 ? [] : [`${without}: ${file} has this ${times} times: ${find}`]
    }),
    ...(existsSync(join(root, file)) ? [] : [`${without}: there is no ${file}`]),
  ])
  expect(faults).toEqual([])
})
