import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Command } from 'commander'
import { addWebhookCommands } from '../../../src/cli/webhooks.ts'
import { loadConfig } from '../../../src/shared/config/config.ts'
import { startReceiver } from '../../worker/webhooks/receiver.ts'
import { openDeliverer, type TestDeliverer } from '../../worker/webhooks/test-deliverer.ts'
import { testRoot } from '../../support/platform.ts'

let own: TestDeliverer
beforeEach(async () => {
  own = await openDeliverer()
})
afterEach(() => own.close())

/** @returns what the command prints */
async function runyard(...args: string[]): Promise<string> {
  const config = loadConfig(testRoot, {
    REDIS_URL: process.env['RUNYARD_TEST_REDIS'],
    RUNYARD_NAMESPACE: own.namespace,
  })
  const printed: string[] = []
  const program = new Command('runyard').exitOverride().configureOutput({ writeErr: () => undefined })
  addWebhookCommands(program, () => ({ root: testRoot, config, print: (text) => void printed.push(text) }))
  await program.parseAsync(args, { from: 'user' })
  return printed.join('\n')
}

test('deliveries of a tenant are listed, of their URLs only the origin, and one can be repeated', async () => {
  expect(await runyard('webhooks', 'deliveries', '--tenant', 'me')).toBe('There are no such deliveries.')
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
  expect(await runyard('webhooks', 'deliveries', '--tenant', 'me', '--state', 'failed')).toContain('There are no')

  expect(await runyard('webhooks', 'redeliver', id)).toBe(`${id} is delivered again by the next worker that is free`)
  await own.until(id, ({ attempts }) => attempts.length === 2)
  await receiver.close()
})

test('a delivery that is not there, and options that cannot be used, are refused', async () => {
  await expect(runyard('webhooks', 'redeliver', 'nosuch')).rejects.toThrow('there is no delivery nosuch')
  await expect(runyard('webhooks', 'deliveries')).rejects.toThrow('--tenant')
  await expect(runyard('webhooks', 'deliveries', '--tenant', 'me', '--limit', '0')).rejects.toThrow('whole number')
  await expect(runyard('webhooks', 'deliveries', '--tenant', 'me', '--state', 'lost')).rejects.toThrow('succeeded')
})
