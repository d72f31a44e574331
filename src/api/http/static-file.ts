import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip as gzipWithCallback } from 'node:zlib'
import type { RequestHandler } from 'express'
import { knows } from './entity-tag.ts'

const gzip = promisify(gzipWithCallback)

export interface StaticFile {
  /** The `Content-Type`. */
  type: string
  content: Buffer
}

interface Prepared extends StaticFile {
  tag: string
  compressed: Buffer
}

/**
 * Serves something that never changes while the process lives: compressed, and 304 to a client that has it. It is asked about
 * each time, so that nobody sees a file of an older version.
 * @param read is called once, when the file is first asked for; again after it failed
 */
export function serveStatic(read: () => StaticFile | Promise<StaticFile>): RequestHandler {
  let prepared: Promise<Prepared> | undefined
  const prepare = async (): Promise<Prepared> => {
    const file = await read()
    const tag = `"${createHash('sha256').update(file.content).digest('base64url').slice(0, 22)}"`
    return { ...file, tag, compressed: await gzip(file.content, { level: 9 }) }
  }
  return async (req, res) => {
    prepared ??= prepare()
    const { type, content, tag, compressed } = await prepared.catch((error: unknown) => {
      prepared = undefined
      throw error
    })
    res.set({ ETag: `W/${tag}`, 'Cache-Control': 'no-cache', Vary: 'Accept-Encoding' })
    if (knows(req.get('if-none-match'), tag)) return void res.status(304).end()
    const isCompressed = req.acceptsEncodings('gzip', 'identity') === 'gzip'
    if (isCompressed) res.set('Content-Encoding', 'gzip')
    res.set('Content-Type', type).send(isCompressed ? compressed : content)
  }
}
