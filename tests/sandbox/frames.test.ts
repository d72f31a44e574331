import {
  createFrameDecoder,
  encodeBegin,
  encodeFrame,
  encodePrewarm,
  encodeInput,
  encodeKill,
  encodeDiscard,
  encodeRecords,
  encodeStart,
  encodeWriteFile,
  encodeWritePiece,
  type Frame,
  parseAck,
  ProtocolFault,
  type StageStart,
} from '../../src/worker/sandbox/frames.ts'
import { FRAME, MAX_PAYLOAD } from '../../src/worker/sandbox/protocol.ts'
import { parseReport } from '../../src/worker/sandbox/stage-report.ts'

const STAGE: StageStart = {
  args: ['cat', '-'],
  env: { PATH: '/bin', EMPTY: '' },
  wallMs: 1,
  cpuMs: 2,
  graceMs: 0,
  outputBytes: 4,
  processes: 5,
  fileBytes: 6,
  openFiles: 7,
  stackBytes: 8,
  stdin: true,
}

const REPORT = {
  reason: 'exit',
  exitCode: 0,
  signal: null,
  wallUs: 10,
  cpuUs: 9,
  instructions: 12,
  memoryPeakBytes: 4096,
  oomKills: 0,
  stdoutBytes: 3,
  stderrBytes: 0,
  truncated: false,
  error: null,
  reached: ['processes', 'openFiles'],
  refusedCalls: [{ name: 'umount2', count: 4_294_967_295 }],
}

const plain = (frames: Frame[]) => frames.map(({ type, payload }) => [type, payload.toString('latin1')])
const reportBytes = (changes: object = {}) => Buffer.from(JSON.stringify({ ...REPORT, ...changes }))

describe('frames', () => {
  const sent: [(typeof FRAME)['READY' | 'STDOUT' | 'ACK' | 'CLEAN'], string][] = [
    [FRAME.READY, '{"protocol":1}'],
    [FRAME.STDOUT, 'O\0\0\0\u0001Z'],
    [FRAME.STDOUT, ''],
    [FRAME.ACK, '\0\0\0\u0007'],
    [FRAME.CLEAN, ''],
  ]
  const stream = Buffer.concat(sent.map(([type, payload]) => encodeFrame(type, payload)))

  test('are type, length and payload', () => {
    expect(encodeFrame(FRAME.INPUT, 'ab')).toEqual(Buffer.from('I\0\0\0\u0002ab'))
    expect(encodeFrame(FRAME.QUIT)).toEqual(Buffer.from('Q\0\0\0\0'))
    expect(encodeFrame(FRAME.INPUT, 'ä').readUInt32BE(1)).toBe(2)
  })

  test('come out as they went in', () => {
    const decoder = createFrameDecoder()
    expect(plain(decoder.push(stream))).toEqual(sent)
    expect(decoder.partial()).toBe(false)
  })

  test('come out the same wherever the stream is split', () => {
    for (let at = 0; at <= stream.length; at++) {
      const decoder = createFrameDecoder()
      const frames = [...decoder.push(stream.subarray(0, at)), ...decoder.push(stream.subarray(at))]
      expect(plain(frames)).toEqual(sent)
    }
  })

  test('come out the same byte by byte', () => {
    const decoder = createFrameDecoder()
    expect(plain([...stream].flatMap((byte) => decoder.push(Buffer.of(byte))))).toEqual(sent)
  })

  test('a stream that stops within a frame is known to', () => {
    const decoder = createFrameDecoder()
    const inside: boolean[] = []
    for (const byte of encodeFrame(FRAME.STDOUT, 'ab')) {
      decoder.push(Buffer.of(byte))
      inside.push(decoder.partial())
    }
    expect(inside).toEqual([true, true, true, true, true, true, false])
  })

  test('a whole payload is the chunk, not a copy', () => {
    const chunk = encodeFrame(FRAME.STDOUT, 'abc')
    const [frame] = createFrameDecoder().push(chunk)
    expect(frame?.payload.buffer).toBe(chunk.buffer)
  })

  test('the largest payload passes, one byte more is refused by its header alone', () => {
    const largest = encodeFrame(FRAME.STDOUT, Buffer.alloc(MAX_PAYLOAD, 1))
    expect(createFrameDecoder().push(largest)[0]?.payload.length).toBe(MAX_PAYLOAD)
    expect(() => encodeFrame(FRAME.STDOUT, Buffer.alloc(MAX_PAYLOAD + 1))).toThrow(RangeError)
    const header = Buffer.from([FRAME.STDOUT, 0, 4, 0, 1])
    expect(() => createFrameDecoder().push(header)).toThrow(ProtocolFault)
  })

  test.each([0, 0x3f, FRAME.BEGIN, FRAME.WRITE, FRAME.QUIT, 0xff])('type %i is none of init', (type) => {
    expect(() => createFrameDecoder().push(Buffer.from([type, 0, 0, 0, 0]))).toThrow(ProtocolFault)
  })
})

