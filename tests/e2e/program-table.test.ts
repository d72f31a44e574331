import { readdirSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { NOT_SHOWN, THREATS } from '../programs/rows/threats.ts'
import { testRoot } from '../support/platform.ts'
import { HOSTILE, PLAIN, type Rows } from '../support/program-table.ts'

/** Names of all programs of some rows. */
const named = (rows: Rows) =>
  new Set(
    Object.values(rows)
      .flat()
      .flatMap(({ program, beside }) => (beside ? [program, beside.program] : [program])),
  )

test('there are at least 90 hostile programs', () => {
  expect(named(HOSTILE).size).toBeGreaterThanOrEqual(90)
})

test('every threat is shown by a program, or it is said why none can show it', () => {
  const shown = new Set(
    Object.values(HOSTILE)
      .flat()
      .flatMap(({ threat }) => threat),
  )
  const left = Object.values(THREATS)
    .flat()
    .filter((threat) => !shown.has(threat))
  expect(left.sort()).toEqual(Object.keys(NOT_SHOWN).sort())
})

test('no program is left out, and no two rows are called the same', () => {
  const files = readdirSync(`${testRoot}/tests/programs`, { withFileTypes: true })
    // The others are those of `sandbox.test` and `prewarmed-programs.test`.
    .filter((entry) => entry.isFile() && !/^(inspect-sandbox|started)\./.test(entry.name))
    .map(({ name }) => name)
  const used = new Set([...named(HOSTILE), ...named(PLAIN)])
  expect(files.sort()).toEqual([...used].sort())
  const titles = Object.values(HOSTILE)
    .flat()
    .map(({ title }) => title)
  expect(titles).toEqual([...new Set(titles)])
})
