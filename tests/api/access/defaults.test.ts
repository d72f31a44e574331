import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createApiKeys } from '../../../src/shared/access/api-keys.ts'
import { formatKey } from '../../../src/shared/access/key-text.ts'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'
import { send } from '../../support/send.ts'

/** What an installation is like that nobody has done anything to yet. */

let gateway: LoneGateway
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required' })
})
afterAll(() => gateway.close())

test('there is no key, and none of those that one would try opens anything', async () => {
  expect(await createApiKeys(gateway.redis, gateway.keys).list()).toEqual([])
  expect(await gateway.redis.keys(gateway.keys.apiKey('*'))).toEqual([])
  const secrets = ['0', 'f', 'a'].map((digit) => digit.repeat(64))
  const ids = ['0'.repeat(12), 'f'.repeat(12), '0123456789ab', 'a'.repeat(12)]
  const keys = ids.flatMap((id) => secrets.map((secret) => formatKey({ id, secret })))
  for (const guess of [
    ...keys,
    'admin',
    'root',
    'runyard',
    'password',
    'changeme',
    'default',
    'secret',
    'test',
    '1',
    '',
  ]) {
    for (const headers of [{ authorization: `Bearer ${guess}` }, { 'x-api-key': guess }]) {
      const answer = await send(`${gateway.url}/v1/admin/keys`, headers)
      expect({ guess, status: answer.status }).toEqual({ guess, status: 401 })
    }
  }
})

test('without any setting a gateway can be reached from this machine only', () => {
  expect(new URL(gateway.url).hostname).toBe('127.0.0.1')
})
