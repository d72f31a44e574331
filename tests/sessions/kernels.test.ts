import { expect, test } from '@jest/globals'
import type { Agent, AgentProcess, ProcessListener } from '../../src/worker/sessions/agent.ts'
import type { BridgeOrder } from '../../src/worker/sessions/bridge-lines.ts'
import { ContextExists, createKernels } from '../../src/worker/sessions/kernels.ts'
import { ContextBusy } from '../../src/worker/sessions/waiting-bytes.ts'

const MIB = 1024 * 1024

/** Kernels whose bridge says what the test has it say. */
async function rig(unread = () => 0) {
  let bridge: ProcessListener | undefined
  /** How the bridge starts. */
  let started: Promise<unknown> = Promise.resolve()
  /** What it was sent, of contexts as far as they have names. */
  const orders: string[] = []
  const timers: (() => void)[] = []
  const process: AgentProcess = {
    pid: 1,
    get waiting() {
      return unread()
    },
    input(bytes) {
      const { do: what, context } = JSON.parse(Buffer.from(bytes).toString()) as BridgeOrder
      orders.push(`${what} ${context}`)
    },
    endInput: () => undefined,
    resize: () => undefined,
    signal: () => undefined,
  }
  const agent: Pick<Agent, 'start'> = {
    async start(_start, listener) {
      bridge = listener
      await started
      return process
    },
  }
  const faults: Error[] = []
  const kernels = createKernels({
    agent: agent as Agent,
    language: 'python',
    plan: { argv: ['kernel'], env: {}, cwd: '/job', interrupt: 'signal' },
    limits: { memoryBytes: MIB, outputBytes: MIB, processes: 64 },
    tell: () => undefined,
    whenRoom: (resume) => resume(),
    failed: (error) => faults.push(error),
    clock: {
      now: () => 0,
      after(_ms, task) {
        timers.push(task)
        return () => undefined
      },
    },
  })
  await kernels.start()
  const say = (line: string) => {
    let isTaken = false
    bridge?.output('stdout', Buffer.from(line), () => (isTaken = true))
    return { isTaken: () => isTaken }
  }
  /** Ends the bridge; the next one starts when that is settled. */
  const endBridge = (next: Promise<unknown>) => {
    started = next
    bridge?.ended({ exitCode: 1, signal: null, cpuUs: 0, memoryPeakBytes: 0 })
    orders.length = 0
  }
  return { kernels, say, faults, timers, orders, endBridge }
}

test('a bridge that speaks without end waits: the worker has others to listen to', async () => {
  const { say, timers } = await rig()
  const line = `${JSON.stringify({ event: 'bridge', x: 'x'.repeat(MIB) })}\n`
  expect(say(line).isTaken()).toBe(true)
  for (let lines = 0; lines < 20; lines++) say(line)
  const last = say(line)
  expect(last.isTaken()).toBe(false)
  for (const go of timers) go()
  expect(last.isTaken()).toBe(true)
})

test.each([
  ['what is no JSON', 'x\n'],
  ['no object', '[1]\n'],
  ['what is nested without end', `${'['.repeat(100_000)}\n`],
  ['what nobody knows', '{"event": "other", "context": "c"}\n'],
  ['a line without an end', 'x'.repeat(25 * MIB)],
])('a bridge that says %s is believed nothing, and gets no acknowledgement', async (_what, line) => {
  const { say, faults } = await rig()
  expect(say(line).isTaken()).toBe(false)
  expect(faults).toHaveLength(1)
})

test('no context is started by a bridge that does not read', async () => {
  let unread = 0
  const { kernels } = await rig(() => unread)
  await kernels.create('one')
  unread = 5 * MIB
  await expect(kernels.create('two')).rejects.toThrow(ContextBusy)
  unread = 0
  expect((await kernels.create('two')).id).toBe('two')
})

test('what is asked of the kernels is before the bridge in the same turn', async () => {
  const { kernels, orders } = await rig()
  const one = await kernels.create('one')
  void kernels.restart(one)
  expect(orders).toEqual(['start one/1', 'stop one/1', 'start one/2'])
})

test('restarts while the bridge starts reach it in their order: each kernel but the last is stopped', async () => {
  const { kernels, orders, endBridge } = await rig()
  const one = await kernels.create('one')
  endBridge(Promise.resolve())
  await Promise.all([kernels.restart(one), kernels.restart(one)])
  expect(orders).toEqual(['start one/2', 'stop one/2', 'start one/3'])
})

test('a bridge that cannot be started fails the contexts that waited for it, and gets nothing of theirs later', async () => {
  const { kernels, orders, endBridge } = await rig()
  const [one, two] = [await kernels.create('one'), await kernels.create('two')]
  endBridge(Promise.reject(new Error('no such program')))
  const restarts = [kernels.restart(one), kernels.restart(two)]
  expect((await Promise.allSettled(restarts)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  await expect(two.ready).rejects.toThrow('the bridge to the kernels could not be started')
  endBridge(Promise.resolve())
  await kernels.restart(one)
  expect(orders).toEqual(['start one/4'])
})

test('what waits for a bridge that starts counts as not read', async () => {
  const { kernels, endBridge } = await rig()
  const one = await kernels.create('one')
  endBridge(Promise.resolve())
  const restarted = kernels.restart(one)
  const created = kernels.create('two', { env: { LARGE: 'x'.repeat(5 * MIB) } })
  await expect(kernels.create('three')).rejects.toThrow(ContextBusy)
  await Promise.all([restarted, created])
  expect((await kernels.create('three')).id).toBe('three')
})

test('of two contexts of one name that come while the bridge starts there is one', async () => {
  const { kernels, orders, endBridge } = await rig()
  endBridge(Promise.resolve())
  const [first, second] = await Promise.allSettled([kernels.create('one'), kernels.create('one')])
  expect(first).toMatchObject({ reason: expect.any(ContextExists) })
  expect(second).toMatchObject({ status: 'fulfilled' })
  expect(orders).toEqual(['start one/1'])
})
