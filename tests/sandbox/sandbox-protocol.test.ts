import { describe, expect, test } from '@jest/globals'
import { KIB, MIB } from '../../src/shared/limits.ts'
import { createFrameDecoder, encodeFrame, type StageStart } from '../../src/worker/sandbox/frames.ts'
import { FRAME, type FrameType, INPUT_WINDOW, MAX_PAYLOAD } from '../../src/worker/sandbox/protocol.ts'
import {
  createSandboxProtocol,
  type SandboxEvent,
  type SandboxProtocol,
  type SandboxState,
} from '../../src/worker/sandbox/sandbox-protocol.ts'
import { SandboxBroken } from '../../src/worker/sandbox/sandbox.ts'
import { SUCCESS } from '../worker/null-sandbox.ts'

const START: StageStart = {
  args: ['true'],
  env: {},
  wallMs: 1000,
  cpuMs: 1000,
  graceMs: 0,
  outputBytes: 100,
  processes: 1,
  fileBytes: MIB,
  openFiles: 16,
  stackBytes: MIB,
  stdin: false,
}
const WANTED = { globs: ['*'], maxBytes: 10, maxFiles: 1 }
const LIST = JSON.stringify({ tooLarge: 0, unreadable: 0, unusable: 0, special: 0, deep: 0, stopped: null })
const PROGRAM = { file: 'main.py', start: START, unless: ['uptime'] }

const ack = (count: number) => {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(count)
  return encodeFrame(FRAME.ACK, payload)
}
const READY = encodeFrame(FRAME.READY, '{}')
const DONE = encodeFrame(FRAME.DONE, JSON.stringify(SUCCESS))
const CLEAN = encodeFrame(FRAME.CLEAN)

/** One of each that init can say, as it is right in some state. */
const SAID: Record<string, Buffer> = {
  READY,
  STDOUT: encodeFrame(FRAME.STDOUT, 'out'),
  STDERR: encodeFrame(FRAME.STDERR, 'err'),
  ACK: ack(0),
  DONE,
  PIECE: encodeFrame(FRAME.PIECE, '\0a\0x'),
  LIST: encodeFrame(FRAME.LIST, LIST),
  CLEAN,
}

/** How a sandbox comes into each state. */
const INTO: Record<SandboxState, (protocol: SandboxProtocol) => unknown> = {
  starting: () => undefined,
  idle: (protocol) => protocol.receive(READY),
  job: (protocol) => [INTO.idle(protocol), protocol.begin(MIB)],
  stage: (protocol) => [INTO.job(protocol), protocol.run(START, new Uint8Array(), false)],
  gathering: (protocol) => [INTO.job(protocol), protocol.gather(WANTED)],
  renewing: (protocol) => [INTO.job(protocol), protocol.renew('files')],
  ending: (protocol) => [INTO.job(protocol), protocol.end()],
  gone: (protocol) => protocol.leave(),
}
const STATES = Object.keys(INTO) as SandboxState[]

/** What is right, and where it leads. */
const RIGHT: Partial<Record<SandboxState, Record<string, SandboxState>>> = {
  starting: { READY: 'idle' },
  stage: { STDOUT: 'stage', STDERR: 'stage', ACK: 'stage', DONE: 'job' },
  gathering: { PIECE: 'gathering', LIST: 'job' },
  renewing: { CLEAN: 'job' },
  ending: { CLEAN: 'idle' },
}

function inState(state: SandboxState, options: { program?: typeof PROGRAM; memoryBytes?: number } = {}) {
  const protocol = createSandboxProtocol({ name: 'test', ...options })
  INTO[state](protocol)
  expect(protocol.state).toBe(state)
  return protocol
}

const broken = (events: readonly SandboxEvent[]) => events.filter(({ type }) => type === 'broken')
/** Frames as letter and payload. */
const told = (frames: readonly Buffer[]) =>
  frames.map((frame) => `${String.fromCharCode(frame[0] ?? 0)} ${frame.subarray(5).toString('latin1')}`)
const letters = (frames: readonly Buffer[]) =>
  told(frames)
    .map((text) => text[0])
    .join('')

