/**
 * The sandbox protocol as bytes: frames out, frames in, no I/O. `docs/sandbox-protocol.md` is its source; the other end
 * is `sandbox/init.c`.
 *
 * A frame is `type (1 byte) | length (4 bytes, big endian) | payload`, the payload at most {@link MAX_PAYLOAD} bytes.
 */

import type { TerminalSize } from '../../shared/terminal-size.ts'

/** Frame types, both directions, as their byte values. */
export const FRAME = {
  HOLD: 0x48,
  BEGIN: 0x42,
  WRITE: 0x57,
  START: 0x53,
  INPUT: 0x49,
  INPUT_END: 0x45,
  KILL: 0x4b,
  GATHER: 0x47,
  NEXT: 0x4e,
  RESIZE: 0x54,
  QUIT: 0x51,
  READY: 0x52,
  STDOUT: 0x4f,
  STDERR: 0x58,
  ACK: 0x41,
  DONE: 0x44,
  PIECE: 0x50,
  LIST: 0x4c,
  CLEAN: 0x5a,
  FAULT: 0x46,
} as const

export type FrameType = (typeof FRAME)[keyof typeof FRAME]

/** Largest payload of one frame, in bytes. */
export const MAX_PAYLOAD = 262_144

/** Most bytes of standard input that may be under way without an acknowledgement. */
export const INPUT_WINDOW = 262_144

/** Most names of system calls in one report. */
const MAX_REFUSED_CALLS = 16
const SYSTEM_CALL = /^[a-z][a-z0-9_]{0,31}$/

const HEADER = 5
const DEMUX_HEADER = 8

/** What a stage runs and within which limits. Times in ms, sizes in bytes; `processes` counts threads too. */
export interface StageStart {
  args: string[]
  env: Record<string, string>
  wallMs: number
  cpuMs: number
  graceMs: number
  outputBytes: number
  processes: number
  fileBytes: number
  openFiles: number
  stackBytes: number
  /** What its streams are, in place of pipes: standard error then comes as standard output. */
  terminal?: TerminalSize
  /** Whether standard input will follow; otherwise it is at its end. */
  stdin: boolean
}

const REASONS = ['exit', 'wall', 'cpu', 'output', 'kill', 'start'] as const

/** Limits of which the kernel tells nobody that they refused something. */
const REACHED_LIMITS = ['processes', 'fileBytes', 'openFiles'] as const
export type ReachedLimit = (typeof REACHED_LIMITS)[number]

/** How a stage ended, as init reports it. Times in microseconds, sizes in bytes. */
export interface StageReport {
  reason: (typeof REASONS)[number]
  exitCode: number | null
  signal: number | null
  wallUs: number
  cpuUs: number
  memoryPeakBytes: number
  oomKills: number
  stdoutBytes: number
  stderrBytes: number
  truncated: boolean
  error: { call: string; errno: number; message: string } | null
  /** Limits that init saw it come to, whatever that led to. */
  reached: ReachedLimit[]
  /**
   * System calls the program made that no honest program makes in a sandbox, by name, each with how often. Empty as well
   * where the kernel does not tell init of them.
   */
  refusedCalls: RefusedCall[]
}

export interface RefusedCall {
  name: string
  count: number
}

/** One frame of init. `payload` is valid for as long as it is referenced; it may share memory with the chunk it came in. */
export interface Frame {
  type: FrameType
  payload: Buffer
}

/** The other end broke the protocol: nothing after it on the stream can be trusted. */
export class ProtocolFault extends Error {
  override readonly name = 'ProtocolFault'
}

/**
 * One frame as bytes.
 * @throws RangeError when the payload is longer than {@link MAX_PAYLOAD}
 */
export function encodeFrame(type: FrameType, payload: Uint8Array | string = ''): Buffer {
  const length = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
  if (length > MAX_PAYLOAD) throw new RangeError(`a frame of ${length} bytes exceeds ${MAX_PAYLOAD}`)
  const frame = Buffer.allocUnsafe(HEADER + length)
  frame[0] = type
  frame.writeUInt32BE(length, 1)
  if (typeof payload === 'string') frame.write(payload, HEADER)
  else frame.set(payload, HEADER)
  return frame
}

/**
 * A record list: each `[field, value]` becomes the field's character, the value and a NUL.
 * @throws TypeError when a value holds a NUL, which would begin a record of the value's choosing
 */
