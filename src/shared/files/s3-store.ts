import { createHash } from 'node:crypto'
import { text as textFrom } from 'node:stream/consumers'
import { AwsV4Signer } from 'aws4fetch'
import type { S3Settings } from '../config/s3-settings.ts'
import { MIB, MINUTE, SECOND } from '../limits.ts'
import { createAgent } from '../outgoing/agent.ts'
import { type Answer, discard, request } from '../outgoing/request.ts'
import { retry } from '../retry.ts'
import { checkObjectName, type FileStore, ObjectMissing, StoreFull, StoreUnavailable } from './file-store.ts'

/** The least that S3 takes as a part of an object, but for the last. A put holds one part. */
const PART_BYTES = 5 * MIB
/** Puts that hold a part at one time; others wait, and who sends to them. */
const MAX_PUTS = 6
const PAUSES_MS = [0.2 * SECOND, SECOND, 3 * SECOND]
const CONNECT_MS = 10 * SECOND
/** Without a byte. */
const STALL_MS = MINUTE

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

interface Call {
  /** Of an object; absent: the bucket itself. */
  key?: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: Buffer
}

/** What the server answered, where that was no success. */
class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, what: string) {
    super(`${what}: ${status} ${code}`)
    this.status = status
    this.code = code
  }
}

/**
 * A file store in a bucket of any server that speaks S3, for gateways and workers of many machines. Requests are signed (Signature
 * Version 4), bodies too. An object of more than one part is uploaded in parts, each of which can be sent again, and is there when the
 * last of them is.
 * @param prefix of all keys, so that installations can share a bucket
 */
export function createS3Store(settings: S3Settings, prefix: string): FileStore {
  const { endpoint, bucket, region, accessKeyId, secretAccessKey } = settings
  const agent = createAgent({ connectTimeoutMs: CONNECT_MS, keepAlive: true })
  const root = `${endpoint.replace(/\/+$/, '')}/${encodeURIComponent(bucket)}`
  const slots = createSlots(MAX_PUTS)
  const keyOf = (name: string) => {
    checkObjectName(name)
    return `${prefix}/${name}`
  }

  const once = async (method: Method, { key, query = {}, headers = {}, body }: Call) => {
    const url = new URL(key === undefined ? root : `${root}/${key}`)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const digest = createHash('sha256')
      .update(body ?? '')
      .digest('hex')
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...headers, 'x-amz-content-sha256': digest },
      accessKeyId,
      secretAccessKey,
      region,
      service: 's3',
    })
    const signed = await signer.sign()
    const answer = await request(signed.url, {
      method,
      headers: Object.fromEntries(signed.headers as Headers),
      agent,
      stallMs: STALL_MS,
      ...(body && { body }),
    })
    if (answer.status < 300) return answer
    const text = await textFrom(answer.body)
    const what = `${method} ${key ?? bucket} at ${endpoint}`
    throw new S3Error(answer.status, textOf(text, 'Code') ?? 'no code', what)
  }

  const call = (method: Method, request: Call): Promise<Answer> =>
    retry(() => once(method, request), { pauseMs: (tries) => PAUSES_MS[tries - 1], when: mayPass }).catch(
      (error: unknown) => {
        if (error instanceof S3Error && error.status === 404) throw error
        const Told = isFull(error) ? StoreFull : StoreUnavailable
        throw new Told((error as Error).message, { cause: error })
      },
    )
  const text = async (method: Method, request: Call) => textFrom((await call(method, request)).body)
  const run = async (method: Method, request: Call) => discard((await call(method, request)).body)

  /** Pages of a list of the bucket. @param next names of what goes on: in the answer, and in the next request */
  async function* pages(query: Record<string, string>, next: Readonly<Record<string, string>>) {
    for (let more: Record<string, string> | undefined = {}; more;) {
      const page: string = await text('GET', { query: { ...query, ...more } })
      yield page
      const found = Object.entries(next).map(([tag, parameter]) => [parameter, textOf(page, tag) ?? ''] as const)
      more = textOf(page, 'IsTruncated') === 'true' ? Object.fromEntries(found) : undefined
    }
  }

  const unfinished = async (key: string): Promise<void> => {
    const markers = { NextKeyMarker: 'key-marker', NextUploadIdMarker: 'upload-id-marker' }
    for await (const page of pages({ uploads: '', prefix: key }, markers)) {
      for (const upload of all(page, 'Upload')) {
        const uploadId = textOf(upload, 'UploadId')
        if (uploadId !== undefined) await ignoreMissing(run('DELETE', { key, query: { uploadId } }))
      }
    }
  }

  const putParts = async (key: string, parts: AsyncGenerator<Buffer>, first: Buffer): Promise<void> => {
    const uploadId = textOf(await text('POST', { key, query: { uploads: '' } }), 'UploadId')
    if (uploadId === undefined) throw new Error(`${endpoint} began no upload of ${key}`)
    try {
      const tags: string[] = []
      for (let part: Buffer | undefined = first; part; part = (await parts.next()).value as Buffer | undefined) {
        const query = { partNumber: String(tags.length + 1), uploadId }
        const answer = await call('PUT', { key, query, body: part })
        discard(answer.body)
        tags.push(String(answer.headers['etag']))
      }
      const list = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`)
      const body = Buffer.from(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`)
      const done = await text('POST', { key, query: { uploadId }, body })
      // A failure may come with 200: the answer begins before the work is done.
      if (done.includes('<Error>')) throw new S3Error(500, textOf(done, 'Code') ?? 'no code', `completing ${key}`)
    } catch (error) {
      await run('DELETE', { key, query: { uploadId } }).catch(() => undefined)
      throw error
    }
  }

  return {
    place: `${endpoint}/${bucket}/${prefix}`,
    async put(name, content) {
      const key = keyOf(name)
      await slots.run(async () => {
        const parts = inParts(content)
        try {
          const first = ((await parts.next()).value as Buffer | undefined) ?? Buffer.alloc(0)
          if (first.length < PART_BYTES) await run('PUT', { key, body: first })
          else await putParts(key, parts, first)
        } finally {
          await parts.return(undefined)
        }
      })
    },
    async open(name, range) {
      const headers = range && { range: `bytes=${range.start}-${range.end}` }
      const answer = await call('GET', { key: keyOf(name), ...(headers && { headers }) }).catch((error: unknown) => {
        if (error instanceof S3Error && error.status === 404) throw new ObjectMissing(error.message)
        throw error
      })
      return answer.body
    },
    async remove(name) {
      const key = keyOf(name)
      await ignoreMissing(run('DELETE', { key }))
      await unfinished(key)
    },
    async *names() {
      const query = { 'list-type': '2', prefix: `${prefix}/` }
      for await (const page of pages(query, { NextContinuationToken: 'continuation-token' })) {
        for (const entry of all(page, 'Contents')) yield described(entry, 'LastModified', prefix)
      }
      const markers = { NextKeyMarker: 'key-marker', NextUploadIdMarker: 'upload-id-marker' }
      for await (const page of pages({ uploads: '', prefix: `${prefix}/` }, markers)) {
        for (const entry of all(page, 'Upload')) yield described(entry, 'Initiated', prefix)
      }
    },
    close: () => agent.close(),
  }
}

