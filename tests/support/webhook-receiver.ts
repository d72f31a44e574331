import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { ownPort } from './own-port.ts'

/**
 * Starts a receiver of webhooks and sends it one that is not signed, then one that is.
 * @param env beside PORT and WEBHOOK_SECRET
 * @returns the two statuses, and the first line it wrote
 */
export async function tryReceiver(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ unsigned: number; signed: number; line: string }> {
  const port = await ownPort()
  const key = Buffer.from('a secret of some length')
  const child = spawn(command, args, {
    env: { ...env, PORT: String(port), WEBHOOK_SECRET: `whsec_${key.toString('base64')}` },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const written = { text: '' }
  child.stdout.on('data', (chunk: Buffer) => (written.text += chunk.toString()))
  try {
    const body = '{"type":"job.finished","data":{"id":"a","status":"succeeded"}}'
    const timestamp = String(Math.floor(Date.now() / 1000))
    const post = (signature: string) => {
      const headers = { 'webhook-id': 'a', 'webhook-timestamp': timestamp, 'webhook-signature': signature }
      return fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body }).then(({ status }) => status)
    }
    while (!(await post('v1,AAAA').catch(() => undefined))) await running(child)
    const unsigned = await post('v1,AAAA')
    const mac = createHmac('sha256', key).update(`a.${timestamp}.${body}`).digest('base64')
    const signed = await post(`v1,${mac}`)
    while (!written.text.includes('\n')) await running(child)
    return { unsigned, signed, line: written.text }
  } finally {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
  }
}

async function running(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) throw new Error(`the receiver ended with ${child.exitCode}`)
  await sleep(20)
}