export function encodeRecords(records: Iterable<readonly [field: string, value: string | number]>): string {
  let list = ''
  for (const [field, value] of records) {
    const text = String(value)
    if (text.includes('\0')) throw new TypeError(`record '${field}' holds a NUL`)
    list += `${field}${text}\0`
  }
  return list
}

/**
 * `B`: begin a job in a cell whose file system holds so many bytes and inodes.
 * @param cell.held its first stage is the program that is held; otherwise that goes
 * @param cell.restore the job goes on with a copy of the folder that was kept, unless that is larger than so many bytes
 */
export function encodeBegin(cell: { bytes: number; inodes: number; held?: boolean; restore?: number }): Buffer {
  return encodeFrame(
    FRAME.BEGIN,
    encodeRecords([
      ['b', natural('bytes', cell.bytes)],
      ['i', natural('inodes', cell.inodes)],
      ...(cell.held ? ([['h', 1]] as const) : []),
      ...(cell.restore ? ([['r', natural('restore', cell.restore)]] as const) : []),
    ]),
  )
}

/** `N`: end the cell but not the job. @param keep what its folder holds now is for the cells that follow */
export function encodeNext(keep: boolean): Buffer {
  return encodeFrame(FRAME.NEXT, Uint8Array.of(keep ? 1 : 0))
}

/**
 * `H`: start a program ahead of its job and hold it at its file, which the job will bring.
 * @param file a plain name
 * @throws as `encodeStart`
 */
export function encodeHold(file: string, stage: StageStart): Buffer {
  return encodeFrame(FRAME.HOLD, encodeRecords([['h', file], ...stageRecords(stage)]))
}

/** `H` of nothing: let the held program go, if there is one. */
export function encodeLetGo(): Buffer {
  return encodeFrame(FRAME.HOLD)
}

/**
 * `S`: start a stage.
 * @throws TypeError when there is no argument, a limit is no natural number, or a string holds a NUL
 * @throws RangeError when arguments and environment do not fit one frame
 */
export function encodeStart(stage: StageStart): Buffer {
  return encodeFrame(FRAME.START, encodeRecords(stageRecords(stage)))
}

function stageRecords(stage: StageStart): (readonly [string, string | number])[] {
  if (stage.args.length === 0) throw new TypeError('a stage needs at least one argument')
  return [
    ...stage.args.map((arg) => ['a', arg] as const),
    ...Object.entries(stage.env).map(([name, value]) => ['e', `${name}=${value}`] as const),
    ['w', natural('wallMs', stage.wallMs)],
    ['c', natural('cpuMs', stage.cpuMs)],
    ['g', natural('graceMs', stage.graceMs)],
    ['o', natural('outputBytes', stage.outputBytes)],
    ['p', natural('processes', stage.processes)],
    ['f', natural('fileBytes', stage.fileBytes)],
    ['n', natural('openFiles', stage.openFiles)],
    ['s', natural('stackBytes', stage.stackBytes)],
    ['i', stage.stdin ? 1 : 0],
    ...terminalRecords(stage.terminal),
  ]
}

function terminalRecords(terminal: TerminalSize | undefined): (readonly [string, number])[] {
  if (!terminal) return []
  return [
    ['x', natural('columns', terminal.columns)],
    ['y', natural('rows', terminal.rows)],
  ]
}

/** `T`: the size of the stage's terminal. */
export function encodeResize({ columns, rows }: TerminalSize): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt16BE(columns)
  size.writeUInt16BE(rows, 2)
  return encodeFrame(FRAME.RESIZE, size)
}

/** Flags of `W`. */
const WRITE_APPEND = 1
const WRITE_SETTLE = 2

/**
 * `W`: write a file of the job's folder, in as many frames as its content needs.
 * @param path relative, without `.`, `..` or empty components: init refuses those
 * @param mode permission bits, for example 0o644
 * @throws TypeError when the path holds a NUL
 */
