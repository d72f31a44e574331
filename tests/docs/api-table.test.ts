import { spawnSync } from 'node:child_process'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

test('docs/api.md has the routes as they are (npx tsx scripts/api-table.mjs writes them)', () => {
  const command = ['--import', 'tsx', 'scripts/api-table.mjs', '--check']
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: packageRoot(), encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
})
