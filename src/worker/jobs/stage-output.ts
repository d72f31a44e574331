import type { CapturedOutput } from '../../shared/redis/stored-output.ts'
import type { OutputStream } from '../sandbox/sandbox.ts'
import { createCharacterSplitter } from './output-text.ts'

/** Gathers what one stage writes; how much that can be is limited at its source. */
export interface StageOutput {
  /** @returns the part of it that ends between two characters, for whoever shows it at once */
  push(stream: OutputStream, bytes: Buffer): Buffer
  /**
   * The end of both streams.
   * @param truncated whether a limit cut them: half a character at the end is dropped then
   * @returns the incomplete characters of each
   */
  end(truncated: boolean): Record<OutputStream, Buffer>
  captured(): CapturedOutput
}

/** What the kernel gives out at a time, mostly. */
const FIRST_BYTES = 64 * 1024

export function createStageOutput(): StageOutput {
  const splitters = { stdout: createCharacterSplitter(), stderr: createCharacterSplitter() }
  // Grown by doubling: a program may write byte by byte, and a piece of its own for each would cost a hundred times as much.
  const bytes = createGrowing()
  const order = createGrowing()
  let current: OutputStream = 'stdout'
  let length = 0

  const endPiece = () => {
    const varint: number[] = []
    let rest = length
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) varint.push((rest % 128) | 0x80)
    order.add([...varint, rest])
    length = 0
  }
  const keep = (stream: OutputStream, piece: Buffer) => {
    if (piece.length === 0) return piece
    if (stream !== current) {
      endPiece()
      current = stream
    }
    length += piece.length
    bytes.add(piece)
    return piece
  }
  return {
    push: (stream, piece) => keep(stream, splitters[stream].push(piece)),
    end(truncated) {
      const rest = { stdout: splitters.stdout.end(), stderr: splitters.stderr.end() }
      if (truncated) return { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
      return { stdout: keep('stdout', rest.stdout), stderr: keep('stderr', rest.stderr) }
    },
    captured() {
      if (length > 0) endPiece()
      return { bytes: bytes.all(), order: order.all() }
    },
  }
}

/** Bytes that become more. */
function createGrowing(): { add: (piece: Uint8Array | number[]) => void; all: () => Buffer } {
  let buffer = Buffer.alloc(0)
  let used = 0
  return {
    add(piece) {
      if (used + piece.length > buffer.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, used + piece.length, FIRST_BYTES))
        buffer.copy(larger, 0, 0, used)
        buffer = larger
      }
      buffer.set(piece, used)
      used += piece.length
    },
    all: () => buffer.subarray(0, used),
  }
}
