import { expect, test } from '@jest/globals'
import { pino } from 'pino'
import type { SessionEvent } from '../../src/shared/sessions/session-event.ts'
import { createEventWriter } from '../../src/worker/sessions/event-writer.ts'

const output = (data: string, command = 'c'): SessionEvent => ({ type: 'stdout', data: { command, data } })

function rig(answer?: () => string[] | undefined) {
  const written: SessionEvent[][] = []
  const forgotten: string[] = []
  let ended = 0
  let last = 0
  const records = {
    append: (_id: string, events: readonly SessionEvent[]) => {
      written.push([...events])
      return Promise.resolve(answer ? answer() : events.map(() => `${++last}-0`))
    },
    forget: (_id: string, ids: readonly string[]) => {
      forgotten.push(...ids)
      return Promise.resolve()
    },
  }
  const writer = createEventWriter(records, 's', () => ended++, pino({ level: 'silent' }))
  return { writer, written, forgotten, ended: () => ended }
}

test('output of one stream that comes at once is one event', async () => {
  const { writer, written } = rig()
  for (const event of [output('a'), output('b'), output('x', 'd'), output('c')]) writer.add(event)
  await writer.flush()
  expect(written).toEqual([[output('ab'), output('x', 'd'), output('c')]])
})

test('the oldest events go when all are too many, and the last stays', async () => {
  const { writer, forgotten } = rig()
  for (const letter of 'abc') {
    writer.add(output(letter.repeat(5 * 1024 * 1024)))
    await writer.flush()
  }
  expect(forgotten).toEqual(['1-0', '2-0'])
})

test('who has much to say waits until it is written', async () => {
  const { writer } = rig()
  let resumed = 0
  writer.whenRoom(() => resumed++)
  expect(resumed).toBe(1)
  writer.add(output('x'.repeat(2 * 1024 * 1024)))
  writer.whenRoom(() => resumed++)
  expect(resumed).toBe(1)
  await writer.flush()
  expect(resumed).toBe(2)
})

test('the end of the session is told once, and nothing is written after it', async () => {
  const { writer, written, ended } = rig(() => undefined)
  writer.add(output('a'))
  await writer.flush()
  writer.add(output('b'))
  await writer.flush()
  expect([written.length, ended()]).toEqual([1, 1])
})
