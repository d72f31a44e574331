import { describe, expect, test } from '@jest/globals'
import {
  type Agent,
  AgentRefusal,
  createAgent,
  type FolderChanges,
  type ProcessEnd,
} from '../../src/worker/sessions/agent.ts'
import { AgentFault } from '../../src/worker/sessions/agent-decoder.ts'
import {
  AGENT,
  AGENT_INPUT_WINDOW,
  AGENT_OUTPUT_WINDOW,
  AGENT_PIECE,
  AGENT_WATCH_BATCH,
} from '../../src/worker/sessions/agent-protocol.ts'

/** A frame as the agent would send it. */
function frame(type: number, id: number, ...parts: (number[] | string | Buffer)[]): Buffer {
  const payload = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  const head = Buffer.alloc(9)
  head[0] = type
  head.writeUInt32BE(4 + payload.length, 1)
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}
const number = (value: number, bytes: 4 | 8): number[] => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64BE(BigInt(value))
  return [...buffer.subarray(8 - bytes)]
}
const READY = frame(AGENT.READY, 0, number(1, 4))

interface Sent {
  type: number
  id: number
  payload: Buffer
}
function rig(): { agent: Agent; sent: Sent[] } {
  const sent: Sent[] = []
  const agent = createAgent((bytes) => {
    sent.push({ type: bytes[0] ?? 0, id: bytes.readUInt32BE(5), payload: bytes.subarray(9) })
  })
  agent.receive(READY)
  return { agent, sent }
}
const start = { argv: ['cat'], env: { A: 'b' }, cwd: '/job', stdin: true }

async function startedProcess() {
  const { agent, sent } = rig()
  const output: string[] = []
  const taken: (() => void)[] = []
  let end: ProcessEnd | undefined
  const starting = agent.start(start, {
    output: (stream, bytes, done) => {
      output.push(`${stream}: ${bytes.toString()}`)
      taken.push(done)
    },
    ended: (how) => (end = how),
  })
  const id = sent.at(-1)?.id ?? 0
  agent.receive(frame(AGENT.STARTED, id, number(12, 4)))
  return { agent, sent, id, process: await starting, output, taken, ended: () => end }
}

test('what it says may be cut anywhere', async () => {
  const { agent, sent } = rig()
  const reading = agent.read('a.txt', 3, 100)
  const answer = frame(AGENT.DONE, sent[0]?.id ?? 0, number(10, 8), number(1_700_000_000_000, 8), 'content')
  for (const byte of answer) agent.receive(Buffer.from([byte]))
  expect(await reading).toMatchObject({ size: 10, modifiedMs: 1_700_000_000_000 })
  expect((await reading).bytes.toString()).toBe('content')
})

test('several frames may come at once', async () => {
  const { agent, sent } = rig()
  const all = Promise.allSettled([agent.stat('a'), agent.makeFolder('b'), agent.remove('c', true)])
  const [one, two, three] = sent.map(({ id }) => id)
  const entry: (string | number[])[] = ['f', [0x01, 0xa4], number(5, 8), number(0, 8)]
  agent.receive(
    Buffer.concat([
      frame(AGENT.DONE, three ?? 0),
      frame(AGENT.DONE, one ?? 0, ...entry),
      frame(AGENT.FAILED, two ?? 0, number(13, 4)),
    ]),
  )
  expect(await all).toMatchObject([
    { status: 'fulfilled', value: { name: 'a', kind: 'file', bytes: 5, mode: '0644' } },
    { status: 'rejected', reason: expect.objectContaining({ errno: 13 }) as unknown },
    { status: 'fulfilled' },
  ])
})

test('a process has output, which is acknowledged when it was taken, and an end', async () => {
  const { agent, sent, id, output, taken, ended } = await startedProcess()
  const much = 'x'.repeat(AGENT_OUTPUT_WINDOW / 8)
  agent.receive(Buffer.concat([frame(AGENT.STDOUT, id, 'hello'), frame(AGENT.STDERR, id, much)]))
  agent.receive(frame(AGENT.STDERR, id, 'oh'))
  expect(output).toEqual(['stdout: hello', `stderr: ${much}`, 'stderr: oh'])
  const before = sent.length
  taken[0]?.()
  // Together with more: the agent has room for long.
  expect(sent.slice(before)).toEqual([])
  taken[1]?.()
  expect(sent.slice(before)).toMatchObject([{ type: AGENT.ACK, id, payload: Buffer.from(number(5 + much.length, 4)) }])
  agent.receive(frame(AGENT.EXIT, id, [1, 9], number(1500, 8), number(4096, 8)))
  expect(ended()).toEqual({ exitCode: null, signal: 9, cpuUs: 1500, memoryPeakBytes: 4096 })
  taken[2]?.()
  expect(sent.length).toBe(before + 1)
})

test('input keeps to the window, and its end comes behind it', async () => {
  const { agent, sent, id, process } = await startedProcess()
  process.input(Buffer.alloc(AGENT_INPUT_WINDOW + 10))
  process.endInput()
  const inputs = sent.filter(({ type }) => type === AGENT.INPUT).map(({ payload }) => payload.length)
  expect(inputs.reduce((sum, length) => sum + length, 0)).toBe(AGENT_INPUT_WINDOW)
  expect(Math.max(...inputs)).toBeLessThanOrEqual(AGENT_PIECE)
  expect(process.waiting).toBe(AGENT_INPUT_WINDOW + 10)
  agent.receive(frame(AGENT.TAKEN, id, number(AGENT_INPUT_WINDOW, 4)))
  expect(sent.slice(-2).map(({ type, payload }) => [type, payload.length])).toEqual([
    [AGENT.INPUT, 10],
    [AGENT.INPUT_END, 0],
  ])
})

