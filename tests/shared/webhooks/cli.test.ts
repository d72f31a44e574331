import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Command } from 'commander'
import { addWebhookCommands } from '../../../src/cli/webhooks.ts'
import { loadConfig } from '../../../src/shared/config/config.ts'
import { ownPort } from '../../support/own-port.ts'
import { createDeliveries } from '../../../src/shared/webhooks/deliveries.ts'
import { webhookHeaders } from '../../../src/shared/webhooks/sign.ts'
import { createWebhookSecrets } from '../../../src/shared/webhooks/webhook-secrets.ts'
import { sendWebhook } from '../../../src/worker/webhooks/send-webhook.ts'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'
import { answering, startReceiver } from '../../worker/webhooks/receiver.ts'
import { openDeliverer, type TestDeliverer } from '../../worker/webhooks/test-deliverer.ts'
import { testRoot } from '../../support/platform.ts'

let own: TestDeliverer
beforeEach(async () => {
  own = await openDeliverer()
})
afterEach(() => own.close())

/** Of `listen`: who stops it, and what it wrote. */
interface Listening {
  env?: Record<string, string>
  stop?: AbortSignal
  written?: (text: string) => void
}

/** @returns what the command prints */
const runyard = (...args: string[]): Promise<string> => runWith({}, ...args)

async function runWith({ env = {}, stop, written = () => undefined }: Listening, ...args: string[]): Promise<string> {
  const config = loadConfig(testRoot, {
    REDIS_URL: process.env['RUNYARD_TEST_REDIS'],
    RUNYARD_NAMESPACE: own.namespace,
  })
  const printed: string[] = []
  const program = new Command('runyard').exitOverride().configureOutput({ writeErr: () => undefined })
  const never = new AbortController().signal
  addWebhookCommands(program, {
    context: async () => ({ root: testRoot, config, print: (text) => void printed.push(text) }),
    env,
    streams: {
      stdout: new Writable({ write: (chunk, _encoding, done) => (written(String(chunk)), done()) }),
      stderr: process.stderr,
      note: written,
    },
    signals: () => ({ stop: stop ?? never, hurry: never }),
  })
  await program.parseAsync(args, { from: 'user' })
  return printed.join('\n')
}

test('deliveries of a tenant are listed, of their URLs only the origin, and one can be repeated', async () => {
  expect(await runyard('webhooks', 'deliveries', '--tenant', 'me')).toBe('No deliveries match.')
  const receiver = await startReceiver()
  await own.start()
  const id = await own.send(`${receiver.url}/hook?token=secret`)
  await own.end(id)
  await own.end(await own.send(receiver.url, 'somebody else'))

  const [, line = '', ...rest] = (await runyard('webhooks', 'deliveries', '--tenant', 'me')).split('\n')
  expect(line).toMatch(new RegExp(`^${id}  \\d{4}-\\d\\d-\\d\\d [\\d:]{8}  succeeded  1 +204 +${receiver.url}$`))
  expect(rest).toEqual([])
  const json = await runyard('webhooks', 'deliveries', '--tenant', 'me', '--json')
  expect(JSON.parse(json)).toMatchObject({ deliveries: [{ id, origin: receiver.url, attempts: [{ status: 204 }] }] })
  expect(json).not.toContain('secret')
  expect(await runyard('webhooks', 'deliveries', '--tenant', 'me', '--state', 'failed')).toContain(
    'No deliveries match',
  )

  expect(await runyard('webhooks', 'redeliver', id)).toBe(`${id} will be delivered again by the next free worker`)
  await own.until(id, ({ attempts }) => attempts.length === 2)
  await receiver.close()
})

