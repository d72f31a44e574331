import type { Request, Response } from 'express'
import Type from 'typebox'
import { type FileStore, ObjectMissing } from '../../shared/files/file-store.ts'
import { MINUTE } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { knows } from '../http/entity-tag.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import type { Answer } from '../http/route.ts'
import { byteRange } from './byte-range.ts'

export interface ContentNeeds {
  store: FileStore
  open: OpenResponses
}

/** What lies in the file store, and how a response names it. */
export interface SentContent {
  blob: string
  bytes: number
  /** Browsers save it under this name. */
  name: string
  /** A strong tag, in quotes. */
  tag: string
}

/** A client that reads nothing for so long is gone. */
const STALL_MS = MINUTE

const file = Type.Unsafe<Uint8Array>({ description: 'the bytes as they were stored' })
const binary = { type: 'application/octet-stream', schema: file } as const

/** What can be answered with a content. */
export const CONTENT_ANSWERS = {
  200: { description: 'The file.', ...binary, headers: ['ETag', 'Content-Disposition', 'Accept-Ranges'] },
  206: {
    description: 'The part of the file that `Range` names.',
    ...binary,
    headers: ['ETag', 'Content-Disposition', 'Accept-Ranges', 'Content-Range'],
  },
  304: { description: 'Your copy is current.', headers: ['ETag'] },
} as const satisfies Record<number, Answer>

/** What a stranger wrote: nothing a browser would show or run on this origin. */
export function downloadHeaders(name: string, tag: string): Record<string, string> {
  return {
    ETag: tag,
    'Cache-Control': 'private, no-cache',
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename*=UTF-8''${encodeName(name)}`,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'",
  }
}

/**
 * Streams a content of the file store, or the part of it that is asked for.
 * @throws Problem `range-not-satisfiable`, `too-many-open`, `unavailable` when the store does not answer
 */
export async function sendContent(
  { store, open }: ContentNeeds,
  { blob, bytes, name, tag }: SentContent,
  req: Request,
  res: Response,
): Promise<void> {
  if (knows(req.get('if-none-match'), tag)) {
    res.set({ ETag: tag, 'Cache-Control': 'private, no-cache' })
    return void res.status(304).end()
  }
  const ifRange = req.get('if-range')
  const isWanted = req.method === 'GET' && (ifRange === undefined || ifRange === tag)
  const range = isWanted ? byteRange(req.get('range'), bytes) : undefined
  if (range === 'beyond') {
    throw new Problem('range-not-satisfiable', `${req.get('range')} is beyond the file, which has ${bytes} bytes`, {
      headers: { 'Content-Range': `bytes */${bytes}` },
    })
  }
  const headers = { ...downloadHeaders(name, tag), 'Accept-Ranges': 'bytes' }
  const length = String(range ? range.end - range.start + 1 : bytes)
  const begin = () => {
    res.set({ ...headers, 'Content-Length': length })
    if (range) res.status(206).set('Content-Range', `bytes ${range.start}-${range.end}/${bytes}`)
  }
  if (req.method === 'HEAD' || bytes === 0) {
    begin()
    return void res.end()
  }
  const signal = open.admit(res)
  const content = await store.open(blob, range).catch((error: unknown) => {
    throw error instanceof ObjectMissing ? error : storeAway(error)
  })
  begin()
  await pass(content, res, signal)
}

/** Whoever reads learns of an end that comes too early by the length that was announced. */
async function pass(content: AsyncIterable<Uint8Array>, res: Response, signal: AbortSignal): Promise<void> {
  try {
    for await (const piece of content) {
      if (signal.aborted || res.destroyed) return void res.destroy()
      if (!res.write(piece)) await drained(res)
    }
    res.end()
  } catch {
    res.destroy()
  }
}

/** Until the client has taken what was written, or is given up. Never rejects: look at `res.destroyed` then. */
export function drained(res: Response): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(stall)
      res.off('drain', done).off('close', done)
      resolve()
    }
    const stall = setTimeout(() => res.destroy(), STALL_MS)
    res.once('drain', done).once('close', done)
    if (res.destroyed) done()
  })
}

/** The file store does not answer. */
export function storeAway(cause: unknown): Problem {
  return new Problem('unavailable', 'the file store does not answer; try again shortly', {
    headers: { 'Retry-After': '2' },
    cause,
  })
}

/** As RFC 8187 has it: of what `encodeURIComponent` leaves, these four are no `attr-char`. */
function encodeName(name: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(name).replaceAll(/['()*]/g, hex)
}
