import { expect, test } from '@jest/globals'
import { STATUSES } from '../../src/shared/job.ts'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS, LIMIT_NAMES } from '../../src/shared/limits.ts'
import { PROBLEMS } from '../../src/shared/problems.ts'
import { readDoc, tableRows, uncoded } from './tables.ts'

test('docs/errors.md tells of every error, its status and its title, and of no other', () => {
  const told = tableRows(readDoc('docs/errors.md')).map(
    ([code = '', status, title]) => `${uncoded(code)} ${status} ${title}`,
  )
  const there = Object.entries(PROBLEMS).map(([code, { status, title }]) => `${code} ${status} ${title}`)
  expect(told.toSorted()).toEqual(there.toSorted())
})

test('docs/tutorial.md has every status of a job in its table, and no other', () => {
  const section = readDoc('docs/tutorial.md').split('## How a job ends')[1] ?? ''
  const told = tableRows(section.split('\n\n')[1] ?? '').map(([status = '']) => uncoded(status))
  expect(told).toEqual([...STATUSES])
})

test('docs/api.md names every status of a job', () => {
  const section = readDoc('docs/api.md').split('### Status')[1]?.split('###')[0] ?? ''
  const told = [...section.matchAll(/`([a-z-]+)`/g)].map(([, status]) => status)
  expect(told).toEqual([...STATUSES])
})

test('docs/api.md has every limit with its default and its ceiling', () => {
  const section = readDoc('docs/api.md').split('### Limits')[1]?.split('\n## ')[0] ?? ''
  const told = tableRows(section).map(([name = '', standard, most]) => [uncoded(name), standard, most])
  const there = LIMIT_NAMES.map((name) => [name, String(DEFAULT_LIMITS[name]), String(DEFAULT_CEILINGS[name])])
  expect(told).toEqual(there)
})