/** Content in pieces of a part's size, the last of what is left. A piece is valid until the next is asked for. */
async function* inParts(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, undefined> {
  const part = Buffer.allocUnsafeSlow(PART_BYTES)
  let filled = 0
  for await (const piece of content) {
    for (let at = 0; at < piece.length;) {
      const taken = Math.min(piece.length - at, PART_BYTES - filled)
      part.set(piece.subarray(at, at + taken), filled)
      filled += taken
      at += taken
      if (filled < PART_BYTES) continue
      yield part
      filled = 0
    }
  }
  if (filled > 0) yield part.subarray(0, filled)
  return undefined
}

/** Whether the same request may succeed later. */
const mayPass = (error: unknown): boolean =>
  error instanceof S3Error ? (error.status >= 500 && !isFull(error)) || error.status === 429 : true

/** In the words of the servers that have an end. */
const FULL = new Set(['InsufficientStorage', 'XMinioStorageFull', 'QuotaExceeded', 'QuotaExceededException'])
const isFull = (error: unknown): boolean => error instanceof S3Error && (error.status === 507 || FULL.has(error.code))

async function ignoreMissing(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof S3Error) || error.status !== 404) throw error
  })
}

function described(entry: string, time: string, prefix: string): { name: string; changedMs: number } {
  const name = (textOf(entry, 'Key') ?? '').slice(prefix.length + 1)
  const changedMs = Date.parse(textOf(entry, time) ?? '')
  return { name, changedMs: Number.isNaN(changedMs) ? Date.now() : changedMs }
}

/** Of the answers of S3, which are XML without attributes where it matters: the text of the first element of this name. */
function textOf(xml: string, tag: string): string | undefined {
  const found = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1]
  return found?.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

/** What stands in each element of this name. */
const all = (xml: string, tag: string): string[] =>
  [...xml.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(([, inner = '']) => inner)

function createSlots(count: number): { run<T>(task: () => Promise<T>): Promise<T> } {
  let free = count
  const waiting: (() => void)[] = []
  return {
    async run(task) {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await task()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else free++
      }
    },
  }
}
