/**
 * The sandbox protocol as bytes: frames out, frames in, no I/O. `docs/sandbox-protocol.md` is its source; the other end
 * is `sandbox/transport.c`.
 *
 * A frame is `type (1 byte) | length (4 bytes, big endian) | payload`, the payload at most {@link MAX_PAYLOAD} bytes.
 */

import type { TerminalSize } from '../../shared/terminal-size.ts'
import {
  BEGIN,
  FRAME,
  FRAME_HEADER as HEADER,
  type FrameType,
  KILL_STAGE,
  MAX_PAYLOAD,
  NEXT_KEEP,
  STAGE,
  WRITE,
} from './protocol.ts'

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
  /** Whether nobody asks which limits it reaches: init does not look then, for which it would wake every 20 ms. */
  unobserved?: boolean
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
 * @param cell.prewarmed its first stage is the program that was prewarmed; otherwise that is discarded
 * @param cell.restore the job goes on with a copy of the folder that was kept, unless that is larger than so many bytes
 */
export function encodeBegin(cell: { bytes: number; inodes: number; prewarmed?: boolean; restore?: number }): Buffer {
  return encodeFrame(
    FRAME.BEGIN,
    encodeRecords([
      [BEGIN.BYTES, natural('bytes', cell.bytes)],
      [BEGIN.INODES, natural('inodes', cell.inodes)],
      ...(cell.prewarmed ? ([[BEGIN.PREWARMED, 1]] as const) : []),
      ...(cell.restore ? ([[BEGIN.RESTORE, natural('restore', cell.restore)]] as const) : []),
    ]),
  )
}

/** `N`: end the cell but not the job. @param keep what its folder holds now is for the cells that follow */
export function encodeNext(keep: boolean): Buffer {
  return encodeFrame(FRAME.NEXT, Uint8Array.of(keep ? NEXT_KEEP : 0))
}

/**
 * `H`: start a program ahead of its job; it waits for the file that the job will bring.
 * @param file a plain name
 * @param apart whether the CPU time it takes until its job is there is no part of the stage
 * @throws as `encodeStart`
 */
export function encodePrewarm(file: string, stage: StageStart, apart = false): Buffer {
  const own: [string, string | number][] = [
    [STAGE.PREWARM_FILE, file],
    ...(apart ? [[STAGE.PREWARM_APART, 1] as [string, number]] : []),
  ]
  return encodeFrame(FRAME.PREWARM, encodeRecords([...own, ...stageRecords(stage)]))
}

/** `H` of nothing: discard what was prewarmed, if anything was. */
export function encodeDiscard(): Buffer {
  return encodeFrame(FRAME.PREWARM)
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
    ...stage.args.map((arg) => [STAGE.ARGUMENT, arg] as const),
    ...Object.entries(stage.env).map(([name, value]) => [STAGE.ENVIRONMENT, `${name}=${value}`] as const),
    [STAGE.WALL_MS, natural('wallMs', stage.wallMs)],
    [STAGE.CPU_MS, natural('cpuMs', stage.cpuMs)],
    [STAGE.GRACE_MS, natural('graceMs', stage.graceMs)],
    [STAGE.OUTPUT_BYTES, natural('outputBytes', stage.outputBytes)],
    [STAGE.PROCESSES, natural('processes', stage.processes)],
    [STAGE.FILE_BYTES, natural('fileBytes', stage.fileBytes)],
    [STAGE.OPEN_FILES, natural('openFiles', stage.openFiles)],
    [STAGE.STACK_BYTES, natural('stackBytes', stage.stackBytes)],
    [STAGE.STDIN, stage.stdin ? 1 : 0],
    ...(stage.unobserved ? ([[STAGE.UNOBSERVED, 1]] as const) : []),
    ...terminalRecords(stage.terminal),
  ]
}

function terminalRecords(terminal: TerminalSize | undefined): (readonly [string, number])[] {
  if (!terminal) return []
  return [
    [STAGE.COLUMNS, natural('columns', terminal.columns)],
    [STAGE.ROWS, natural('rows', terminal.rows)],
  ]
}

