import { once } from 'node:events'
import { posix } from 'node:path'
import { createGunzip } from 'node:zlib'
import { type Request, type Response, Router } from 'express'
import { Problem } from '../../../shared/problems.ts'
import { FILE_PIECE_BYTES } from '../../../shared/sessions/operations.ts'
import { invalidRequest } from '../../http/problems.ts'
import { sessionOf } from '../../sessions/needs.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { sandboxOf } from './interpreter.ts'
import { boundaryOf, readForm } from './multipart.ts'
import { pathIn } from './sandbox-paths.ts'

type Call = E2bNeeds['sessions']['calls']['call']

interface Written {
  path: string
  name: string
  type: 'file'
}

/** Downloads and uploads of a sandbox, as bytes. */
export function fileRoutes({ sessions }: E2bNeeds): Router {
  const { calls, open } = sessions
  const router = Router()
  const at = (res: Response) => sessionOf(res, sandboxOf(res).id)
  const asked = (req: Request, name: string) => (typeof req.query[name] === 'string' ? req.query[name] : '')

  router.get('/files', async (req, res) => {
    const path = pathIn(checkPath(asked(req, 'path')), '/path')
    const read = (offset: number) => calls.call(at(res), 'readFile', { path, offset, most: FILE_PIECE_BYTES })
    let piece = await read(0)
    const signal = open.watch(res)
    res.set({
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': 'attachment',
      'Cache-Control': 'no-store',
      'Last-Modified': new Date(piece.value.modifiedAt).toUTCString(),
      'Content-Security-Policy': "sandbox; default-src 'none'",
    })
    if (piece.bytes.length === piece.value.bytes) res.set('Content-Length', String(piece.bytes.length))
    if (req.method === 'HEAD') return void res.end()
    for (let offset = 0; piece.bytes.length > 0 && !signal.aborted; piece = await read(offset)) {
      offset += piece.bytes.length
      if (!res.write(piece.bytes)) await once(res, 'drain', { signal })
      if (offset >= piece.value.bytes && piece.value.bytes > 0) break
    }
    res.end()
  })

  router.post('/files', async (req, res) => {
    const call: Call = (...all) => calls.call(...all)
    try {
      res.json(await receive(req, asked(req, 'path'), (path) => createWriter(call, at(res), path)))
    } catch (error) {
      // What is still on its way is thrown away, so that the client can come to read the answer; the connection ends with it.
      req.resume()
      if (!res.headersSent) res.set('Connection', 'close')
      throw error
    }
  })
  return router
}

function checkPath(path: string): string {
  if (path === '') throw invalidRequest([{ pointer: '/path', detail: 'is missing' }])
  return path
}

/** Takes the files of a request. @param path of its only file; empty: each part of a form names its own */
async function receive(req: Request, path: string, writerOf: (path: string) => Writer): Promise<Written[]> {
  const encoding = req.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new Problem('unsupported-media-type', `the content encoding is "${encoding}"; it may be gzip`)
  }
  // Left early, the request would be destroyed, and its answer with it.
  const plain = req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  const source = encoding === 'gzip' ? unpacked(req) : plain
  const written: Written[] = []
  const done = (of: string) => written.push({ path: of, name: posix.basename(of), type: 'file' })
  const boundary = boundaryOf(req.get('content-type') ?? '')
  if (boundary === undefined) {
    const whole = pathIn(checkPath(path), '/path')
    const writer = writerOf(whole)
    for await (const bytes of source) await writer.write(bytes)
    await writer.end()
    done(whole)
    return written
  }
  let current: { writer: Writer; path: string } | undefined
  for await (const event of readForm(source, boundary)) {
    if (event.type === 'part') {
      if (event.name !== 'file') continue
      const whole = pathIn(checkPath(path === '' ? (event.fileName ?? '') : path), '/path')
      current = { writer: writerOf(whole), path: whole }
    } else if (event.type === 'data') await current?.writer.write(event.bytes)
    else if (current) {
      await current.writer.end()
      done(current.path)
      current = undefined
    }
  }
  if (written.length === 0)
    throw invalidRequest([{ pointer: '/file', detail: 'is missing: the form has no part of this name' }])
  return written
}

async function* unpacked(req: Request): AsyncGenerator<Buffer> {
  const gunzip = createGunzip()
  req.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const bytes of req.pipe(gunzip)) yield bytes as Buffer
  } catch (cause) {
    if (cause instanceof Problem) throw cause
    throw new Problem('invalid-header', 'the body cannot be decompressed', { cause })
  } finally {
    req.unpipe(gunzip)
  }
}

interface Writer {
  write: (bytes: Buffer) => Promise<void>
  /** Makes the file if nothing was written. */
  end: () => Promise<void>
}

function createWriter(call: Call, session: { id: string; tenant: string }, path: string): Writer {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let offset = 0
  let begun = false
  const send = async () => {
    const bytes = Buffer.concat(waiting)
    await call(session, 'writeFile', { path, offset, begin: !begun, mode: null }, { bytes })
    begun = true
    offset += bytes.length
    waiting = []
    waitingBytes = 0
  }
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length;) {
        const piece = bytes.subarray(at, at + FILE_PIECE_BYTES - waitingBytes)
        waiting.push(piece)
        waitingBytes += piece.length
        at += piece.length
        if (waitingBytes >= FILE_PIECE_BYTES) await send()
      }
    },
    async end() {
      if (waitingBytes > 0 || !begun) await send()
    },
  }
}
