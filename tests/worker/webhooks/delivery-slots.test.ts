import { expect, test } from '@jest/globals'
import { createDeliverySlots, type DeliverySlots, type Slot } from '../../../src/worker/webhooks/delivery-slots.ts'

async function taken(slots: DeliverySlots, ...parties: string[]): Promise<Slot> {
  const slot = await slots.take(parties)
  if ('againMs' in slot) throw new Error(`no place for ${parties.join(', ')}`)
  return slot
}

test('one party gets half of the places, another one the rest', async () => {
  const slots = createDeliverySlots(4)
  await taken(slots, 'tenant a', 'host x')
  await taken(slots, 'tenant a', 'host y')
  expect(await slots.take(['tenant a', 'host z'])).toEqual({ againMs: expect.any(Number) })
  await taken(slots, 'tenant b', 'host z')
  await taken(slots, 'tenant c', 'host z')
  expect(await slots.take(['tenant d', 'host z'])).toEqual({ againMs: expect.any(Number) })
  // Each party has room, and all places are taken.
  expect(await slots.take(['tenant e', 'host e'])).toEqual({ againMs: expect.any(Number) })
})

test('a worker with one place delivers', async () => {
  const slots = createDeliverySlots(1)
  const slot = await taken(slots, 'tenant a')
  slot.release()
  await taken(slots, 'tenant b')
})

test('deliveries that are fast wait a moment for their next place, and none is sent back', async () => {
  const slots = createDeliverySlots(4, () => 0)
  let running = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      const slot = await taken(slots, 'tenant a', 'host x')
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      slot.release()
    }),
  )
  expect(most).toBe(2)
})

test('those sent back come again one after the other, a tenth of a second apart, within a minute', async () => {
  let nowMs = 0
  const slots = createDeliverySlots(2, () => nowMs)
  await taken(slots, 'tenant a')
  // By now it is slow, and nobody waits for it.
  nowMs = 600
  const times: number[] = []
  for (let i = 0; i < 700; i++) {
    const sent = await slots.take(['tenant a'])
    if ('againMs' in sent) times.push(sent.againMs)
  }
  expect(times).toEqual(Array.from({ length: 700 }, (_, i) => Math.min(1000 + i * 100, 60_000)))
  nowMs += 30_000
  expect(await slots.take(['tenant a'])).toEqual({ againMs: 30_100 })
})

test('whoever waits for a place when the worker ends is sent back at once', async () => {
  const slots = createDeliverySlots(2)
  await taken(slots, 'tenant a')
  const waiting = slots.take(['tenant a'])
  slots.close()
  expect(await waiting).toEqual({ againMs: expect.any(Number) })
})
