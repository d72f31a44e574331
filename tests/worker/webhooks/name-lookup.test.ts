import type { LookupAddress } from 'node:dns'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createNameLookup, type NameLookup } from '../../../src/worker/webhooks/name-lookup.ts'
import { sendWebhook } from '../../../src/worker/webhooks/send-webhook.ts'
import { type NameServer, startNameServer } from './name-server.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { eventually } from '../../support/eventually.ts'

let server: NameServer
let receiver: Receiver
let folder: string
let hostsFile: string
beforeAll(async () => {
  server = await startNameServer({
    'both.example': ['192.0.43.10', '2606:4700::1111', '192.0.43.11'],
    'v6.example': ['2606:4700::1111'],
    'inside.example': ['127.0.0.1'],
    'listed.example': ['192.0.43.10'],
    'silent.example': 'silent',
    // Each look-up asks twice.
    'failing.example': { failures: 2, addresses: ['192.0.43.10'] },
    'broken.example': { failures: 1000, addresses: ['192.0.43.10'] },
  })
  receiver = await startReceiver()
  folder = await mkdtemp(join(tmpdir(), 'runyard-test-'))
  hostsFile = join(folder, 'hosts')
  await writeFile(
    hostsFile,
    '# ours\n127.0.0.9\tlisted.example Other.Example # comment\n::9 listed.example\nnonsense x.example\n',
  )
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  await receiver.close()
  await server.close()
})

const open = (): NameLookup => createNameLookup({ servers: [server.address], hostsFile })

function lookUp({ resolve }: NameLookup, name: string, family: 0 | 4 | 6 = 0): Promise<LookupAddress[]> {
  return new Promise((done, fail) =>
    resolve(name, { family, all: true }, (error, addresses) => (error ? fail(error) : done(addresses))),
  )
}

describe('a name is looked up', () => {
  test('with its addresses of both families, or of the one that is asked for', async () => {
    const v4 = [
      { address: '192.0.43.10', family: 4 },
      { address: '192.0.43.11', family: 4 },
    ]
    const v6 = [{ address: '2606:4700::1111', family: 6 }]
    expect(await lookUp(open(), 'both.example')).toEqual([...v4, ...v6])
    expect(await lookUp(open(), 'both.example', 4)).toEqual(v4)
    expect(await lookUp(open(), 'both.example', 6)).toEqual(v6)
    expect(await lookUp(open(), 'v6.example')).toEqual(v6)
  })

  test('in the list of this machine first, whatever name servers say', async () => {
    expect(await lookUp(open(), 'LISTED.example')).toEqual([
      { address: '127.0.0.9', family: 4 },
      { address: '::9', family: 6 },
    ])
    expect(await lookUp(open(), 'other.example')).toEqual([{ address: '127.0.0.9', family: 4 }])
    expect(server.asked).not.toContain('listed.example')
  })

  test.each(['nosuch.example', 'x.example', `${'a'.repeat(70)}.example`, 'v6.example'])(
    'in vain when there is none: %s',
    async (name) => {
      await expect(lookUp(open(), name, 4)).rejects.toMatchObject({ code: 'ENOTFOUND' })
    },
  )

  test('again where its server failed for a moment', async () => {
    expect(await lookUp(open(), 'failing.example', 4)).toEqual([{ address: '192.0.43.10', family: 4 }])
  })

  test('in vain when its server fails for longer', async () => {
    await expect(lookUp(open(), 'broken.example', 4)).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })

  test('without waiting longer than whoever asked', async () => {
    const lookup = open()
    const asking = lookUp(lookup, 'silent.example')
    await eventually('the silent name was asked for', () => server.asked.includes('silent.example'))
    lookup.cancel()
    await expect(asking).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })
})

describe('a webhook', () => {
  const send = async (name: string, allow: string[] = [], timeoutMs = 60_000) => {
    const { resolve, cancel } = open()
    const url = `http://${name}:${receiver.port}/`
    return sendWebhook(url, {}, '{}', { allow, timeoutMs, resolve }).finally(cancel)
  }

  test('goes to the address that was looked up and checked', async () => {
    expect(await send('inside.example', ['127.0.0.0/8'])).toMatchObject({ status: 204 })
    const before = receiver.connections()
    expect(await send('inside.example')).toMatchObject({ status: null, error: 'address-not-allowed' })
    expect(await send('other.example')).toMatchObject({ status: null, error: 'address-not-allowed' })
    expect(receiver.connections()).toBe(before)
  })

  test('to a name whose server says nothing ends in its time', async () => {
    expect(await send('silent.example', [], 500)).toMatchObject({ status: null, error: 'timeout' })
  })

  test('holds no thread of this process while its name is looked up', async () => {
    let isOver = false
    const sending = sendWebhook('http://nosuch.invalid/', {}, '{}', { allow: [], timeoutMs: 2000 }).finally(
      () => (isOver = true),
    )
    const seen = new Set<string>()
    while (!isOver) {
      for (const resource of process.getActiveResourcesInfo()) seen.add(resource)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(['name-not-found', 'timeout']).toContain((await sending).error)
    expect([...seen]).not.toContain('GetAddrInfoReqWrap')
  })
})
