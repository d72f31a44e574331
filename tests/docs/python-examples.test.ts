import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { examplesOf } from '../support/doc-examples.ts'
import { type TestPlatform, startPlatform } from '../support/platform.ts'
import { tryReceiver } from '../support/webhook-receiver.ts'
import { root } from './tables.ts'

const run = promisify(execFile)
const examples = examplesOf('docs/python.md', 'python')
const folder = mkdtempSync(join(tmpdir(), 'runyard-docs-'))

const ENV = {
  PATH: process.env['PATH'],
  PYTHONPATH: join(root, 'clients/python'),
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONUTF8: '1',
}

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(async () => {
  await platform.close()
  rmSync(folder, { recursive: true })
})

test.each(examples.filter(({ output }) => output !== undefined))(
  'docs/python.md, $title: the example writes what stands behind it',
  async ({ code, output = '' }) => {
    const file = join(folder, 'example.py')
    writeFileSync(file, code)
    const env = { ...ENV, RUNYARD_URL: platform.url }
    const { stdout, stderr } = await run('python3', [file], { env })
    expect(stdout.trimEnd()).toBe(output.trimEnd())
    expect(stderr).toBe('')
  },
)

test('docs/python.md: the receiver of webhooks takes what is signed, and nothing else', async () => {
  const [receiver, ...more] = examples.filter(({ output }) => output === undefined)
  expect(more).toEqual([])
  const file = join(folder, 'receiver.py')
  writeFileSync(file, receiver?.code ?? '')
  const told = await tryReceiver('python3', [file], ENV)
  expect(told).toEqual({ unsigned: 400, signed: 204, line: 'job.finished succeeded\n' })
})
