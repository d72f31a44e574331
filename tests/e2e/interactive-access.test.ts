import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { post } from '../support/client.ts'
import { connectIo, refusedIo } from '../support/io-client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let alice: { authorization: string }
let bob: { authorization: string }
let admin: { authorization: string }
beforeAll(async () => {
  platform = await startPlatform({
    AUTH: 'required',
    ALLOWED_ORIGINS: 'https://app.example',
    POOL_READY: '1',
    KILL_GRACE_MS: '300',
  })
  alice = await makeKey(platform, 'alice')
  bob = await makeKey(platform, 'bob')
  admin = await makeKey(platform, 'root', { scopes: ['admin'] })
})
afterAll(() => platform.close())

const keyOf = ({ authorization }: { authorization: string }) => authorization.slice('Bearer '.length)

async function submit(headers: { authorization: string }): Promise<string> {
  const request = { language: 'bash', code: 'read -r line; echo "$line"', interactive: true }
  const { status, body } = await post(`${platform.url}/v1/jobs`, request, headers)
  expect(status).toBe(202)
  return String(body['id'])
}

describe('a socket to a job', () => {
  test.each([
    { how: 'Authorization', options: () => ({ headers: { ...alice } }) },
    { how: 'X-API-Key', options: () => ({ headers: { 'x-api-key': keyOf(alice) } }) },
    { how: 'Sec-WebSocket-Protocol', options: () => ({ protocols: ['runyard', `key.${keyOf(alice)}`] }) },
    {
      how: 'Sec-WebSocket-Protocol from a page of an allowed origin',
      options: () => ({ protocols: [`key.${keyOf(alice)}`, 'runyard'], headers: { origin: 'https://app.example' } }),
    },
  ])('opens with a key in $how, which is not told back', async ({ options }) => {
    const client = await connectIo(platform.url, await submit(alice), options())
    expect(['', 'runyard']).toContain(client.socket.protocol)
    client.line('hello')
    expect(await client.closed).toMatchObject({ code: 1000 })
    expect(client.stdout()).toBe('hello\n')
  })

  const wrong = `ry_${'0'.repeat(12)}_${'0'.repeat(64)}`
  test.each([
    { what: 'without a key', options: () => ({}), status: 401, code: 'unauthenticated' },
    {
      what: 'with a wrong key',
      options: () => ({ headers: { 'x-api-key': wrong } }),
      status: 401,
      code: 'unauthenticated',
    },
    {
      what: 'with a wrong key as a subprotocol',
      options: () => ({ protocols: ['runyard', `key.${wrong}`] }),
      status: 401,
      code: 'unauthenticated',
    },
    {
      what: 'with two different keys',
      options: () => ({ protocols: ['runyard', `key.${keyOf(alice)}`], headers: { ...bob } }),
      status: 401,
      code: 'unauthenticated',
    },
    {
      what: 'with a key from a page of another origin',
      options: () => ({ protocols: [`key.${keyOf(alice)}`, 'runyard'], headers: { origin: 'https://other.example' } }),
      status: 403,
      code: 'cross-site',
    },
    {
      what: 'with a key in the URL',
      options: () => ({ query: `?token=${keyOf(alice)}` }),
      status: 401,
      code: 'unauthenticated',
    },
    { what: 'with somebody else’s key', options: () => ({ headers: { ...bob } }), status: 404, code: 'not-found' },
    {
      what: 'with a key of another scope',
      options: () => ({ headers: { ...admin } }),
      status: 403,
      code: 'insufficient-scope',
    },
  ])('does not open $what', async ({ options, status, code }) => {
    const id = await submit(alice)
    const answer = await refusedIo(platform.url, id, options())
    expect([answer.status, answer.body['code']]).toEqual([status, code])
    await fetch(`${platform.url}/v1/jobs/${id}`, { method: 'DELETE', headers: alice })
  })

  test('closes when its key is revoked; the job goes on', async () => {
    const second = await makeKey(platform, 'alice')
    const id = await submit(alice)
    const client = await connectIo(platform.url, id, { headers: { ...second } })
    const keyId = keyOf(second).split('_')[1] ?? ''
    const revoked = await fetch(`${platform.url}/v1/admin/keys/${keyId}`, { method: 'DELETE', headers: admin })
    expect(revoked.ok).toBe(true)
    expect(await client.closed).toEqual({ code: 4401, reason: 'the key is no longer valid' })
    const again = await connectIo(platform.url, id, { headers: { ...alice } })
    again.line('still here')
    await again.closed
    expect(again.stdout()).toBe('still here\n')
  })
})

test('sockets take from the budget of reads', async () => {
  const limited = await startPlatform({ READ_RATE_PER_MINUTE: '1', READ_RATE_BURST: '2', POOL_READY: '0' })
  try {
    const request = { language: 'bash', code: 'true', interactive: true }
    const { body } = await post(`${limited.url}/v1/jobs`, request)
    for (let i = 0; i < 2; i++) await (await connectIo(limited.url, String(body['id']))).closed
    const answer = await refusedIo(limited.url, String(body['id']))
    expect([answer.status, answer.body['code']]).toEqual([429, 'rate-limited'])
  } finally {
    await limited.close()
  }
})
