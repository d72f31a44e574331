import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { KIB } from '../units.ts'
import type { ProblemContent } from './problem-store.ts'

/**
 * A problem as JSON, packed by gzip. It is written and read test by test, so that it is never there as one text: each test has a line, and there are no other
 * line breaks in it.
 */
export const packContent = async (content: ProblemContent): Promise<Buffer> =>
  Buffer.concat(await gzipped(piecesOf(content)))

/** Packs these pieces by gzip; each is asked for when the one before is packed. */
export async function gzipped(pieces: Iterable<string | Buffer>): Promise<Buffer[]> {
  const packed: Buffer[] = []
  // More than one would be held ahead, and a piece may be a whole test.
  const source = Readable.from(pieces, { highWaterMark: 1 })
  await pipeline(source, createGzip({ chunkSize: CHUNK_BYTES }), async (found) => {
    for await (const piece of found as AsyncIterable<Buffer>) packed.push(piece)
  })
  return packed
}

const CHUNK_BYTES = 64 * KIB
const BEGIN = '{"tests":['

/** Its JSON in pieces, each of one test at the most. */
export function* piecesOf({ tests, ...rest }: ProblemContent): Generator<string, void> {
  if (!tests) return yield JSON.stringify(rest)
  yield BEGIN
  for (const [index, test] of tests.entries()) yield `${index > 0 ? ',' : ''}\n${JSON.stringify(test)}`
  const others = JSON.stringify(rest).slice(1, -1)
  yield `\n]${others && ','}${others}}`
}

/**
 * Reads what `packContent` has packed; JSON in one line is read, too.
 * @returns the problem, and how many characters its JSON has
 * @throws Error when it is something else, or cut
 */
export async function unpackContent(packed: Buffer): Promise<{ problem: ProblemContent; length: number }> {
  const tests: NonNullable<ProblemContent['tests']> = []
  let [first, last, length] = ['', '', 0]
  for await (const line of linesOf(packed)) {
    if (length === 0) first = line
    else if (line.startsWith('{')) tests.push(JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line))
    else last = line
    length += line.length + 1
  }
  if (first !== BEGIN) return { problem: JSON.parse(first) as ProblemContent, length }
  const rest = JSON.parse(`{${last.replace(/^\],?/, '')}`) as ProblemContent
  return { problem: { tests, ...rest }, length }
}

const LINE_FEED = 0x0a

async function* linesOf(packed: Buffer): AsyncGenerator<string, void> {
  const unpacking = createGunzip({ chunkSize: CHUNK_BYTES })
  unpacking.end(packed)
  let parts: Buffer[] = []
  for await (const piece of unpacking as AsyncIterable<Buffer>) {
    let from = 0
    for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, from)) {
      yield Buffer.concat([...parts, piece.subarray(from, at)]).toString()
      parts = []
      from = at + 1
    }
    parts.push(piece.subarray(from))
  }
  yield Buffer.concat(parts).toString()
}