test('a pending delivery is cancelled and not tried again; one that has ended stays as it is', async () => {
  const receiver = await startReceiver()
  receiver.behave(answering(503, { 'retry-after': '3600' }))
  await own.start()
  const id = await own.send(receiver.url)
  await own.until(id, ({ attempts }) => attempts.length === 1)
  expect(await runyard('webhooks', 'cancel', id)).toBe(`${id} is cancelled`)
  expect(await own.deliveries.read(id)).toMatchObject({ state: 'cancelled', nextAttemptAt: null })
  expect(await own.redis.zscore(own.keys.pendingDeliveries, id)).toBeNull()
  receiver.behave(answering(204))
  await runyard('webhooks', 'redeliver', id)
  await own.until(id, ({ state }) => state === 'succeeded')
  expect(await runyard('webhooks', 'cancel', id)).toBe(`${id} had already ended: succeeded`)
  await expect(runyard('webhooks', 'cancel', 'nosuch')).rejects.toThrow('delivery nosuch does not exist')
  await receiver.close()
})

describe('listen', () => {
  let gateway: LoneGateway
  afterEach(() => gateway.close())
  const waitFor = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  test('receives a test event and whatever else is signed, prints it, and passes it on', async () => {
    gateway = await startLoneGateway({ WEBHOOK_ALLOW: '127.0.0.1' })
    const program = await startReceiver()
    const port = await ownPort()
    const stop = new AbortController()
    let text = ''
    const env = { RUNYARD_URL: gateway.url }
    const options = { env, stop: stop.signal, written: (more: string) => void (text += more) }
    const listening = runWith(options, 'webhooks', 'listen', '-p', String(port), '--forward', `${program.url}/hooks`)
    const ids = () => gateway.redis.zrange(gateway.keys.pendingDeliveries, '0', '-1')
    while ((await ids()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    // No worker serves this gateway; this makes the request that one would.
    const deliveries = createDeliveries(gateway.redis, gateway.keys, 600)
    const delivery = await deliveries.read((await ids())[0] ?? '')
    expect(delivery).toMatchObject({
      event: 'webhook.test',
      jobId: null,
      tenant: 'local',
      url: `http://127.0.0.1:${port}/`,
    })
    const { secret } = await createWebhookSecrets(gateway.redis, gateway.keys).read('local')
    const headers = webhookHeaders(delivery?.id ?? '', Math.floor(Date.now() / 1000), delivery?.body ?? '', [secret])
    const send = (signed: Record<string, string>) =>
      sendWebhook(delivery?.url ?? '', signed, delivery?.body ?? '', { allow: ['127.0.0.1'], timeoutMs: 5000 })
    expect(await send(headers)).toMatchObject({ status: 204 })
    await waitFor(() => text.includes('webhook.test'))
    expect(text).toContain('This is a test event.')
    expect(program.requests).toMatchObject([
      { line: 'POST /hooks HTTP/1.1', body: delivery?.body, headers: { 'webhook-id': delivery?.id } },
    ])
    expect(await send({ ...headers, 'webhook-signature': 'v1,AAAA' })).toMatchObject({ status: 400 })
    expect(program.requests).toHaveLength(1)
    stop.abort()
    await listening
    await program.close()
  })

  test('says what to set when the service may not reach it', async () => {
    gateway = await startLoneGateway()
    const port = String(await ownPort())
    await expect(runWith({ env: { RUNYARD_URL: gateway.url } }, 'webhooks', 'listen', '-p', port)).rejects.toThrow(
      /leads to an internal address.*\n.*WEBHOOK_ALLOW=127\.0\.0\.1 npm start/,
    )
  })
})

test('a delivery that is not there, and options that cannot be used, are refused', async () => {
  await expect(runyard('webhooks', 'redeliver', 'nosuch')).rejects.toThrow('delivery nosuch does not exist')
  await expect(runyard('webhooks', 'deliveries')).rejects.toThrow('--tenant')
  await expect(runyard('webhooks', 'deliveries', '--tenant', 'me', '--limit', '0')).rejects.toThrow('whole number')
  await expect(runyard('webhooks', 'deliveries', '--tenant', 'me', '--state', 'lost')).rejects.toThrow('succeeded')
})
