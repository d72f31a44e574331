import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readDoc } from '../../docs/tables.ts'
import { openDeliverer, type TestDeliverer } from './test-deliverer.ts'
import { eventually } from '../../support/eventually.ts'
import { ownPort } from '../../support/own-port.ts'

const SAMPLES = [
  { language: 'js', file: 'receiver.mjs', command: process.execPath },
  { language: 'python', file: 'receiver.py', command: 'python3' },
]

let own: TestDeliverer
let folder: string
let child: ChildProcess | undefined
beforeEach(async () => {
  own = await openDeliverer()
  folder = mkdtempSync(join(tmpdir(), 'runyard-sample-'))
})
afterEach(async () => {
  if (child?.pid !== undefined && child.exitCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await own.close()
  rmSync(folder, { recursive: true })
})

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const result = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return result
}

test.each(SAMPLES)(
  'the receiver of docs/webhooks.md in $language takes what Runyard sends, and nothing else',
  async ({ language, file, command }) => {
    const [, code = ''] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readDoc('docs/webhooks.md')) ?? []
    expect(code).toContain('webhook-signature')
    writeFileSync(join(folder, file), code)
    const port = await ownPort()
    const { secret } = await own.secrets.read('me')
    let output = ''
    const env = { PATH: process.env['PATH'], PORT: String(port), WEBHOOK_SECRET: secret }
    child = spawn(command, [join(folder, file)], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await eventually('the sample listens', () => listens(port))

    await own.start({ scheduleMs: [] })
    const url = `http://127.0.0.1:${port}/`
    const { state, attempts, jobId } = await own.end(await own.send(url))
    expect({ state, status: attempts[0]?.status }).toEqual({ state: 'succeeded', status: 204 })
    await eventually('the sample prints a line', () => output.includes('\n'))
    expect(output).toBe(`job.finished ${jobId} succeeded\n`)

    // During a rotation the new secret's signature comes first.
    await own.secrets.rotate('me')
    expect(await own.end(await own.send(url))).toMatchObject({ state: 'succeeded' })
    // Signed with the secret of somebody else.
    const forged = await own.end(await own.send(url, 'somebody else'))
    expect({ state: forged.state, status: forged.attempts[0]?.status }).toEqual({ state: 'failed', status: 400 })
    const unsigned = await fetch(url, { method: 'POST', body: '{}' })
    expect(unsigned.status).toBe(400)
  },
)
