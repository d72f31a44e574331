import type { ByteRange } from '../../shared/files/file-store.ts'

/**
 * The part of a content that a `Range` header asks for (RFC 9110, 14.2). One that is no range of bytes, or several, is passed over, as
 * the RFC lets a server do.
 * @param bytes of the whole content
 * @returns undefined: all of it; `beyond`: none of it is there
 */
export function byteRange(header: string | undefined, bytes: number): ByteRange | 'beyond' | undefined {
  const match = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? '')
  if (!match) return undefined
  const [, from = '', to = ''] = match
  if (from === '') {
    if (to === '') return undefined
    const length = Math.min(Number(to), bytes)
    return length === 0 ? 'beyond' : { start: bytes - length, end: bytes - 1 }
  }
  const start = Number(from)
  const end = to === '' ? Infinity : Number(to)
  if (end < start) return undefined
  return start >= bytes ? 'beyond' : { start, end: Math.min(end, bytes - 1) }
}
