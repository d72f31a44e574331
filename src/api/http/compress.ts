import compression from 'compression'
import type { Request, RequestHandler, Response } from 'express'
import { KIB } from '../../shared/limits.ts'

/** Shorter answers gain nothing. */
const THRESHOLD_BYTES = KIB
/** An answer that its client waits for is not compressed up to here: that would take both sides longer than sending it as it is. */
const WAITED_BYTES = 64 * KIB
/** Of gzip and of Brotli: what an answer that is made for one client is worth. */
const LEVEL = 4

/**
 * Compresses answers of text for clients that take it. Event streams stay as they are, or events would wait for others; so do
 * answers that nobody may store, since those are where secrets stand: the length of a compressed answer tells of its contents.
 */
export function compress(): RequestHandler {
  const handler = compression({ threshold: THRESHOLD_BYTES, level: LEVEL, filter: isCompressed })
  return (req, res, next) => {
    weakenTag(res)
    handler(req, res, next)
  }
}

function isCompressed(req: Request, res: Response): boolean {
  const type = String(res.getHeader('content-type') ?? '')
  // What a program left as a file is as small as it can be, as often as not.
  if (/^(?:text\/event-stream|application\/octet-stream)/.test(type)) return false
  if (/\bno-store\b/.test(String(res.getHeader('cache-control') ?? ''))) return false
  if (isWaitedFor(res)) return false
  return compression.filter(req, res)
}

/** Whether it is one by `Prefer: wait`, of a known length that is not worth compressing. */
function isWaitedFor(res: Response): boolean {
  return res.hasHeader('preference-applied') && Number(res.getHeader('content-length') ?? Infinity) <= WAITED_BYTES
}

/** A strong tag names bytes, which are others when they are compressed (RFC 9110, 8.8.1). */
function weakenTag(res: Response): void {
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response
  res.writeHead = ((...args: unknown[]) => {
    const tag = res.getHeader('etag')
    if (typeof tag === 'string' && !tag.startsWith('W/') && res.hasHeader('content-encoding'))
      res.setHeader('ETag', `W/${tag}`)
    return writeHead(...args)
  }) as Response['writeHead']
}
