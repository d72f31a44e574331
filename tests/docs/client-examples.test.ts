import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { examplesOf } from '../support/doc-examples.ts'
import { type TestPlatform, startPlatform } from '../support/platform.ts'
import { tryReceiver } from '../support/webhook-receiver.ts'
import { root } from './tables.ts'

const run = promisify(execFile)
const examples = examplesOf('docs/client.md', 'js')
/** Inside the package, where its own name leads to what is exported. */
const folder = mkdtempSync(join(root, 'dist/docs-'))

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(async () => {
  await platform.close()
  rmSync(folder, { recursive: true })
})

test.each(examples.filter(({ output }) => output !== undefined))(
  'docs/client.md, $title: the example writes what stands behind it',
  async ({ code, output = '' }) => {
    const file = join(folder, 'example.mjs')
    writeFileSync(file, code)
    const env = { PATH: process.env['PATH'], RUNYARD_URL: platform.url }
    const { stdout, stderr } = await run(process.execPath, [file], { env })
    expect(stdout.trimEnd()).toBe(output.trimEnd())
    expect(stderr).toBe('')
  },
)

test('docs/client.md: the receiver of webhooks takes what is signed, and nothing else', async () => {
  const [receiver, ...more] = examples.filter(({ output }) => output === undefined)
  expect(more).toEqual([])
  const file = join(folder, 'receiver.mjs')
  writeFileSync(file, receiver?.code ?? '')
  const told = await tryReceiver(process.execPath, [file], { PATH: process.env['PATH'] })
  expect(told).toEqual({ unsigned: 400, signed: 204, line: 'job.finished succeeded\n' })
})
