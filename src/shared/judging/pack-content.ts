import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { ProblemContent } from './problem-store.ts'

/** A problem as JSON, packed by gzip. It is written test by test, so that it is never there as one text. */
export async function packContent(content: ProblemContent): Promise<Buffer> {
  const packed: Buffer[] = []
  await pipeline(Readable.from(piecesOf(content)), createGzip(), async (pieces) => {
    for await (const piece of pieces as AsyncIterable<Buffer>) packed.push(piece)
  })
  return Buffer.concat(packed)
}

/** Its JSON in pieces, each of one test at the most. */
export function* piecesOf({ tests, ...rest }: ProblemContent): Generator<string, void> {
  if (!tests) return yield JSON.stringify(rest)
  yield '{"tests":['
  for (const [index, test] of tests.entries()) yield `${index > 0 ? ',' : ''}${JSON.stringify(test)}`
  const others = JSON.stringify(rest).slice(1, -1)
  yield `]${others && ','}${others}}`
}
