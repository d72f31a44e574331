import { EventEmitter } from 'node:events'
import { expect, test } from '@jest/globals'
import type { Redis } from 'ioredis'
import { createRevocations } from '../../../src/api/access/revocations.ts'
import type { ApiKey } from '../../../src/shared/access/api-key.ts'
import { createKeys } from '../../../src/shared/redis/keys.ts'

const keys = createKeys('revocation-memory')

/** Revocations on a connection that the test speaks for. */
async function rig() {
  const subscriber = Object.assign(new EventEmitter(), { status: 'ready', subscribe: () => Promise.resolve(1) })
  const looked: string[] = []
  const find = (id: string) => {
    looked.push(id)
    return Promise.resolve({ revokedAt: null } as ApiKey)
  }
  const revocations = createRevocations(subscriber as unknown as Redis, keys, { find })
  await settled()
  return {
    revocations,
    looked,
    revoke: (id: string) => subscriber.emit('message', keys.revocations, id),
    loseConnection: () => subscriber.emit('close'),
    connect: async () => {
      subscriber.emit('ready')
      await settled()
    },
  }
}

/** All that was under way without a timer is done. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

test('a key is not read again where its revocation would have been heard', async () => {
  const { revocations, looked } = await rig()
  const { signal, release } = revocations.watch('ada', null, revocations.subscription)
  await settled()
  expect({ looked, aborted: signal.aborted }).toEqual({ looked: [], aborted: false })
  release()
})

test('a revocation that was heard between the reading of a key and its watch ends that', async () => {
  const { revocations, revoke, looked } = await rig()
  const since = revocations.subscription
  revoke('ada')
  const heard: string[] = []
  for (const id of ['ada', 'grace']) {
    const { signal, release } = revocations.watch(id, null, since)
    signal.addEventListener('abort', () => heard.push(id))
    await settled()
    release()
  }
  expect({ heard, looked }).toEqual({ heard: ['ada'], looked: [] })
})

test('a key that was read while nothing was heard, or before a break, is read again', async () => {
  const { revocations, loseConnection, connect, looked } = await rig()
  const before = revocations.subscription
  loseConnection()
  const away = revocations.subscription
  await connect()
  const watched = [
    revocations.watch('before', null, before),
    revocations.watch('away', null, away),
    revocations.watch('since', null, revocations.subscription),
  ]
  await settled()
  expect({ away, looked }).toEqual({ away: undefined, looked: ['before', 'away'] })
  for (const { release } of watched) release()
})

test('what is remembered has a bound, behind which keys are read again', async () => {
  const { revocations, revoke, looked } = await rig()
  const since = revocations.subscription
  for (let id = 0; id <= 10_000; id++) revoke(String(id))
  const { release } = revocations.watch('0', null, since)
  await settled()
  expect(looked).toEqual(['0'])
  release()
})
