import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { lookup } from 'node:dns'
import { request } from '../../../src/shared/outgoing/request.ts'
import type { Reach } from '../../../src/shared/webhooks/reach.ts'
import { createGuardedAgent, refusalOf, type Resolve } from '../../../src/worker/webhooks/guarded-agent.ts'
import { sendWebhook } from '../../../src/worker/webhooks/send-webhook.ts'
import { INTERNAL_HOSTS } from '../../shared/webhooks/internal-hosts.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { eventually } from '../../support/eventually.ts'

let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())
afterEach(async () => {
  // No connection outlives its request.
  await eventually('the receiver has no connection', () => receiver.open() <= 0)
})

async function send(url: string, allow: string[] = [], resolve?: Resolve) {
  return sendWebhook(url, {}, '{}', { allow, timeoutMs: 60_000, resolve })
}

/** A name server that answers with these, one list for each time it is asked; the last one goes on. */
function answers(...lists: string[][]): { resolve: Resolve; asked: () => number } {
  let asked = 0
  const resolve: Resolve = (_hostname, _options, callback) => {
    const list = lists[Math.min(asked, lists.length - 1)] ?? []
    asked++
    setImmediate(() =>
      callback(
        null,
        list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    )
  }
  return { resolve, asked: () => asked }
}

/** Names that only this machine's own list, or no list at all, can resolve lead there all the same. */
const toLoopback: Resolve = (hostname, options, callback) =>
  lookup(hostname, options, (error, found) => callback(null, error ? [{ address: '127.0.0.1', family: 4 }] : found))

test.each(INTERNAL_HOSTS)('nothing connects to an internal address however it is spelled: %s', async (host) => {
  const before = receiver.connections()
  const answer = await send(`http://${host}:${receiver.port}/`, [], toLoopback)
  expect(answer).toMatchObject({ status: null, error: 'address-not-allowed' })
  expect(receiver.connections()).toBe(before)
})

const ADDRESSES = INTERNAL_HOSTS.filter((host) => host.startsWith('[')).map((host) => host.slice(1, -1))
test.each([...ADDRESSES, '127.0.0.1', '10.0.0.1', '169.254.169.254', '0.0.0.0', 'fe80::1%lo', '::1%lo'])(
  'a name that leads to %s is not connected to',
  async (address) => {
    const before = receiver.connections()
    const { resolve, asked } = answers([address])
    expect(await send(`http://public.example:${receiver.port}/`, [], resolve)).toMatchObject({
      status: null,
      error: 'address-not-allowed',
    })
    expect(asked()).toBe(1)
    expect(receiver.connections()).toBe(before)
  },
)

test.each([
  { list: ['192.0.43.10', '127.0.0.1'] },
  { list: ['127.0.0.1', '192.0.43.10'] },
  { list: ['2606:4700::1111', '::1'] },
  { list: ['192.0.43.10', '2606:4700::1111', '::ffff:10.0.0.1'] },
  { list: [] },
])('one internal address among the several of a name is enough, and none is not enough: $list', async ({ list }) => {
  const before = receiver.connections()
  const { resolve } = answers(list)
  expect(await send(`http://public.example:${receiver.port}/`, [], resolve)).toMatchObject({
    status: null,
    error: 'address-not-allowed',
  })
  expect(receiver.connections()).toBe(before)
})

test('a name server that answers a public address first and the loopback then gets nothing connected there', async () => {
  // On the same port, at an address that is allowed, which makes it as good as public.
  const outside = await startReceiver('127.0.0.2', receiver.port)
  const before = receiver.connections()
  const { resolve, asked } = answers(['127.0.0.2'], ['127.0.0.1'])
  const agent = createGuardedAgent({ reach: { allow: ['127.0.0.2'] }, connectTimeoutMs: 60_000, resolve })
  const url = `http://rebind.example:${receiver.port}/`
  try {
    const { status, body } = await request(url, { agent, method: 'POST' })
    body.destroy()
    expect(status).toBe(204)
    // One question for one connection: the answer that was checked is the one that was used.
    expect(asked()).toBe(1)
    expect(outside.requests[0]?.headers.host).toBe(`rebind.example:${receiver.port}`)
    const second = request(url, { agent, method: 'POST' })
    await expect(second).rejects.toMatchObject({ name: 'AddressNotAllowed' })
    expect(asked()).toBe(2)
    expect(receiver.connections()).toBe(before)
  } finally {
    await agent.close()
    await outside.close()
  }
})

const refusal = (address: string, port: number, reach: Reach, own: string[] = []) =>
  refusalOf(address, port, reach, own)?.name

// Looked at and not tried, since these addresses are others'.
test('a public address of this machine is refused, unless it is allowed', () => {
  const own = ['8.8.8.8', '2606:4700::1111', 'fe80::1']
  for (const address of ['8.8.8.8', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2606:4700::1111', '2606:4700:0:0::1111']) {
    expect([address, refusal(address, 443, { allow: [] }, own)]).toEqual([address, 'AddressNotAllowed'])
  }
  expect(refusal('8.8.4.4', 443, { allow: [] }, own)).toBeUndefined()
  expect(refusal('8.8.8.8', 443, { allow: ['8.8.8.8'] }, own)).toBeUndefined()
})

test('a port that is not listed is refused, but where the operator opened a network', () => {
  const reach = { allow: ['10.20.0.0/16'], ports: [80, 443] }
  expect(refusal('8.8.8.8', 22, reach)).toBe('PortNotAllowed')
  expect(refusal('2606:4700::1111', 8080, reach)).toBe('PortNotAllowed')
  expect(refusal('8.8.8.8', 443, reach)).toBeUndefined()
  expect(refusal('10.20.1.1', 5000, reach)).toBeUndefined()
  expect(refusal('10.21.1.1', 443, reach)).toBe('AddressNotAllowed')
})

test('the interfaces of this machine are looked at for each connection', async () => {
  const { resolve } = answers(['127.0.0.1'])
  let asked = 0
  const own = () => [`8.8.8.${asked++}`]
  const agent = createGuardedAgent({ reach: { allow: ['127.0.0.1'] }, own, connectTimeoutMs: 60_000, resolve })
  try {
    for (let i = 1; i <= 2; i++) {
      const { body } = await request(`http://own.example:${receiver.port}/`, { agent, method: 'POST' })
      body.destroy()
      expect(asked).toBe(i)
    }
  } finally {
    await agent.close()
  }
})

test('a name that cannot be resolved is told apart from one that is not allowed', async () => {
  const resolve: Resolve = (_hostname, _options, callback) =>
    callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), [])
  expect(await send('http://nosuch.example/', [], resolve)).toMatchObject({ status: null, error: 'name-not-found' })
})

test('a proxy of the environment is not used', async () => {
  const proxy = await startReceiver()
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']
  const before = names.map((name) => process.env[name])
  for (const name of names) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.url
  try {
    expect(await send(`${receiver.url}/direct`, ['127.0.0.0/8'])).toMatchObject({ status: 204 })
    expect(await send(`http://127.0.0.1:${receiver.port}/`)).toMatchObject({ error: 'address-not-allowed' })
    expect(proxy.connections()).toBe(0)
  } finally {
    names.forEach((name, index) => {
      const value = before[index]
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    })
    await proxy.close()
  }
})
