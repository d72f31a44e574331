import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import express, { type RequestHandler } from 'express'
import { Problem } from '../../shared/problems.ts'
import { invalidRequest } from './invalid-request.ts'
import { jsonFaults } from './json-faults.ts'

/**
 * Reads a JSON body of at most so many bytes, after decompression.
 * Errors go on as Problem: `unsupported-media-type`, `too-large`, `invalid-json`, `invalid-request`.
 */
export function jsonBody(maxBytes: number): RequestHandler {
  const texts = new WeakMap<IncomingMessage, Buffer>()
  const read = express.json({
    limit: maxBytes,
    verify: (req, _res, bytes) => {
      if (!isUtf8(bytes)) throw new Error('the body is not UTF-8')
      texts.set(req, bytes)
    },
  })
  return (req, res, next) => {
    if (!req.is('application/json')) {
      const type = req.headers['content-type']
      const detail = `the content type is ${type === undefined ? 'missing' : `"${type}"`}; it must be application/json`
      return next(new Problem('unsupported-media-type', detail))
    }
    const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(req.headers['content-type'] ?? '')?.[1]
    if (charset !== undefined && charset.toLowerCase() !== 'utf-8') {
      return next(new Problem('unsupported-media-type', `the body's charset is "${charset}"; it must be utf-8`))
    }
    read(req, res, (error: unknown) => {
      if (error === undefined) {
        const faults = jsonFaults(texts.get(req)?.toString() ?? '')
        return faults.length === 0 ? next() : next(invalidRequest(faults))
      }
      // What is still on its way is thrown away, so that a client in the middle of sending can come to read the answer; the
      // connection ends with it.
      req.resume()
      res.set('Connection', 'close')
      next(bodyProblem(error, maxBytes))
    })
  }
}

/** What body-parser calls its errors, in the words of this service. */
function bodyProblem(error: unknown, maxBytes: number): unknown {
  const { type, message } = error as { type?: string; message?: string }
  switch (type) {
    case 'entity.too.large':
      return new Problem('too-large', `the body has more than ${maxBytes} bytes`)
    case 'entity.parse.failed':
      return new Problem('invalid-json', `the body is not JSON: ${message ?? ''}`)
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new Problem('unsupported-media-type', `the body's ${message ?? 'encoding is not supported'}`)
    case 'entity.verify.failed':
      return new Problem('invalid-json', message ?? 'the body is not UTF-8')
    case 'request.aborted':
    case 'request.size.invalid':
      return new Problem('invalid-json', 'the body ended before its announced length')
    default:
      // What zlib says of a broken compressed body.
      return new Problem('invalid-json', 'the body cannot be decompressed', { cause: error })
  }
}
