import type Crypto from 'node:crypto'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createApiKeys } from '../../src/shared/access/api-keys.ts'
import { formatKey, newKeyText, parseKey } from '../../src/shared/access/key-text.ts'
import { openTestRedis, type TestRedis } from './security/test-redis.ts'

/** Node's own. */
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
  // What was imported from it is changed too.
  syncBuiltinESMExports()
  own = await openTestRedis()
})
afterAll(async () => {
  crypto.timingSafeEqual = timingSafeEqual
  syncBuiltinESMExports()
  await own.close()
})

test('how long a key takes to be refused does not tell how much of it is right: hashes are compared, all of both', async () => {
  const apiKeys = createApiKeys(own.redis, own.keys)
  const { secretKey } = await apiKeys.create({ name: 'test', tenant: 'acme' })
  const { id = '', secret = '' } = parseKey(secretKey) ?? {}
  const oneOff = `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`
  const shown = [
    secretKey,
    formatKey({ id, secret: oneOff }),
    formatKey({ id, secret: '0'.repeat(64) }),
    formatKey(newKeyText()),
  ]
  const opened = []
  for (const key of shown) opened.push((await apiKeys.verify(key)) !== undefined)
  expect(opened).toEqual([true, false, false, false])
  // Of an id that there is not, too.
  expect(compared).toEqual(shown.map(() => [32, 32]))
})
