import type { FileEntry } from './api-types.ts'
import { type FileContent, piecesOf, rangeOf, type ReadOptions, UPLOAD_MS } from './files.ts'
import type { CallOptions, Http } from './http.ts'

/** Files of a session. Paths are relative to its working folder. */
export interface SessionFiles {
  /** What is in a folder; in the working folder when no path is given. */
  list(path?: string, options?: CallOptions): Promise<FileEntry[]>
  /** The content of a file, or a part of it. */
  read(path: string, options?: ReadOptions): Promise<Uint8Array>
  /** The same as text in UTF-8. */
  readText(path: string, options?: CallOptions): Promise<string>
  /** The same piece by piece, as it comes. */
  stream(path: string, options?: ReadOptions): AsyncGenerator<Uint8Array, void, void>
  /** Makes a file with its folders, or writes it anew. @param options.mode permissions in octal, e.g. `0755` */
  write(
    path: string,
    content: FileContent,
    options?: CallOptions & { mode?: string | undefined },
  ): Promise<{ path: string; bytes: number }>
  /** Moves or renames. */
  move(from: string, to: string, options?: CallOptions): Promise<void>
  makeFolder(path: string, options?: CallOptions): Promise<void>
  /** @param options.recursive a folder with what is in it */
  remove(path: string, options?: CallOptions & { recursive?: boolean | undefined }): Promise<void>
}

/** @param session the path of the session */
export function createSessionFiles(http: Http, session: string): SessionFiles {
  const at = (path: string) => `${session}/files/${path.split('/').map(encodeURIComponent).join('/')}`
  const files: SessionFiles = {
    async list(path, call) {
      const query = path === undefined ? '' : `?${new URLSearchParams({ path }).toString()}`
      return (await http.json<{ entries: FileEntry[] }>(`${session}/files${query}`, call)).entries
    },
    read: (path, { start, end, ...call } = {}) => http.bytes(at(path), { ...call, headers: rangeOf(start, end) }),
    readText: async (path, call) => new TextDecoder().decode(await files.read(path, call)),
    async *stream(path, { start, end, ...call } = {}) {
      const answer = await http.open(at(path), { ...call, headers: rangeOf(start, end) })
      yield* piecesOf(http.url, answer, call.signal)
    },
    write(path, content, { mode, ...call } = {}) {
      const headers = { 'content-type': 'application/octet-stream' }
      const once = content instanceof ReadableStream ? { retries: 0 } : {}
      const query = mode === undefined ? '' : `?mode=${encodeURIComponent(mode)}`
      const request = { ...call, ...once, method: 'PUT' as const, headers, content, waitsMs: UPLOAD_MS }
      return http.json(`${at(path)}${query}`, request)
    },
    move: (from, to, call) => http.json(`${session}/moves`, { ...call, method: 'POST', body: { from, to } }),
    makeFolder: (path, call) => http.json(`${session}/folders`, { ...call, method: 'POST', body: { path } }),
    remove: (path, { recursive = false, ...call } = {}) =>
      http.json(`${at(path)}${recursive ? '?recursive=true' : ''}`, { ...call, method: 'DELETE' }),
  }
  return files
}