describe.each(STATES)('in state %s', (state) => {
  test.each(Object.keys(SAID))('what init says by %s is an event, or the end', (name) => {
    const protocol = inState(state)
    const events = protocol.receive(SAID[name] ?? Buffer.alloc(0))
    const next = RIGHT[state]?.[name]
    if (state === 'gone') expect([events, protocol.state]).toEqual([[], 'gone'])
    else if (next !== undefined) expect([broken(events), protocol.state]).toEqual([[], next])
    else {
      expect(events).toEqual([{ type: 'broken', kind: 'protocol', reason: expect.any(String), during: state }])
      expect(protocol.state).toBe('gone')
      expect(protocol.receive(READY)).toEqual([])
    }
  })

  test('init may say that it is broken', () => {
    const protocol = inState(state)
    const events = protocol.receive(Buffer.concat([encodeFrame(FRAME.FAULT, 'no memory'), READY]))
    expect(events).toEqual(
      state === 'gone' ? [] : [{ type: 'broken', kind: 'init', reason: 'no memory', during: state }],
    )
    expect(protocol.state).toBe('gone')
  })

  test.each([
    ['a type that is none', Buffer.from([0x3f, 0, 0, 0, 0])],
    ['a type that only the worker sends', encodeFrame(FRAME.BEGIN)],
    ['an oversized payload', Buffer.from([FRAME.STDOUT, 0, 4, 0, 1])],
  ])('%s is the end', (_title, bytes) => {
    const protocol = inState(state)
    expect(broken(protocol.receive(bytes)).length).toBe(state === 'gone' ? 0 : 1)
    expect(protocol.state).toBe('gone')
  })

  test('a frame that has not come whole is waited for', () => {
    const protocol = inState(state)
    expect(protocol.receive(DONE.subarray(0, 3))).toEqual([])
    expect(protocol.state).toBe(state)
  })

  test('a worker asks only for what the state allows', () => {
    const asks: [SandboxState, (protocol: SandboxProtocol) => unknown][] = [
      ['idle', (protocol) => protocol.begin(MIB)],
      ['job', (protocol) => protocol.writeFile('a', 0o644, Buffer.from('x'))],
      ['job', (protocol) => protocol.run(START, new Uint8Array(), false)],
      ['job', (protocol) => protocol.gather(WANTED)],
      ['job', (protocol) => protocol.renew('folder')],
      ['job', (protocol) => protocol.end()],
    ]
    for (const [allowed, ask] of asks) {
      const protocol = inState(state)
      if (allowed === state) expect(() => ask(protocol)).not.toThrow()
      else {
        expect(() => ask(protocol)).toThrow(SandboxBroken)
        expect(protocol.state).toBe(state)
      }
    }
  })

  test('what is asked of a stage that does not run is not sent', () => {
    const protocol = inState(state)
    const frames = [
      ...protocol.input(Buffer.from('x')),
      ...protocol.endInput(),
      ...protocol.resize({ columns: 1, rows: 1 }),
      ...protocol.signal(2),
      ...protocol.kill(),
    ]
    expect(letters(frames)).toBe(state === 'stage' ? 'TKK' : '')
  })
})

test.each<[FrameType, string]>([
  [FRAME.DONE, '{}'],
  [FRAME.DONE, '['],
  [FRAME.ACK, 'abc'],
])('a frame %i that reads %j is the end of a stage’s sandbox', (type, payload) => {
  const protocol = inState('stage')
  expect(broken(protocol.receive(encodeFrame(type, payload))).length).toBe(1)
})

test('what came before the end is told', () => {
  const events = inState('stage').receive(Buffer.concat([encodeFrame(FRAME.STDOUT, 'hi'), DONE, DONE]))
  expect(events.map(({ type }) => type)).toEqual(['output', 'report', 'broken'])
})

test('a stage cannot write more than it may, nor take more input than it was sent', () => {
  const whole = inState('stage')
  expect(broken(whole.receive(encodeFrame(FRAME.STDOUT, 'x'.repeat(100))))).toEqual([])
  expect(broken(whole.receive(encodeFrame(FRAME.STDERR, 'x'))).length).toBe(1)
  expect(broken(inState('stage').receive(ack(1))).length).toBe(1)
})

test('input is sent by the window, and its end behind it', () => {
  const protocol = inState('job')
  const input = Buffer.alloc(INPUT_WINDOW + 10, 1)
  const first = protocol.run({ ...START, stdin: true }, input, false)
  expect(letters(first)).toBe('BSI')
  expect(first.at(-1)?.length).toBe(5 + MAX_PAYLOAD)
  const [send, taken] = protocol.receive(ack(4))
  expect(send?.type === 'send' ? [letters(send.frames), send.frames[0]?.length] : send).toEqual(['I', 9])
  expect(taken).toEqual({ type: 'taken', bytes: 4 })
  const [rest] = protocol.receive(ack(INPUT_WINDOW))
  expect(rest?.type === 'send' && letters(rest.frames)).toBe('IE')
})

test('input that stays open ends when it is told to', () => {
  const protocol = inState('job')
  expect(letters(protocol.run({ ...START, stdin: true }, Buffer.from('a'), true))).toBe('BSI')
  expect(told(protocol.input(Buffer.from('b')))).toEqual(['I b'])
  expect(letters(protocol.endInput())).toBe('E')
  expect(protocol.input(Buffer.from('c'))).toEqual([])
})

test('a job is told with its first stage, its files before that', () => {
  const protocol = inState('job')
  expect(protocol.writeFile('a', 0o644, Buffer.from('x'))).toEqual([])
  expect(letters(protocol.run(START, new Uint8Array(), false))).toBe('BWS')
  protocol.receive(DONE)
  expect(letters(protocol.writeFile('b', 0o644, Buffer.from('x')))).toBe('W')
  expect(letters(protocol.run(START, new Uint8Array(), false))).toBe('S')
  protocol.receive(DONE)
  expect(letters(protocol.end())).toBe('Q')
})

