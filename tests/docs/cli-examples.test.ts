import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { EXIT } from '../../src/cli/jobs/exit.ts'
import { examplesOf } from '../support/doc-examples.ts'
import { type TestPlatform, startPlatform } from '../support/platform.ts'
import { readDoc, root } from './tables.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'runyard-docs-'))

let platform: TestPlatform
beforeAll(async () => {
  const program = join(folder, 'runyard')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'dist/cli/main.js')}' "$@"\n`)
  chmodSync(program, 0o755)
  platform = await startPlatform()
})
afterAll(async () => {
  await platform.close()
  rmSync(folder, { recursive: true })
})

test.each(examplesOf('docs/cli.md', 'sh'))(
  'docs/cli.md, $title: the example writes what stands behind it',
  async ({ code, output = '' }) => {
    const env = { PATH: `${folder}:${process.env['PATH']}`, RUNYARD_URL: platform.url }
    const { stdout, stderr } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', code], { cwd: folder, env })
    expect(stdout.trimEnd()).toBe(output.trimEnd())
    expect(stderr).toBe('')
  },
)

test('docs/cli.md lists the exit codes that there are', () => {
  const listed = [...readDoc('docs/cli.md').matchAll(/^\| (\d+) /gm)].map(([, code]) => Number(code))
  expect(listed).toEqual(Object.values(EXIT))
})
