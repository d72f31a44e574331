import type { FileEntry, Watch } from './api-types.ts'
import { eventsOf, type StreamedSessionEvent, type StreamOptions } from './event-stream.ts'
import { type FileContent, piecesOf, rangeOf, type ReadOptions, UPLOAD_MS } from './files.ts'
import type { CallOptions, Http } from './http.ts'
import { onlyRefused } from './session-executions.ts'

/** A folder that is watched. `await using watch = await session.files.watch()` ends it with the block. */
export interface FolderWatch extends Watch {
  /**
   * What changes in it: `files` with the changes, `watch` when it holds too much to be watched, or no more, across lost connections.
   * `gap` stands where changes are no longer kept: list the folder then.
   */
  events(options?: StreamOptions): AsyncGenerator<StreamedSessionEvent, void, void>
  end(options?: CallOptions): Promise<Watch>
  [Symbol.asyncDispose](): Promise<void>
}

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
  /**
   * Watches a folder, the working folder when no path is given; what changes when this has resolved becomes an event.
   * @param options.recursive with what is in its folders
   */
  watch(path?: string, options?: CallOptions & { recursive?: boolean | undefined }): Promise<FolderWatch>
  /** The folders that are watched. */
  watches(options?: CallOptions): Promise<Watch[]>
}

/** Node 20 has it, browsers not all. */
export const asyncDispose =
  (Symbol.asyncDispose as typeof Symbol.asyncDispose | undefined) ?? Symbol.for('Symbol.asyncDispose')

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
    async watch(path, { recursive, ...call } = {}) {
      const watches = `${session}/watches`
      const request = { shouldRetry: onlyRefused, ...call, method: 'POST' as const, body: { path, recursive } }
      const made = await http.json<Watch>(watches, request)
      const watch: FolderWatch = {
        ...made,
        events: (options) =>
          eventsOf<StreamedSessionEvent>(http, `${watches}/${made.id}/events`, options, isEndOfWatch),
        end: (options) => http.json(`${watches}/${made.id}`, { ...options, method: 'DELETE' }),
        async [asyncDispose as typeof Symbol.asyncDispose]() {
          await watch.end()
        },
      }
      return watch
    },
    watches: async (call) => (await http.json<{ watches: Watch[] }>(`${session}/watches`, call)).watches,
  }
  return files
}

const isEndOfWatch = ({ type, data }: StreamedSessionEvent): boolean =>
  type === 'ended' || (type === 'watch' && data.state === 'ended')
