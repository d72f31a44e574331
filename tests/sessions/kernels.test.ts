import { expect, test } from '@jest/globals'
import type { Agent, AgentProcess, ProcessListener } from '../../src/worker/sessions/agent.ts'
import { createKernels } from '../../src/worker/sessions/kernels.ts'
import { ContextBusy } from '../../src/worker/sessions/waiting-bytes.ts'

const MIB = 1024 * 1024

/** Kernels whose bridge says what the test has it say. */
async function rig(unread = () => 0) {
  let bridge: ProcessListener | undefined
  const timers: (() => void)[] = []
  const process: AgentProcess = {
    pid: 1,
    get waiting() {
      return unread()
    },
    input: () => undefined,
    endInput: () => undefined,
    resize: () => undefined,
    signal: () => undefined,
  }
  const agent: Pick<Agent, 'start'> = {
    start(_start, listener) {
      bridge = listener
      return Promise.resolve(process)
    },
  }
  const faults: Error[] = []
  const kernels = createKernels({
    agent: agent as Agent,
    language: 'python',
    plan: { argv: ['kernel'], env: {}, cwd: '/job', interrupt: 'signal' },
    memoryBytes: MIB,
    outputBytes: MIB,
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
  return { kernels, say, faults, timers }
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
