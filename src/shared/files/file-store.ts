import type { Readable } from 'node:stream'

/** Bytes of a file, both ends included. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * Where the content of files lies: objects that are written once, whole or not at all, and never changed. It knows nothing of tenants;
 * what an object is called is Runyard's choice (a UUID), never a caller's.
 */
export interface FileStore {
  /** Where it is, for logs. */
  readonly place: string
  /**
   * Stores an object. It can be read when this has resolved; when it rejects, nothing can be, and what is left of it goes with `remove`.
   * Memory does not grow with the content.
   * @throws StoreFull when there is no room, StoreUnavailable; what `content` throws
   */
  put(name: string, content: AsyncIterable<Uint8Array>): Promise<void>
  /** @throws ObjectMissing when there is no such object, StoreUnavailable */
  open(name: string, range?: ByteRange): Promise<Readable>
  /** Removes an object, and what an unfinished `put` of it left. Nothing happens when there is none. */
  remove(name: string): Promise<void>
  /** All objects, and what unfinished `put`s left, with the time of their last change in ms. */
  names(): AsyncIterable<{ name: string; changedMs: number }>
  close(): Promise<void>
}

/** The disk or the bucket has no room left. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull'
}

/** The disk or the bucket does not work now, or not for this process. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** Nothing is stored under this name. */
export class ObjectMissing extends Error {
  override readonly name = 'ObjectMissing'
}

/** Whether an object can be called so: nothing else becomes part of a path. */
export const isObjectName = (name: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name)

/** @throws Error when an object cannot be called so */
export function checkObjectName(name: string): void {
  if (!isObjectName(name)) throw new Error('not the name of a stored object')
}