describe('what a worker sends', () => {
  const payload = (frame: Buffer | undefined) => frame?.subarray(5).toString('latin1')

  test('begins a job with bytes and inodes', () => {
    expect(encodeBegin({ bytes: 65536, inodes: 10 }).toString()).toBe('B\0\0\0\u000bb65536\0i10\0')
  })

  test('begins the job of a prewarmed program', () => {
    expect(payload(encodeBegin({ bytes: 1, inodes: 2, prewarmed: true }))).toBe('b1\0i2\0h1\0')
    expect(payload(encodeBegin({ bytes: 1, inodes: 2, prewarmed: false }))).toBe('b1\0i2\0')
  })

  test('prewarms a program with every field of a stage, and discards it', () => {
    const frame = encodePrewarm('main.py', STAGE)
    expect(frame[0]).toBe(FRAME.PREWARM)
    expect(payload(frame)).toBe(`hmain.py\0${payload(encodeStart(STAGE))}`)
    expect(payload(encodePrewarm('main.py', STAGE, true))).toBe(`hmain.py\0u1\0${payload(encodeStart(STAGE))}`)
    expect(encodeDiscard().toString()).toBe('H\0\0\0\0')
    expect(() => encodePrewarm('a\0h', STAGE)).toThrow(TypeError)
  })

  test('starts a stage with every field', () => {
    expect(payload(encodeStart(STAGE))).toBe(
      ['acat', 'a-', 'ePATH=/bin', 'eEMPTY=', 'w1', 'c2', 'g0', 'o4', 'p5', 'f6', 'n7', 's8', 'i1', ''].join('\0'),
    )
  })

  test('says of a stage when nobody asks which limits it reaches', () => {
    const records = payload(encodeStart(STAGE))
    expect(payload(encodeStart({ ...STAGE, unobserved: true }))).toBe(`${records}q1\0`)
    expect(payload(encodeStart({ ...STAGE, unobserved: false }))).toBe(records)
  })

  test.each([
    { args: [] },
    { args: ['a\0b'] },
    { env: { A: 'x\0w9' } },
    { wallMs: -1 },
    { wallMs: 1.5 },
    { wallMs: Number.NaN },
    { cpuMs: Number.POSITIVE_INFINITY },
    { stackBytes: 2 ** 53 },
  ])('does not start a stage with %j', (changes) => {
    expect(() => encodeStart({ ...STAGE, ...changes })).toThrow(TypeError)
  })

  test('does not start a stage that fits no frame', () => {
    expect(() => encodeStart({ ...STAGE, args: ['x'.repeat(MAX_PAYLOAD)] })).toThrow(RangeError)
  })

  test('a record cannot smuggle in another', () => {
    expect(
      encodeRecords([
        ['a', ''],
        ['b', 7],
      ]),
    ).toBe('a\0b7\0')
    expect(() => encodeRecords([['a', 'x\0b7']])).toThrow(TypeError)
  })

  test('writes an empty file with one frame', () => {
    const frames = encodeWriteFile('a/b', 0o640, '')
    expect(frames.map(payload)).toEqual(['\0\u0001\u00a0a/b\0'])
  })

  test('writes a large file with frames that append', () => {
    const content = Buffer.alloc(2 * MAX_PAYLOAD, 'abcdefg')
    const frames = encodeWriteFile('big', 0o644, content)
    expect(frames.map((frame) => frame[5])).toEqual([0, 1, 3])
    for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(5 + MAX_PAYLOAD)
    const prefix = 5 + 3 + 'big'.length + 1
    expect(Buffer.concat(frames.map((frame) => frame.subarray(prefix))).equals(content)).toBe(true)
  })

  test('lets a large file be written to until its last frame gives it its mode', () => {
    const frames = encodeWriteFile('big', 0o444, Buffer.alloc(2 * MAX_PAYLOAD))
    expect(frames.map((frame) => frame.readUInt16BE(6).toString(8))).toEqual(['644', '644', '444'])
    expect(encodeWriteFile('small', 0o444, 'x').map((frame) => frame.readUInt16BE(6).toString(8))).toEqual(['444'])
  })

  test('writes a file that comes bit by bit as one that is there', () => {
    const content = Buffer.alloc(3 * 1000, 'abcdefg')
    const pieces = [0, 1000, 2000].map((at) => content.subarray(at, at + 1000))
    const frames = pieces.map((piece, i) => {
      const begin = encodeWritePiece('big', 0o444, piece.length, { first: i === 0, last: i === 2 })
      return Buffer.concat([begin, piece])
    })
    expect(frames.map((frame) => [frame[5], frame.readUInt32BE(1), frame.readUInt16BE(6).toString(8)])).toEqual([
      [0, 1007, '644'],
      [1, 1007, '644'],
      [3, 1007, '444'],
    ])
    const only = encodeWritePiece('big', 0o444, 1, { first: true, last: true })
    expect(Buffer.concat([only, Buffer.from('x')])).toEqual(encodeWriteFile('big', 0o444, 'x')[0])
    expect(() => encodeWritePiece('a\0b', 0o644, 1, { first: true, last: true })).toThrow(TypeError)
    expect(() => encodeWritePiece('a', 0o644, MAX_PAYLOAD, { first: true, last: true })).toThrow(RangeError)
  })

  test('does not write to a path with a NUL or without room for content', () => {
    expect(() => encodeWriteFile('a\0b', 0o644, '')).toThrow(TypeError)
    expect(() => encodeWriteFile('a'.repeat(MAX_PAYLOAD), 0o644, '')).toThrow(RangeError)
  })

  test('splits input that fits no frame', () => {
    expect(encodeInput(Buffer.alloc(0))).toEqual([])
    expect(encodeInput(Buffer.alloc(MAX_PAYLOAD + 1)).map((frame) => frame.length - 5)).toEqual([MAX_PAYLOAD, 1])
  })

  test('ends a stage, or signals it', () => {
    expect([...encodeKill()]).toEqual([FRAME.KILL, 0, 0, 0, 1, 0])
    expect([...encodeKill(2)]).toEqual([FRAME.KILL, 0, 0, 0, 1, 2])
  })
})