export function encodeWriteFile(path: string, mode: number, content: Uint8Array | string): Buffer[] {
  if (path.includes('\0')) throw new TypeError('a path holds a NUL')
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const name = Buffer.from(path)
  const prefix = 3 + name.length + 1
  const room = MAX_PAYLOAD - prefix
  if (room < 1) throw new RangeError(`a path of ${name.length} bytes fits no frame`)
  const frames: Buffer[] = []
  for (let offset = 0; offset === 0 || offset < bytes.length; offset += room) {
    const piece = bytes.subarray(offset, offset + room)
    const isLast = offset + room >= bytes.length
    const frame = Buffer.allocUnsafe(HEADER + prefix + piece.length)
    frame[0] = FRAME.WRITE
    frame.writeUInt32BE(prefix + piece.length, 1)
    frame[HEADER] = (offset === 0 ? 0 : WRITE_APPEND) | (offset > 0 && isLast ? WRITE_SETTLE : 0)
    // What comes in several frames can be written to until the last.
    frame.writeUInt16BE(isLast ? mode : mode | 0o200, HEADER + 1)
    frame.set(name, HEADER + 3)
    frame[HEADER + prefix - 1] = 0
    frame.set(piece, HEADER + prefix)
    frames.push(frame)
  }
  return frames
}

/** `I`: bytes for standard input. The sender keeps to {@link INPUT_WINDOW}; longer input becomes several frames. */
export function encodeInput(bytes: Uint8Array): Buffer[] {
  const frames: Buffer[] = []
  for (let offset = 0; offset < bytes.length; offset += MAX_PAYLOAD)
    frames.push(encodeFrame(FRAME.INPUT, bytes.subarray(offset, offset + MAX_PAYLOAD)))
  return frames
}

/** `K`: 0 ends the stage (SIGTERM, grace, SIGKILL); any other number is the signal its processes get. */
export function encodeKill(signal = 0): Buffer {
  return encodeFrame(FRAME.KILL, Uint8Array.of(signal))
}

/** Puts the frames of a byte stream together again, whatever its chunks. */
export interface FrameDecoder {
  /**
   * The frames that this chunk completes. Only a payload that spans chunks is copied.
   * @throws ProtocolFault on an unknown type or an oversized payload, as soon as its header is there; the decoder is of
   * no more use then
   */
  push(chunk: Buffer): Frame[]
  /** Whether the stream stands in the middle of a frame. */
  partial(): boolean
}

const SENT_BY_INIT: ReadonlySet<number> = new Set([
  FRAME.READY,
  FRAME.STDOUT,
  FRAME.STDERR,
  FRAME.ACK,
  FRAME.DONE,
  FRAME.PIECE,
  FRAME.LIST,
  FRAME.CLEAN,
  FRAME.FAULT,
])

/** A decoder for what init sends. */
export function createFrameDecoder(): FrameDecoder {
  const parser = createParser(HEADER, (header) => {
    const type = header[0] ?? 0
    const length = header.readUInt32BE(1)
    if (!SENT_BY_INIT.has(type)) throw new ProtocolFault(`unknown frame type 0x${type.toString(16)}`)
    if (length > MAX_PAYLOAD) throw new ProtocolFault(`a frame of ${length} bytes exceeds ${MAX_PAYLOAD}`)
    return length
  })
  return {
    push(chunk) {
      const frames: Frame[] = []
      parser.push(chunk, (header, payload) => frames.push({ type: header[0] as FrameType, payload }))
      return frames
    },
    partial: () => parser.partial(),
  }
}

/** Takes the multiplexed stream of an attach without a terminal apart. */
export interface DockerDemux {
  /**
   * The pieces of standard output and standard error in this chunk, in order, without waiting for whole blocks.
   * @throws ProtocolFault on a header that is none
   */
  push(chunk: Buffer): { stdout: Buffer[]; stderr: Buffer[] }
}

/**
 * A demultiplexer for the attach stream of Docker and podman: blocks of `stream (0, 1 or 2), three zero bytes, length
 * (4 bytes, big endian), bytes`. Streams 0 and 1 are standard output. A block may be of any length and is passed on as
 * it comes.
 */
export function createDockerDemux(): DockerDemux {
  const header = Buffer.alloc(DEMUX_HEADER)
  let have = 0
  let left = 0
  return {
    push(chunk) {
      const out = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
      let at = 0
      while (at < chunk.length) {
        if (left === 0) {
          const copied = chunk.copy(header, have, at, at + DEMUX_HEADER - have)
          have += copied
          at += copied
          if (have < DEMUX_HEADER) break
          if (header.readUInt32BE(0) % 0x1000000 !== 0 || header.readUInt8(0) > 2)
            throw new ProtocolFault(`not an attach stream: header ${header.toString('hex')}`)
          have = 0
          left = header.readUInt32BE(4)
          continue
        }
        const piece = chunk.subarray(at, at + left)
        at += piece.length
        left -= piece.length
        if (header[0] === 2) out.stderr.push(piece)
        else out.stdout.push(piece)
      }
      return out
    },
  }
}

