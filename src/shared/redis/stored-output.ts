import { isUtf8 } from 'node:buffer'
import type { Stage, StageSummary } from '../job.ts'

/**
 * What one stage wrote, once: the bytes of both streams in the order they were written, and whose they are.
 */
export interface CapturedOutput {
  bytes: Buffer
  /** Lengths of the pieces in turn, of stdout first (0 when stderr was), each as an unsigned LEB128. */
  order: Buffer
}

/** The texts of a stage as its owner sees them. */
export type StageTexts = Pick<
  Stage,
  'stdout' | 'stderr' | 'output' | 'stdoutBase64' | 'stderrBase64' | 'outputBase64' | 'encoding'
>

/** The texts of what was written, each with its bytes where it is not all of them. */
export function textsOf({ bytes, order }: CapturedOutput): StageTexts {
  const { stdout, stderr } = partOutput({ bytes, order })
  const output = textOf(bytes)
  // Most programs write to one stream only: its text is not made twice.
  const texts = {
    stdout: stderr.length === 0 ? output : textOf(stdout),
    stderr: stdout.length === 0 ? output : textOf(stderr),
    output,
  }
  return {
    stdout: texts.stdout.text,
    stderr: texts.stderr.text,
    output: texts.output.text,
    ...(texts.stdout.base64 !== undefined && { stdoutBase64: texts.stdout.base64 }),
    ...(texts.stderr.base64 !== undefined && { stderrBase64: texts.stderr.base64 }),
    ...(texts.output.base64 !== undefined && { outputBase64: texts.output.base64 }),
    encoding: 'utf-8',
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
/** Of a stage that wrote nothing. */
export const NO_OUTPUT: CapturedOutput = { bytes: NOTHING, order: NOTHING }

/** Up to so short it does not matter how many bytes JSON takes for it. */
const SHORT_BYTES = 1024
/** Of so many control characters in a row of bytes the text in JSON is more than twice as long. */
const CONTROL_PART = 1 / 5
/** The same of escape, which terminals are spoken to with: drawings consist of it for a third and more. */
const ESCAPE_PART = 1 / 2
const ESCAPE = 0x1b

/** Bytes as they go into JSON. */
export interface OutputText {
  text: string
  /** The bytes, where `text` is not all of them. */
  base64?: string
}

/**
 * The text in a row of bytes. What is not UTF-8 in it is U+FFFD each. Of so many control characters that JSON, in which each takes
 * six bytes (`\u0000`), would be much longer than the bytes, none is in the text.
 */
export function textOf(bytes: Buffer): OutputText {
  if (isBinary(bytes)) return { text: bytes.toString().replaceAll(CONTROLS, ''), base64: bytes.toString('base64') }
  return isUtf8(bytes) ? { text: bytes.toString() } : { text: bytes.toString(), base64: bytes.toString('base64') }
}

function isBinary(bytes: Buffer): boolean {
  if (bytes.length <= SHORT_BYTES) return false
  let controls = 0
  let escapes = 0
  for (const byte of bytes) {
    if (byte === ESCAPE) escapes++
    else if (byte < 0x20 && !ESCAPED_SHORT.has(byte)) controls++
  }
  return controls > bytes.length * CONTROL_PART || escapes > bytes.length * ESCAPE_PART
}

/** Control characters that JSON writes with two bytes: backspace, tab, line feed, form feed, carriage return. */
const ESCAPED_SHORT = new Set([8, 9, 10, 12, 13])
/** The others. */
// oxlint-disable-next-line no-control-regex -- control characters are what is counted
const CONTROLS = /[\x00-\x07\x0b\x0e-\x1f]/g

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