describe('a report', () => {
  test('is read whole', () => {
    expect(parseReport(reportBytes())).toEqual(REPORT)
    const error = { call: 'execve', errno: 2, message: 'No such file or directory' }
    expect(parseReport(reportBytes({ instructions: null })).instructions).toBeNull()
    expect(parseReport(reportBytes({ reason: 'start', exitCode: null, error })).error).toEqual(error)
  })

  test.each([
    { reason: 'bored' },
    { reason: 7 },
    { exitCode: -1 },
    { exitCode: '0' },
    { signal: 1.5 },
    { wallUs: undefined },
    { cpuUs: null },
    { instructions: undefined },
    { instructions: -1 },
    { stdoutBytes: 2 ** 60 },
    { error: 'no' },
    { error: { call: 'open' } },
    { error: undefined },
    { reached: undefined },
    { reached: 'processes' },
    { refusedCalls: undefined },
    { refusedCalls: {} },
    { refusedCalls: Array.from({ length: 17 }, () => ({ name: 'mount', count: 1 })) },
    { refusedCalls: ['mount'] },
    { refusedCalls: [null] },
    { refusedCalls: [{ count: 1 }] },
    { refusedCalls: [{ name: 'mount' }] },
    { refusedCalls: [{ name: 'mount', count: -1 }] },
    { refusedCalls: [{ name: 'a\nb', count: 1 }] },
  ])('with %j is refused', (changes) => {
    expect(() => parseReport(reportBytes(changes))).toThrow(ProtocolFault)
  })

  test.each(['', '{', '[', 'null', '7', '"D"'])('that reads %j is refused', (text) => {
    expect(() => parseReport(Buffer.from(text))).toThrow(ProtocolFault)
  })

  test('may lie within a larger chunk', () => {
    const chunk = Buffer.concat([Buffer.from('xx'), reportBytes(), Buffer.from('yy')])
    expect(parseReport(chunk.subarray(2, -2))).toEqual(REPORT)
  })

  test('an acknowledgement is four bytes', () => {
    expect(parseAck(Buffer.from([0, 1, 0, 2]))).toBe(65538)
    expect(() => parseAck(Buffer.from([0, 1, 0]))).toThrow(ProtocolFault)
  })
})
