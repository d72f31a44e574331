import { expect, test } from '@jest/globals'
import type { SessionEvent } from '../../src/shared/sessions/session-event.ts'
import type { BridgeOrder, KernelMessage } from '../../src/worker/sessions/bridge-lines.ts'
import { createComms } from '../../src/worker/sessions/comms.ts'
import type { RunningExecution } from '../../src/worker/sessions/execution.ts'
import { ContextBusy, createWaitingBytes } from '../../src/worker/sessions/waiting-bytes.ts'

const MIB = 1024 * 1024

function rig(protocol: 'jupyter' | 'lines' = 'jupyter', waiting = createWaitingBytes()) {
  const orders: BridgeOrder[] = []
  const told: SessionEvent[] = []
  const comms = createComms({
    id: 'default',
    plan: { protocol },
    send: (order) => orders.push(order),
    unsentBytes: () => 0,
    waiting,
    tell: (event) => told.push(event),
  })
  let cuts = 0
  const execution = { id: 'e', cut: () => cuts++ } as unknown as RunningExecution
  const say = (type: string, content: object, more: Partial<KernelMessage> = {}): KernelMessage => ({
    context: 'k1',
    channel: 'iopub',
    type,
    id: 'm',
    parent: null,
    content: content as Record<string, unknown>,
    metadata: {},
    ...more,
  })
  return { comms, orders, told, execution, say, cuts: () => cuts }
}

const open = { comm_id: 'c', target_name: 'jupyter.widget', data: {} }

test('what code says over comms is told of its execution, and is no output of it', () => {
  const { comms, told, execution, say } = rig()
  const opened = say('comm_open', open, { parent: 'e', metadata: { version: '2' }, buffers: ['AAE='] })
  expect(comms.take(opened, execution)).toBe(false)
  expect(comms.take(say('stream', { name: 'stdout', text: 'x' }, { parent: 'e' }), execution)).toBe(false)
  // A thread says something when nothing runs.
  expect(comms.take(say('comm_msg', { comm_id: 'c' }), undefined)).toBe(false)
  expect(told.map(({ data }) => data)).toEqual([
    {
      context: 'default',
      type: 'comm_open',
      content: open,
      metadata: { version: '2' },
      buffers: ['AAE='],
      execution: 'e',
    },
    { context: 'default', type: 'comm_msg', content: { comm_id: 'c' }, metadata: {} },
  ])
})

test('what a message causes is told under its id until the kernel is idle, and is of no execution', () => {
  const { comms, orders, told, execution, say } = rig()
  comms.send('k1', 'one', { type: 'comm_msg', content: { comm_id: 'c' }, buffers: ['AAE='] })
  const message = { type: 'comm_msg', content: { comm_id: 'c' }, metadata: {}, buffers: ['AAE='] }
  expect(orders).toEqual([{ do: 'send', context: 'k1', channel: 'shell', id: 'one', ...message }])
  const parent = 'one'
  const all = [
    say('status', { execution_state: 'busy' }, { parent }),
    say('stream', { name: 'stdout', text: 'moved' }, { parent }),
    say('comm_msg', { comm_id: 'c' }, { parent }),
    say('execute_input', {}, { parent }),
    say('stream', {}, { parent, channel: 'shell' }),
    say('status', { execution_state: 'idle' }, { parent }),
  ]
  expect(all.map((said) => comms.take(said, execution))).toEqual(all.map(() => true))
  expect(told.map(({ data }) => [(data as { type: string }).type, (data as { parent?: string }).parent])).toEqual([
    ['stream', 'one'],
    ['comm_msg', 'one'],
    ['status', 'one'],
  ])
  expect(comms.take(say('stream', { name: 'stdout', text: 'late' }, { parent }), execution)).toBe(false)
  expect(told).toHaveLength(3)
})

test('messages are as many as a busy kernel may have before it, and give back their room with its end', () => {
  const waiting = createWaitingBytes()
  const { comms } = rig('jupyter', waiting)
  const content = { comm_id: 'c', data: 'x'.repeat(30 * 1024) }
  for (let sent = 0; sent < 256; sent++) comms.send('k1', `${sent}`, { type: 'comm_msg', content })
  expect(() => comms.send('k1', 'more', { type: 'comm_msg', content: {} })).toThrow(ContextBusy)
  const most = 60 * 1024
  expect(() => Array.from({ length: 100 }, () => waiting.reserve(most))).toThrow(ContextBusy)
  comms.endAll()
  expect(Array.from({ length: 100 }, () => waiting.reserve(most))).toHaveLength(100)
  comms.send('k1', 'more', { type: 'comm_msg', content: {} })
})

test('what comms say is bounded for each execution and each message, and its execution says what was left out', () => {
  const { comms, told, execution, say, cuts } = rig()
  const large = say('comm_msg', { data: 'x'.repeat(5 * MIB) }, { parent: 'e' })
  comms.take(large, execution)
  comms.take(large, execution)
  comms.take(say('comm_msg', {}, { parent: 'e', omitted: 9 * MIB }), execution)
  expect([told.length, cuts()]).toEqual([1, 2])
  comms.renew()
  comms.take(large, execution)
  comms.send('k1', 'one', { type: 'comm_msg', content: {} })
  comms.take(large, execution)
  expect([told.length, cuts()]).toEqual([3, 2])
})

test('what is nested deeper than it can be written is left out, and its execution says so', () => {
  const { comms, told, execution, say, cuts } = rig()
  const content = JSON.parse(`${'{"a":'.repeat(100_000)}{}${'}'.repeat(100_000)}`) as object
  expect(comms.take(say('comm_msg', content, { parent: 'e' }), execution)).toBe(false)
  expect([told.length, cuts()]).toEqual([0, 1])
})

test('the end of what a message causes is told also where there is no room for more', () => {
  const { comms, told, say } = rig()
  comms.send('k1', 'one', { type: 'comm_msg', content: {} })
  const large = say('comm_msg', { data: 'x'.repeat(8 * MIB) }, { parent: 'one' })
  comms.take(large, undefined)
  comms.take(say('comm_msg', { data: 'x'.repeat(8 * MIB - 200) }, { parent: 'one' }), undefined)
  comms.take(say('status', { execution_state: 'idle', more: 'x'.repeat(1000) }, { parent: 'one' }), undefined)
  expect(told.map(({ data }) => (data as { type: string }).type)).toEqual(['comm_msg', 'status'])
  expect(told[1]?.data).toMatchObject({ content: { execution_state: 'idle' }, parent: 'one' })
})

test('a kernel of lines knows no comms: what is opened is closed, and nothing is sent to it', () => {
  const { comms, orders, told } = rig('lines')
  comms.send('k1', 'one', { type: 'comm_open', content: open })
  comms.send('k1', 'two', { type: 'comm_msg', content: { comm_id: 'c' } })
  expect(orders).toEqual([])
  const common = { context: 'default', metadata: {} }
  expect(told.map(({ data }) => data)).toEqual([
    { ...common, type: 'comm_close', content: { comm_id: 'c', data: {} }, parent: 'one' },
    { ...common, type: 'status', content: { execution_state: 'idle' }, parent: 'one' },
    { ...common, type: 'status', content: { execution_state: 'idle' }, parent: 'two' },
  ])
})
