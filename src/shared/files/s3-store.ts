import type { S3Settings } from '../config/s3-settings.ts'
import { MIB } from '../limits.ts'
import { discard } from '../outgoing/request.ts'
import { checkObjectName, type FileStore, ObjectMissing, StoreUnavailable } from './file-store.ts'
import { createS3Requests, S3Error, S3_TIMES, textOf } from './s3-requests.ts'

/** The least that S3 takes as a part of an object, but for the last. A put holds one part. */
const PART_BYTES = 5 * MIB
/** Puts that hold a part at one time; others wait, and who sends to them. */
const MAX_PUTS = 6

/**
 * A file store in a bucket of any server that speaks S3, for gateways and workers of many machines. Requests are signed (Signature
 * Version 4), bodies too. An object of more than one part is uploaded in parts, each of which can be sent again, and is there when the
 * last of them is.
 * @param prefix of all keys, so that installations can share a bucket
 */
export function createS3Store(settings: S3Settings, prefix: string, times = S3_TIMES): FileStore {
  const { endpoint, bucket } = settings
  const { call, text, run, close } = createS3Requests(settings, times)
  const slots = createSlots(MAX_PUTS)
  const keyOf = (name: string) => {
    checkObjectName(name)
    return `${prefix}/${name}`
  }

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
        tags.push(
          await call('PUT', { key, query, body: part }, ({ headers, body }) => {
            discard(body)
            return String(headers['etag'])
          }),
        )
      }
      const list = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`)
      const body = Buffer.from(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`)
      const done = await text('POST', { key, query: { uploadId }, body, stallMs: times.completeMs })
      // A failure may come with 200: the answer begins before the work is done.
      if (!done.includes('<Error>')) return
      const cause = new S3Error(500, textOf(done, 'Code') ?? 'no code', `completing ${key}`)
      throw new StoreUnavailable(cause.message, { cause })
    } catch (error) {
      // What is left goes with `remove`.
      if (!isSilence(error)) await run('DELETE', { key, query: { uploadId } }).catch(() => undefined)
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
        } catch (error) {
          // Whoever waits would find the same, each after its turn.
          if (isSilence(error)) slots.refuseWaiting(error)
          throw error
        } finally {
          await parts.return(undefined)
        }
      })
    },
    async open(name, range) {
      const headers = range && { range: `bytes=${range.start}-${range.end}` }
      const request = { key: keyOf(name), ...(headers && { headers }) }
      return call('GET', request, ({ body }) => body).catch((error: unknown) => {
        if (error instanceof S3Error && error.status === 404) throw new ObjectMissing(error.message)
        throw error
      })
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
    close,
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

/** Whether the server gave no answer at all. */
const isSilence = (error: unknown): error is StoreUnavailable =>
  error instanceof StoreUnavailable && !(error.cause instanceof S3Error)

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

/** What stands in each element of this name. */
const all = (xml: string, tag: string): string[] =>
  [...xml.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(([, inner = '']) => inner)

function createSlots(count: number) {
  let free = count
  let waiting: { go: () => void; refuse: (error: Error) => void }[] = []
  return {
    async run<T>(task: () => Promise<T>): Promise<T> {
      if (free > 0) free--
      else await new Promise<void>((go, refuse) => waiting.push({ go, refuse }))
      try {
        return await task()
      } finally {
        const next = waiting.shift()
        if (next) next.go()
        else free++
      }
    },
    refuseWaiting(error: Error): void {
      for (const { refuse } of waiting) refuse(error)
      waiting = []
    },
  }
}