/**
 * The report in a `D` frame.
 * @throws ProtocolFault when it is not one
 */
export function parseReport(payload: Uint8Array): StageReport {
  const report = parseObject(payload)
  const { reason, error } = report
  if (!REASONS.some((known) => known === reason)) throw new ProtocolFault(`unknown reason in report: ${String(reason)}`)
  return {
    reason: reason as StageReport['reason'],
    exitCode: report['exitCode'] === null ? null : count(report, 'exitCode'),
    signal: report['signal'] === null ? null : count(report, 'signal'),
    wallUs: count(report, 'wallUs'),
    cpuUs: count(report, 'cpuUs'),
    memoryPeakBytes: count(report, 'memoryPeakBytes'),
    oomKills: count(report, 'oomKills'),
    stdoutBytes: count(report, 'stdoutBytes'),
    stderrBytes: count(report, 'stderrBytes'),
    truncated: report['truncated'] === true,
    error: error === null ? null : parseError(error),
    reached: parseReached(report['reached']),
    refusedCalls: parseRefusedCalls(report['refusedCalls']),
  }
}

/** The bytes acknowledged by an `A` frame. */
export function parseAck(payload: Buffer): number {
  if (payload.length !== 4) throw new ProtocolFault(`an acknowledgement of ${payload.length} bytes`)
  return payload.readUInt32BE(0)
}

function parseError(value: unknown): { call: string; errno: number; message: string } {
  if (typeof value !== 'object' || value === null) throw new ProtocolFault('the error in a report is no object')
  const error = value as Record<string, unknown>
  return { call: String(error['call']), errno: count(error, 'errno'), message: String(error['message']) }
}

function parseReached(value: unknown): ReachedLimit[] {
  if (!Array.isArray(value)) throw new ProtocolFault('the limits reached are no list')
  return REACHED_LIMITS.filter((name) => value.includes(name))
}

function parseRefusedCalls(value: unknown): RefusedCall[] {
  if (!Array.isArray(value) || value.length > MAX_REFUSED_CALLS)
    throw new ProtocolFault('refused calls are no short list')
  return value.map((entry: unknown) => {
    const { name, count: times } = Object(entry) as Record<string, unknown>
    if (typeof name !== 'string' || !SYSTEM_CALL.test(name)) throw new ProtocolFault('a refused call has no name')
    return { name, count: count({ times }, 'times') }
  })
}

/** @throws ProtocolFault */
export function parseObject(payload: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString())
  } catch (cause) {
    throw new ProtocolFault('a report is no JSON', { cause })
  }
  if (typeof value !== 'object' || value === null) throw new ProtocolFault('a report is no object')
  return value as Record<string, unknown>
}

/** @throws ProtocolFault when it is no natural number */
export function count(from: Record<string, unknown>, name: string): number {
  const value = from[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new ProtocolFault(`'${name}' is no natural number`)
  return value
}

/** @throws TypeError when it is none */
export function natural(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${name} must be a natural number, not ${value}`)
  return value
}

/** Cuts a stream into header and payload; a payload that lies within one chunk is a view of it. */
function createParser(headerBytes: number, lengthOf: (header: Buffer) => number) {
  let header = Buffer.alloc(headerBytes)
  let haveHeader = 0
  let payload: Buffer | undefined
  let havePayload = 0

  return {
    partial: () => haveHeader > 0,
    push(chunk: Buffer, emit: (header: Buffer, payload: Buffer) => void): void {
      let at = 0
      const finish = (whole: Buffer) => {
        const complete = header
        header = Buffer.alloc(headerBytes)
        haveHeader = 0
        payload = undefined
        havePayload = 0
        emit(complete, whole)
      }
      while (at < chunk.length) {
        if (haveHeader < headerBytes) {
          const copied = chunk.copy(header, haveHeader, at, at + headerBytes - haveHeader)
          haveHeader += copied
          at += copied
          if (haveHeader < headerBytes) return
          const length = lengthOf(header)
          if (chunk.length - at >= length) {
            finish(chunk.subarray(at, at + length))
            at += length
          } else payload = Buffer.allocUnsafe(length)
          continue
        }
        const target = payload as Buffer
        const copied = chunk.copy(target, havePayload, at)
        havePayload += copied
        at += copied
        if (havePayload === target.length) finish(target)
      }
    },
  }
}
