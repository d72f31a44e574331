import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Readable } from 'node:stream'
import type { Request, Response } from 'express'
import { KIB } from '../../shared/units.ts'
import { BODY_MS, bodyProblem, checkHeaders, parseBody, tooLarge, tooSlow } from './body.ts'
import { createBulkMember, RestTooLong } from './bulk-member.ts'
import type { Arrivals } from './arrivals.ts'

export interface BulkBody {
  /** The name of the member of the outermost object that is long, in base64. */
  member: string
  /** Of the whole body, after decompression. */
  maxBytes: number
  /** What the bound follows from, in words. */
  because?: string
  arrivals: Arrivals
  /** How long it may take to arrive. */
  bodyMs?: number
}

/** What is long in a body. */
export interface Received {
  /** Its bytes, once; nobody here holds them then. */
  take: () => Buffer
  /** Gives the room back that the body has. */
  leave: () => void
}

/** Of what stands beside the long member. */
const MAX_REST_BYTES = 64 * KIB

/**
 * Reads a JSON body like `jsonBody`, of which one member is decoded while it comes: it is in memory once, as bytes. `req.body` has a short string in
 * its place.
 * @throws Problem as `jsonBody`; `too-many-open` and `unavailable` while there is no room
 */
export async function readBulkBody(
  req: Request,
  res: Response,
  { member, maxBytes, because, arrivals, bodyMs = BODY_MS }: BulkBody,
): Promise<Received> {
  checkHeaders(req, maxBytes, because)
  const isPacked = encodingOf(req) !== 'identity'
  const expected = isPacked ? maxBytes : Number(req.headers['content-length'] ?? maxBytes)
  let leave = () => {}
  try {
    leave = arrivals.enter(res.locals.caller.tenant, expected)
    const bulk = createBulkMember(member, Math.ceil((expected * 3) / 4), MAX_REST_BYTES)
    let length = 0
    await eachPiece(req, res, bodyMs, (piece) => {
      length += piece.length
      if (length > maxBytes) throw tooLarge(`more than ${maxBytes}`, maxBytes, because)
      bulk.add(piece)
    })
    req.body = parseBody(bulk.rest())
    return { take: takenOnce(bulk.bytes()), leave }
  } catch (error) {
    leave()
    req.resume()
    if (!(error instanceof RestTooLong)) throw error
    throw tooLarge(`more than ${MAX_REST_BYTES}`, MAX_REST_BYTES, `everything but /${member} is short`)
  }
}

function takenOnce(bytes: Buffer): () => Buffer {
  let held = bytes
  return () => {
    const taken = held
    held = Buffer.alloc(0)
    return taken
  }
}

const DECODERS = new Map<string, () => NodeJS.ReadWriteStream & Readable>([
  ['gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
])
const encodingOf = (req: Request): string => (req.headers['content-encoding'] ?? 'identity').toLowerCase()

/**
 * Calls back with each piece of a body as it comes, decompressed. After a fault the rest is thrown away, so that the client can read the answer, and the
 * connection ends with it.
 */
async function eachPiece(req: Request, res: Response, bodyMs: number, take: (piece: Buffer) => void): Promise<void> {
  const encoding = encodingOf(req)
  const decoder = DECODERS.get(encoding)?.()
  if (!decoder && encoding !== 'identity')
    throw bodyProblem(
      { type: 'encoding.unsupported', message: `encoding "${encoding}" is not supported` },
      0,
      undefined,
    )
  const stream: Readable = decoder ?? req
  let slow: NodeJS.Timeout | undefined
  let isOver = false
  try {
    await new Promise<void>((resolve, reject) => {
      slow = setTimeout(() => reject(tooSlow(res)), bodyMs)
      const cut = () => reject(bodyProblem({ type: 'request.aborted' }, 0, undefined) as Error)
      // Of one that went away before it is listened to, no event comes.
      if (req.destroyed) return cut()
      req.once('aborted', cut).once('error', cut)
      req.once('close', () => {
        if (!req.readableEnded) cut()
      })
      decoder?.once('error', (error: Error) => reject(bodyProblem(error, 0, undefined) as Error))
      stream.once('end', resolve)
      stream.on('data', (piece: Buffer) => {
        if (isOver) return
        try {
          take(piece)
        } catch (error) {
          reject(error as Error)
        }
      })
      if (decoder) req.pipe(decoder)
    })
  } catch (error) {
    if (!res.headersSent) res.set('Connection', 'close')
    throw error
  } finally {
    isOver = true
    clearTimeout(slow)
    if (decoder) {
      req.unpipe(decoder)
      decoder.on('error', () => {}).destroy()
      req.resume()
    }
  }
}
