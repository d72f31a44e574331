import { isUtf8 } from 'node:buffer'
import express, { type Request, type RequestHandler, type Response } from 'express'
import { SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { invalidRequest } from './problems.ts'
import { jsonFaults } from './json-faults.ts'

/** Of a body of JSON. The server itself leaves more, for files. */
export const BODY_MS = 300 * SECOND

export interface BodyOptions {
  /** How long it may take to arrive. */
  bodyMs?: number
  /** What the bound follows from, in words. */
  because?: string
}

/**
 * Reads a JSON body of at most so many bytes, after decompression. It is read as UTF-8 and nothing else: one text is looked at and
 * parsed, whatever a header says of it.
 * Errors go on as Problem: `unsupported-media-type`, `too-large`, `invalid-json`, `invalid-request`, `request-timeout`.
 */
export function jsonBody(maxBytes: number, { bodyMs = BODY_MS, because }: BodyOptions = {}): RequestHandler {
  const read = express.raw({ limit: maxBytes, type: () => true })
  return (req, res, next) => {
    checkHeaders(req, maxBytes, because)
    let isLate = false
    const slow = setTimeout(() => {
      isLate = true
      next(tooSlow(res))
    }, bodyMs)
    read(req, res, (error: unknown) => {
      clearTimeout(slow)
      if (isLate) return
      if (error !== undefined) {
        // What is still on its way is thrown away, so that a client in the middle of sending can come to read the answer; the
        // connection ends with it.
        req.resume()
        res.set('Connection', 'close')
        return next(bodyProblem(error, maxBytes, because))
      }
      // This is called by a stream: what is thrown here would end the process.
      try {
        req.body = parseBody(req.body as unknown)
      } catch (fault) {
        return next(fault)
      }
      next()
    })
  }
}

/** Whether a request says that it brings nothing. */
const isEmpty = ({ headers }: Request): boolean =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0

/**
 * Looks at what a request says of its body, before any of it is read. One without a body needs no type.
 * @throws Problem `unsupported-media-type`, `too-large`
 */
export function checkHeaders(req: Request, maxBytes: number, because?: string): void {
  if (isEmpty(req)) return
  if (!req.is('application/json')) {
    const type = req.headers['content-type']
    const detail = `the content type is ${type === undefined ? 'missing' : `"${type}"`}; it must be application/json`
    throw new Problem('unsupported-media-type', detail)
  }
  const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(req.headers['content-type'] ?? '')?.[1]
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') {
    throw new Problem('unsupported-media-type', `the body's charset is "${charset}"; it must be utf-8`)
  }
  const announced = Number(req.headers['content-length'] ?? 0)
  if (announced > maxBytes) {
    // Answered before it has come. What comes of it is thrown away, and the connection is good for another request: ended now, it
    // would take the answer from a client that is still sending.
    req.resume()
    throw tooLarge(announced, maxBytes, because)
  }
}

/** The problem of a body that took too long to arrive, after which the connection ends. */
export function tooSlow(res: Response): Problem {
  res.set('Connection', 'close')
  return new Problem('request-timeout', 'the request took too long to arrive; send it again')
}

/** The value of a body of JSON, an empty object for an empty one. @throws Problem `invalid-json`, `invalid-request` */
export function parseBody(bytes: unknown): unknown {
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) return {}
  if (!isUtf8(bytes)) throw new Problem('invalid-json', 'the body is not UTF-8')
  const text = new TextDecoder().decode(bytes)
  const faults = jsonFaults(text)
  if (faults.length > 0) throw invalidRequest(faults)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Problem('invalid-json', `the body is not JSON: ${error instanceof Error ? error.message : ''}`)
  }
}

/**
 * The problem of a body that is too large.
 * @param bytes that it has, in words where that is not known
 * @param because what the bound follows from, in words
 */
export function tooLarge(bytes: number | string, maxBytes: number, because: string | undefined): Problem {
  const detail = `has ${bytes} bytes; ${maxBytes} are allowed${because === undefined ? '' : `, since ${because}`}`
  return new Problem('too-large', `the body ${detail}`, { errors: [{ pointer: '', detail }] })
}

/** What body-parser calls its errors, in the words of this service. */
export function bodyProblem(error: unknown, maxBytes: number, because: string | undefined): unknown {
  const { type, message } = error as { type?: string; message?: string }
  switch (type) {
    case 'entity.too.large':
      return tooLarge(`more than ${maxBytes}`, maxBytes, because)
    case 'encoding.unsupported':
      return new Problem('unsupported-media-type', `the body's ${message ?? 'encoding is not supported'}`)
    case 'request.aborted':
    case 'request.size.invalid':
      return new Problem('invalid-json', 'the body ended before its announced length')
    default:
      // What zlib says of a broken compressed body.
      return new Problem('invalid-json', 'the body cannot be decompressed', { cause: error })
  }
}
