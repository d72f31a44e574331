import { isUtf8 } from 'node:buffer'
import type { Encoding, Stage, StageSummary } from '../job.ts'

/**
 * What one stage wrote, once: the bytes of both streams in the order they were written, and whose they are.
 */
export interface CapturedOutput {
  bytes: Buffer
  /** Lengths of the pieces in turn, of stdout first (0 when stderr was), each as an unsigned LEB128. */
  order: Buffer
}

/** The texts of a stage as its owner sees them. */
export type StageTexts = Pick<Stage, 'stdout' | 'stderr' | 'output' | 'encoding'>

/**
 * The texts of what was written. One encoding for all of them: base64 as soon as one is not UTF-8, or full of control
 * characters, which take six bytes each in JSON.
 */
export function textsOf({ bytes, order }: CapturedOutput): StageTexts {
  const { stdout, stderr } = partOutput({ bytes, order })
  const encoding = [stdout, stderr, bytes].every((part) => encodingOf(part) === 'utf-8') ? 'utf-8' : 'base64'
  const text = (part: Buffer) => part.toString(encoding === 'utf-8' ? 'utf8' : 'base64')
  const output = text(bytes)
  // Most programs write to one stream only: its text is not made twice.
  return {
    stdout: stderr.length === 0 ? output : text(stdout),
    stderr: stdout.length === 0 ? output : text(stderr),
    output,
    encoding,
  }
}

/** Both streams apart. */
export function partOutput({ bytes, order }: CapturedOutput): { stdout: Buffer; stderr: Buffer } {
  const parts: [Buffer[], Buffer[]] = [[], []]
  let at = 0
  let turn = 0
  let length = 0
  let shift = 1
  for (const byte of order) {
    length += (byte & 0x7f) * shift
    shift *= 128
    if (byte & 0x80) continue
    parts[turn % 2]?.push(bytes.subarray(at, at + length))
    at += length
    turn++
    length = 0
    shift = 1
  }
  const [stdout, stderr] = parts.map((pieces) => (pieces.length === 1 ? (pieces[0] ?? NOTHING) : Buffer.concat(pieces)))
  return { stdout: stdout ?? NOTHING, stderr: stderr ?? NOTHING }
}

const NOTHING = Buffer.alloc(0)

/** Up to so short it does not matter how many bytes JSON takes for it. */
const SHORT_BYTES = 1024
/** Of so many control characters in a row of bytes the text in JSON is more than twice as long. */
const CONTROL_PART = 1 / 5

/**
 * How these bytes go into JSON: as text when they are UTF-8, unless so many of them are control characters (six bytes each, as
 * `\u0000`) that base64 is the shorter.
 */
export function encodingOf(bytes: Buffer): Encoding {
  if (!isUtf8(bytes)) return 'base64'
  if (bytes.length <= SHORT_BYTES) return 'utf-8'
  let controls = 0
  for (const byte of bytes) if (byte < 0x20 && !ESCAPED_SHORT.has(byte)) controls++
  return controls > bytes.length * CONTROL_PART ? 'base64' : 'utf-8'
}

/** Control characters that JSON writes with two bytes: backspace, tab, line feed, form feed, carriage return. */
const ESCAPED_SHORT = new Set([8, 9, 10, 12, 13])

/**
 * The outputs of all stages as they are stored: one value of bytes, and one of where each begins. Both are empty when nothing
 * was written.
 */
export function packOutputs(outputs: readonly CapturedOutput[]): { output: Buffer; layout: string } {
  if (outputs.every(({ bytes }) => bytes.length === 0)) return { output: NOTHING, layout: '' }
  return {
    output: Buffer.concat(outputs.flatMap(({ bytes, order }) => [bytes, order])),
    layout: JSON.stringify(outputs.map(({ bytes, order }) => [bytes.length, order.length])),
  }
}

/** The stages with their texts. @param stages in the order of the outputs that were packed */
export function withTexts(stages: readonly StageSummary[], output: Buffer, layout: string): Stage[] {
  const lengths = layout === '' ? [] : (JSON.parse(layout) as [number, number][])
  let at = 0
  return stages.map((stage, index) => {
    const [bytes, order] = lengths[index] ?? [0, 0]
    const captured = {
      bytes: output.subarray(at, at + bytes),
      order: output.subarray(at + bytes, at + bytes + order),
    }
    at += bytes + order
    return { ...stage, ...textsOf(captured) }
  })
}