test('a stage that fits no frame leaves the job as it was', () => {
  const protocol = inState('job')
  expect(() => protocol.run({ ...START, args: ['x'.repeat(MAX_PAYLOAD)] }, new Uint8Array(), false)).toThrow(RangeError)
  expect(protocol.state).toBe('job')
  expect(letters(protocol.run(START, new Uint8Array(), false))).toBe('BS')
})

test.each<[string, (protocol: SandboxProtocol) => unknown]>([
  ['a stage', (protocol) => protocol.run(START, new Uint8Array(), false)],
  ['gathering', (protocol) => protocol.gather(WANTED)],
  ['another cell', (protocol) => protocol.renew('folder')],
  ['the end', (protocol) => protocol.end()],
])('a job of which a file fits no frame is still at its beginning after %s was asked for', (_what, ask) => {
  const protocol = inState('job')
  protocol.writeFile('x'.repeat(MAX_PAYLOAD), 0o644, Buffer.from('x'))
  expect(() => ask(protocol)).toThrow(RangeError)
  expect(protocol.state).toBe('job')
  expect(protocol.kill()).toEqual([])
})

describe('a job that goes on in another cell', () => {
  test('begins again with its files, also those of before', () => {
    const protocol = inState('job')
    protocol.writeFile('a', 0o644, Buffer.from('x'))
    protocol.run(START, new Uint8Array(), false)
    protocol.receive(DONE)
    expect(told(protocol.renew('files'))).toEqual(['N \0'])
    expect(protocol.receive(CLEAN)).toEqual([{ type: 'clean' }])
    expect(letters(protocol.run(START, new Uint8Array(), false))).toBe('BWS')
  })

  test('or with its folder, which is kept once, within what is left of the memory', () => {
    const protocol = inState('job', { memoryBytes: 8 * MIB })
    for (const keep of ['\u0001', '\0']) {
      protocol.run(START, new Uint8Array(), false)
      protocol.receive(DONE)
      expect(told(protocol.renew('folder'))).toEqual([`N ${keep}`])
      protocol.receive(CLEAN)
    }
    const [begin] = told(protocol.run(START, new Uint8Array(), false))
    expect(begin).toBe(`B b${MIB}\0i1024\0r${5 * MIB}\0`)
  })
})

describe('a prewarmed program', () => {
  const fits = (protocol: SandboxProtocol, content = 'print(1)') => {
    protocol.begin(64 * KIB)
    protocol.writeFile('main.py', 0o644, Buffer.from(content))
    return told(protocol.run(START, new Uint8Array(), false))[0]
  }

  test('is started once, discarded once, and never where there is none', () => {
    const protocol = inState('idle', { program: PROGRAM })
    expect([letters(protocol.prewarm()), letters(protocol.prewarm()), protocol.prewarmed]).toEqual(['H', '', true])
    expect([letters(protocol.discardPrewarmed()), letters(protocol.discardPrewarmed())]).toEqual(['H', ''])
    expect(protocol.prewarmed).toBe(false)
    expect(inState('idle').prewarm()).toEqual([])
    for (const state of STATES.filter((one) => one !== 'idle'))
      expect(inState(state, { program: PROGRAM }).prewarm()).toEqual([])
  })

  test('is taken by a job that fits, and by no other', () => {
    const taking = inState('idle', { program: PROGRAM })
    taking.prewarm()
    expect(fits(taking)).toContain('h1')
    const other = inState('idle', { program: PROGRAM })
    other.prewarm()
    expect(fits(other, 'uptime')).not.toContain('h1')
    expect(fits(inState('idle', { program: PROGRAM }))).not.toContain('h1')
  })

  test('is not expected for the next cells of a job', () => {
    const protocol = inState('idle', { program: PROGRAM })
    protocol.prewarm()
    fits(protocol)
    protocol.receive(DONE)
    protocol.renew('files')
    protocol.receive(CLEAN)
    expect(told(protocol.run(START, new Uint8Array(), false))[0]).not.toContain('h1')
  })
})

test('whatever the chunks, the same events come', () => {
  const stream = Buffer.concat([encodeFrame(FRAME.STDOUT, 'out'), encodeFrame(FRAME.STDERR, 'err'), DONE])
  const all = inState('stage').receive(stream)
  for (let at = 0; at <= stream.length; at += 7) {
    const protocol = inState('stage')
    expect([...protocol.receive(stream.subarray(0, at)), ...protocol.receive(stream.subarray(at))]).toEqual(all)
  }
  // What the worker sends is read by the same rules, but for who may say what.
  expect(() => createFrameDecoder().push(encodeFrame(FRAME.START))).toThrow('unknown frame type')
})
