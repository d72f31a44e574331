import type Crypto from 'node:crypto'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { TestRedis } from './security/test-redis.ts'

/** Node's own. Whoever imports it after it was changed, as all here do, gets it as it is then. */
const crypto = createRequire(import.meta.url)('node:crypto') as typeof Crypto
const { timingSafeEqual } = crypto
/** Lengths of what was compared in constant time. */
const compared: [number, number][] = []

let own: TestRedis
beforeAll(async () => {
  crypto.timingSafeEqual = (a, b) => {
    compared.push([a.byteLength, b.byteLength])
    return timingSafeEqual(a, b)
  }
  const { openTestRedis } = await import('./security/test-redis.ts')
  own = await openTestRedis()
})
afterAll(async () => {
  crypto.timingSafeEqual = timingSafeEqual
  await own.close()
})

test('how long a key takes to be refused does not tell how much of it is right: hashes are compared, all of both', async () => {
  const { createApiKeys } = await import('../../src/shared/access/api-keys.ts')
  const { formatKey, newKeyText, parseKey } = await import('../../src/shared/access/key-text.ts')
  const apiKeys = createApiKeys(own.redis, own.keys)
  const { secretKey } = await apiKeys.create({ name: 'test', tenant: 'acme' })
  const { id = '', secret = '' } = parseKey(secretKey) ?? {}
  const oneOff = `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`
  const shown = [secretKey, formatKey({ id, secret: oneOff }), formatKey({ id, secret: '0'.repeat(64) }), formatKey(newKeyText())] // prettier-ignore
  const opened = []
  for (const key of shown) opened.push((await apiKeys.verify(key)) !== undefined)
  expect(opened).toEqual([true, false, false, false])
  // Of an id that there is not, too.
  expect(compared).toEqual(shown.map(() => [32, 32]))
})
