import { execFile, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { freePort } from '../../src/host/free-port.ts'
import { examplesOf } from '../support/doc-examples.ts'
import { type TestPlatform, startPlatform } from '../support/platform.ts'
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
  const port = await freePort('127.0.0.1', 0)
  const key = Buffer.from('a secret of some length')
  const env = { PATH: process.env['PATH'], PORT: String(port), WEBHOOK_SECRET: `whsec_${key.toString('base64')}` }
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let written = ''
  child.stdout.on('data', (chunk: Buffer) => (written += chunk.toString()))
  try {
    const body = '{"type":"job.finished","data":{"status":"succeeded"}}'
    const timestamp = String(Math.floor(Date.now() / 1000))
    const post = (signature: string) => {
      const headers = { 'webhook-id': 'a', 'webhook-timestamp': timestamp, 'webhook-signature': signature }
      return fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body }).then(({ status }) => status)
    }
    const signature = createHmac('sha256', key).update(`a.${timestamp}.${body}`).digest('base64')
    while (!(await post('v1,AAAA').catch(() => undefined))) await sleep(20)
    expect(await post('v1,AAAA')).toBe(400)
    expect(await post(`v1,${signature}`)).toBe(204)
    while (!written.includes('\n')) await sleep(10)
    expect(written).toBe('job.finished succeeded\n')
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})