/** `T`: the size of the stage's terminal. */
export function encodeResize({ columns, rows }: TerminalSize): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt16BE(columns)
  size.writeUInt16BE(rows, 2)
  return encodeFrame(FRAME.RESIZE, size)
}

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
    frame[HEADER] = (offset === 0 ? 0 : WRITE.APPEND) | (offset > 0 && isLast ? WRITE.LAST : 0)
    // What comes in several frames can be written to until the last.
    frame.writeUInt16BE(isLast ? mode : mode | 0o200, HEADER + 1)
    frame.set(name, HEADER + 3)
    frame[HEADER + prefix - 1] = 0
    frame.set(piece, HEADER + prefix)
    frames.push(frame)
  }
  return frames
}

/** How much of a streamed file is written at a time. */
export const WRITE_BYTES = MAX_PAYLOAD - 8 * 1024

/**
 * `W`: a piece of a file whose content comes bit by bit, at most {@link WRITE_BYTES}. The content itself is to be sent after the frame's
 * beginning, which is what is answered.
 * @param place of the piece in the file; the last gives it its mode
 */
export function encodeWritePiece(
  path: string,
  mode: number,
  length: number,
  place: { first: boolean; last: boolean },
): Buffer {
  const { first, last } = place
  const name = Buffer.from(path)
  const prefix = 3 + name.length + 1
  if (path.includes('\0')) throw new TypeError('a path holds a NUL')
  if (prefix + length > MAX_PAYLOAD) throw new RangeError(`a piece of ${length} bytes fits no frame`)
  const frame = Buffer.alloc(HEADER + prefix)
  frame[0] = FRAME.WRITE
  frame.writeUInt32BE(prefix + length, 1)
  frame[HEADER] = (first ? 0 : WRITE.APPEND) | (!first && last ? WRITE.LAST : 0)
  frame.writeUInt16BE(last ? mode : mode | 0o200, HEADER + 1)
  frame.set(name, HEADER + 3)
  return frame
}

/** `I`: bytes for standard input. The sender keeps to `INPUT_WINDOW`; longer input becomes several frames. */
export function encodeInput(bytes: Uint8Array): Buffer[] {
  const frames: Buffer[] = []
  for (let offset = 0; offset < bytes.length; offset += MAX_PAYLOAD)
    frames.push(encodeFrame(FRAME.INPUT, bytes.subarray(offset, offset + MAX_PAYLOAD)))
  return frames
}

/** `K`: 0 ends the stage (SIGTERM, grace, SIGKILL); any other number is the signal its processes get. */
export function encodeKill(signal: number = KILL_STAGE): Buffer {
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
  let header = Buffer.alloc(HEADER)
  let haveHeader = 0
  let payload: Buffer | undefined
  let havePayload = 0

  const lengthOf = () => {
    const type = header[0] ?? 0
    const length = header.readUInt32BE(1)
    if (!SENT_BY_INIT.has(type)) throw new ProtocolFault(`unknown frame type 0x${type.toString(16)}`)
    if (length > MAX_PAYLOAD) throw new ProtocolFault(`a frame of ${length} bytes exceeds ${MAX_PAYLOAD}`)
    return length
  }
  const finish = (whole: Buffer): Frame => {
    const type = header[0] as FrameType
    header = Buffer.alloc(HEADER)
    haveHeader = 0
    payload = undefined
    havePayload = 0
    return { type, payload: whole }
  }
  return {
    push(chunk) {
      const frames: Frame[] = []
      let at = 0
      while (at < chunk.length) {
        if (!payload) {
          const copied = chunk.copy(header, haveHeader, at, at + HEADER - haveHeader)
          haveHeader += copied
          at += copied
          if (haveHeader < HEADER) break
          const length = lengthOf()
          // What lies within one chunk is a view of it.
          if (chunk.length - at >= length) {
            frames.push(finish(chunk.subarray(at, at + length)))
            at += length
          } else payload = Buffer.allocUnsafe(length)
          continue
        }
        const copied = chunk.copy(payload, havePayload, at)
        havePayload += copied
        at += copied
        if (havePayload === payload.length) frames.push(finish(payload))
      }
      return frames
    },
    partial: () => haveHeader > 0,
  }
}

/** The bytes acknowledged by an `A` frame. */
export function parseAck(payload: Buffer): number {
  if (payload.length !== 4) throw new ProtocolFault(`an acknowledgement of ${payload.length} bytes`)
  return payload.readUInt32BE(0)
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
