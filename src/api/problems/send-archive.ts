import type { Response } from 'express'
import { drained } from '../files/send-content.ts'

/**
 * Answers `{name, archive}`, the archive in base64. It is written piece by piece, as fast as the client takes it, and never there as one text.
 * @param pieces of the archive; each is given up when it is sent
 */
export async function sendArchive(res: Response, name: string, pieces: Buffer[]): Promise<void> {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
  const begin = `{"name":${JSON.stringify(name)},"archive":"`
  const end = '"}'
  res.set({
    'Cache-Control': 'no-store',
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(begin) + Math.ceil(bytes / 3) * 4 + end.length),
  })
  if (res.req.method === 'HEAD') return void res.end()
  res.write(begin)
  for (const text of base64Of(pieces)) {
    if (res.destroyed) return
    if (!res.write(text, 'latin1')) await drained(res)
  }
  res.end(end)
}

/** The base64 of all together. Pieces of it are of whole groups of three bytes. */
function* base64Of(pieces: Buffer[]): Generator<string, void> {
  let left: Buffer = Buffer.alloc(0)
  for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
    const bytes = left.length > 0 ? Buffer.concat([left, piece]) : piece
    const whole = bytes.length - (bytes.length % 3)
    yield bytes.toString('base64', 0, whole)
    left = bytes.subarray(whole)
  }
  yield left.toString('base64')
}
