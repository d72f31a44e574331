import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { GROUPS } from './groups.ts'

const root = packageRoot()

// `npm run test:defences` takes them away one by one, which is too long for every run.
test('every defence stands in the sources once, and so does its test', () => {
  const faults = Object.values(GROUPS)
    .flat()
    .flatMap(({ without, edits, test: file }) => [
      ...edits.flatMap(({ file, find }) => {
        const times = readFileSync(join(root, file), 'utf8').split(find).length - 1
        return times === 1 ? [] : [`${without}: ${file} has this ${times} times: ${find}`]
      }),
      ...(existsSync(join(root, file)) ? [] : [`${without}: there is no ${file}`]),
    ])
  expect(faults).toEqual([])
})