test('what cannot be started says why, and can be forgotten', async () => {
  const { agent, sent } = rig()
  const starting = agent.start(start, { output: () => undefined, ended: () => undefined })
  agent.receive(frame(AGENT.FAILED, sent[0]?.id ?? 0, number(2, 4)))
  await expect(starting).rejects.toThrow(AgentRefusal)
})

test('whoever waits is told when it is gone, and so is who asks later', async () => {
  const { agent } = rig()
  const reading = agent.read('a', 0, 1)
  agent.leave(new Error('gone'))
  await expect(reading).rejects.toThrow('gone')
  await expect(agent.stat('a')).rejects.toThrow('gone')
})

test('what an agent said of its processes before it was gone is no fault', async () => {
  const { agent, id, output } = await startedProcess()
  agent.leave(new Error('gone'))
  agent.receive(frame(AGENT.STDOUT, id, 'late'))
  expect(output).toEqual([])
})

const change = (what: string, path: string) => [what, 'f', number(3, 8), `${path}\0`] as const

test('changes of a folder come one batch at a time, and end with the watch', async () => {
  const { agent, sent } = rig()
  const told: FolderChanges[] = []
  const taken: (() => void)[] = []
  const starting = agent.watch('out', true, (changes, done) => {
    told.push(changes)
    taken.push(done)
  })
  const id = sent[0]?.id ?? 0
  expect(sent[0]).toMatchObject({ type: AGENT.WATCH, payload: Buffer.from('\u0001out\0') })
  agent.receive(frame(AGENT.DONE, id))
  const stop = await starting
  agent.receive(frame(AGENT.CHANGES, id, [0], ...change('c', 'a'), ...change('m', 'b'), 'old\0'))
  expect(told).toEqual([
    {
      isBehind: false,
      changes: [
        { change: 'created', path: 'a', kind: 'file', bytes: 3 },
        { change: 'moved', path: 'b', from: 'old', kind: 'file', bytes: 3 },
      ],
    },
  ])
  taken[0]?.()
  expect(sent.at(-1)).toMatchObject({ type: AGENT.NOTED, id })
  agent.receive(frame(AGENT.CHANGES, id, [1]))
  expect(told.at(-1)).toEqual({ isBehind: true, changes: [] })
  expect(() => agent.receive(frame(AGENT.CHANGES, id, [0]))).toThrow(AgentFault)
  taken[1]?.()
  const ended = stop()
  agent.receive(frame(AGENT.DONE, id))
  await ended
  expect(() => agent.receive(frame(AGENT.CHANGES, id, [0]))).toThrow(AgentFault)
})

test('changes that make no sense are a fault', async () => {
  const { agent, sent } = rig()
  const starting = agent.watch('.', false, (_changes, taken) => taken())
  const id = sent[0]?.id ?? 0
  agent.receive(frame(AGENT.DONE, id))
  await starting
  for (const payload of [
    [],
    [[0], ...change('?', 'a')],
    [[0], 'c?', number(3, 8), 'a\0'],
    [[0], 'cf', number(3, 8), 'a'],
    [[0], ...change('m', 'a')],
    [Buffer.alloc(AGENT_WATCH_BATCH + 1)],
  ] as Buffer[][])
    expect(() => agent.receive(frame(AGENT.CHANGES, id, ...payload))).toThrow(AgentFault)
})

describe('a fault is', () => {
  test.each<[string, (id: number) => Buffer]>([
    ['to be ready twice', () => READY],
    ['an unknown type', () => frame(0x7f, 1)],
    ['a frame of too few bytes', () => Buffer.from([AGENT.DONE, 0, 0, 0, 3, 0, 0, 0, 0])],
    ['a frame of too many', () => Buffer.from([AGENT.DONE, 0xff, 0, 0, 0, 0, 0, 0, 0])],
    ['an answer to what was not asked', () => frame(AGENT.DONE, 77)],
    ['output of a process that is none', () => frame(AGENT.STDOUT, 77, 'x')],
    ['an answer in the name of a process', (id) => frame(AGENT.DONE, id)],
    ['an end that is cut short', (id) => frame(AGENT.EXIT, id, [0, 0])],
    ['more input taken than was sent', (id) => frame(AGENT.TAKEN, id, number(1, 4))],
    ['what it says of itself', () => Buffer.from([AGENT.FAULT, 0, 0, 0, 4, 0x6f, 0x68, 0x20, 0x21])],
  ])('%s', async (_what, said) => {
    const { agent, id } = await startedProcess()
    expect(() => agent.receive(said(id))).toThrow(AgentFault)
  })

  test('more output than the window', async () => {
    const { agent, id } = await startedProcess()
    const piece = frame(AGENT.STDOUT, id, Buffer.alloc(200_000))
    agent.receive(piece)
    agent.receive(piece)
    expect(3 * 200_000).toBeGreaterThan(AGENT_OUTPUT_WINDOW)
    expect(() => agent.receive(piece)).toThrow(AgentFault)
  })

  test('to speak before it is ready', () => {
    expect(() => createAgent(() => undefined).receive(frame(AGENT.DONE, 1))).toThrow(AgentFault)
  })
})
