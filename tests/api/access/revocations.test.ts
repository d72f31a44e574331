import { randomBytes } from 'node:crypto'
import { request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { send } from '../../support/send.ts'
import { type AccessGateway, startAccessGateway } from './gateway.ts'
import { eventually } from '../../support/eventually.ts'

const namespace = `revocations-${randomBytes(4).toString('hex')}`
const fields = { name: 'test', tenant: 'acme' }
const admin = new Redis(process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? '')
let one: AccessGateway
let other: AccessGateway

beforeAll(async () => {
  const start = () => startAccessGateway({ env: { AUTH: 'required' }, namespace })
  ;[one, other] = await Promise.all([start(), start()])
})
afterAll(async () => {
  await Promise.all([one.close(), other.close()])
  admin.disconnect()
})

const bearer = (shown: string) => ({ authorization: `Bearer ${shown}` })

/** A response that stays open, and what it says until its end. */
async function openStream({ url }: AccessGateway, key: string) {
  const req = request(`${url}/open`, { headers: bearer(key), agent: false }).end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  let text = ''
  res.on('data', (chunk: Buffer) => (text += chunk.toString()))
  res.on('error', () => {})
  return {
    res,
    text: () => text,
    ended: new Promise<void>((resolve) => void res.once('close', resolve)),
    leave: () => req.destroy(),
  }
}

/** Named, should it not come, by its own text. */
const until = (condition: () => boolean) => eventually(String(condition), condition)

test('a revoked key opens nothing any more on any gateway, and what it has open ends there', async () => {
  const { record, secretKey } = await one.apiKeys.create(fields)
  const spared = await one.apiKeys.create(fields)
  const streams = await Promise.all([openStream(one, secretKey), openStream(other, secretKey)])
  const goesOn = await openStream(other, spared.secretKey)
  await until(() => other.watched() === 2 && one.watched() === 1)
  await one.apiKeys.revoke(record.id)
  for (const gateway of [one, other]) {
    expect((await send(`${gateway.url}/caller`, bearer(secretKey))).status).toBe(401)
    expect((await send(`${gateway.url}/caller`, bearer(spared.secretKey))).status).toBe(200)
  }
  await Promise.all(streams.map(({ ended }) => ended))
  expect(streams.map(({ text }) => text())).toEqual(['open\nended\n', 'open\nended\n'])
  await until(() => one.watched() === 0)
  expect(other.watched()).toBe(1)
  expect(goesOn.text()).toBe('open\n')
  goesOn.leave()
  await until(() => other.watched() === 0)
})

test('what an expiring key has open ends when it expires', async () => {
  const { secretKey } = await one.apiKeys.create({ ...fields, expiresAt: new Date(Date.now() + 700).toISOString() })
  const stream = await openStream(one, secretKey)
  await stream.ended
  expect(stream.text()).toBe('open\nended\n')
  expect((await send(`${one.url}/caller`, bearer(secretKey))).status).toBe(401)
})

test('a removed key ends what it has open', async () => {
  const { record, secretKey } = await one.apiKeys.create(fields)
  const stream = await openStream(other, secretKey)
  await one.apiKeys.remove(record.id)
  await stream.ended
  expect(stream.text()).toBe('open\nended\n')
})

test('a client that leaves leaves nothing behind', async () => {
  const { secretKey } = await one.apiKeys.create(fields)
  const streams = await Promise.all(Array.from({ length: 20 }, () => openStream(one, secretKey)))
  await until(() => one.watched() === 20)
  for (const { leave } of streams) leave()
  await until(() => one.watched() === 0)
})

/** Revokes a key and tells nobody: as if the message had passed while nobody listened for it. */
async function revokeUnheard(admin: Redis, id: string): Promise<void> {
  const stored = JSON.parse((await admin.get(`{${namespace}}:key:${id}`)) ?? '') as object
  await admin.set(`{${namespace}}:key:${id}`, JSON.stringify({ ...stored, revokedAt: new Date().toISOString() }))
}

test('a revocation that passed while the connection was away is found when it is back', async () => {
  const { record, secretKey } = await one.apiKeys.create(fields)
  const stream = await openStream(one, secretKey)
  await until(() => one.watched() === 1)
  await revokeUnheard(admin, record.id)
  const clients = (await admin.client('LIST')) as string
  const ids = [...clients.matchAll(/^id=(\d+) .* name=test-access-events /gm)].map(([, id]) => id ?? '')
  expect(ids.length).toBeGreaterThan(0)
  for (const id of ids) await admin.client('KILL', 'ID', id)
  await stream.ended
  expect(stream.text()).toBe('open\nended\n')
})

test('a revocation between the reading of a key and its watch is found', async () => {
  const { record, secretKey } = await one.apiKeys.create(fields)
  expect(await one.apiKeys.verify(secretKey)).toBeDefined()
  await revokeUnheard(admin, record.id)
  const { signal, release } = one.watch(record.id)
  if (!signal.aborted) await once(signal, 'abort')
  release()
  // Responses of tests before may still be closing.
  await until(() => one.watched() === 0)
})
