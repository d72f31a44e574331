import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

// What makes a root longer is a feature that was not cut out.
test.each(['src/api/start.ts', 'src/worker/start.ts'])('%s puts a process together in less than 100 lines', (root) => {
  const lines = readFileSync(join(packageRoot(), root), 'utf8').trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(20)
  expect(lines.length).toBeLessThan(100)
})
