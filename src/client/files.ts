import type { StoredFile } from './api-types.ts'
import { type CallOptions, type Http, type HttpContent, unreachable, withTimeout } from './http.ts'

/** What is uploaded. A stream is sent as it comes, and only once; everything else is sent again after a fault. */
export type FileContent = HttpContent

export interface PutOptions extends CallOptions {
  /** For people; of a `File` its own name when absent. */
  name?: string | undefined
  /** e.g. `text/csv`; of a `Blob` its own type when absent. */
  contentType?: string | undefined
  /** How long to keep it; as long as the service keeps files when absent. */
  ttlSeconds?: number | undefined
  /** The same key with the same file is one file, for 24 hours. Each call makes one of its own when it is absent. */
  idempotencyKey?: string | undefined
}

export interface ReadOptions extends CallOptions {
  /** The first byte, from 0. */
  start?: number | undefined
  /** The last byte, which is read too; the last of the file when absent. */
  end?: number | undefined
}

/** Files that are stored once and used in any number of jobs, and those that jobs made. */
export interface Files {
  /** Uploads a file. Name it in a job by its id: `files: [{ path: 'data.csv', id }]`. */
  put(content: FileContent, options?: PutOptions): Promise<StoredFile>
  /** What is known of a file. */
  get(id: string, options?: CallOptions): Promise<StoredFile>
  /** Your files, newest first, read page by page as they are asked for. */
  list(options?: CallOptions): AsyncGenerator<StoredFile, void, void>
  /** The content of a file, or a part of it. */
  read(id: string, options?: ReadOptions): Promise<Uint8Array>
  /** The same piece by piece, as it comes. */
  stream(id: string, options?: ReadOptions): AsyncGenerator<Uint8Array, void, void>
  /** Deletes a file. Jobs that were submitted with it still get it. */
  remove(id: string, options?: CallOptions): Promise<void>
}

const PAGE = 100
/** As long as anybody's upload should take. */
export const UPLOAD_MS = 3_600_000
/** Without a byte. */
const SILENCE_MS = 60_000

/** @param newIdempotencyKey makes one for each upload */
export function createFiles(http: Http, newIdempotencyKey: () => string): Files {
  const at = (id: string) => `/v1/files/${encodeURIComponent(id)}`
  return {
    async put(content, { name, contentType, ttlSeconds, idempotencyKey = newIdempotencyKey(), ...call } = {}) {
      const query = new URLSearchParams()
      const called = name ?? nameOf(content)
      if (called !== undefined) query.set('name', called)
      if (ttlSeconds !== undefined) query.set('ttlSeconds', String(ttlSeconds))
      const type = contentType ?? (content instanceof Blob && content.type !== '' ? content.type : undefined)
      const headers = { 'idempotency-key': idempotencyKey, 'content-type': type ?? 'application/octet-stream' }
      const once = content instanceof ReadableStream ? { retries: 0 } : {}
      const request = { ...call, ...once, method: 'POST' as const, headers, content, waitsMs: UPLOAD_MS }
      const words = query.toString()
      return http.json<StoredFile>(`/v1/files${words && `?${words}`}`, request)
    },
    get: (id, call) => http.json<StoredFile>(at(id), call),
    async *list(call = {}) {
      for (let cursor: string | null = ''; cursor !== null;) {
        const query = new URLSearchParams({ limit: String(PAGE), ...(cursor !== '' && { cursor }) })
        const page: { files: StoredFile[]; next: string | null } = await http.json(
          `/v1/files?${query.toString()}`,
          call,
        )
        yield* page.files
        cursor = page.next
      }
    },
    read: (id, { start, end, ...call } = {}) =>
      http.bytes(`${at(id)}/content`, { ...call, headers: rangeOf(start, end) }),
    async *stream(id, { start, end, ...call } = {}) {
      const answer = await http.open(`${at(id)}/content`, { ...call, headers: rangeOf(start, end) })
      yield* piecesOf(http.url, answer, call.signal)
    },
    remove: (id, call) => http.json<void>(at(id), { ...call, method: 'DELETE' }),
  }
}

/** The header for a part of a content. */
export const rangeOf = (start = 0, end?: number): Record<string, string> =>
  start > 0 || end !== undefined ? { range: `bytes=${start}-${end ?? ''}` } : {}

/** The body of an answer as it comes. @throws RunyardError when it is cut */
export async function* piecesOf(
  url: string,
  { body }: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  if (!body) return
  const reader = body.getReader()
  const limit = withTimeout(signal, SILENCE_MS)
  const onAbort = () => void reader.cancel(limit.signal.reason).catch(() => undefined)
  limit.signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw unreachable(url, cause)
      })
      signal?.throwIfAborted()
      if (limit.signal.aborted) throw unreachable(url, limit.signal.reason)
      if (done) return
      limit.restart()
      yield value
    }
  } finally {
    limit.clear()
    limit.signal.removeEventListener('abort', onAbort)
    await reader.cancel().catch(() => undefined)
  }
}

/** A `File` of a browser has a name. */
const nameOf = (content: FileContent): string | undefined =>
  content instanceof Blob && 'name' in content && typeof content.name === 'string' ? content.name : undefined
