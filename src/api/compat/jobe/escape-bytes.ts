import { isUtf8 } from 'node:buffer'

/** Bytes as text; those that are no UTF-8 stand as `\xNN`. */
export function escapeBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString()
  const parts: string[] = []
  let at = 0
  let from = 0
  while (at < bytes.length) {
    const length = lengthOf(bytes[at] ?? 0)
    if (length > 0 && at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length))) {
      at += length
      continue
    }
    parts.push(bytes.toString('utf8', from, at), `\\x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`)
    at++
    from = at
  }
  parts.push(bytes.toString('utf8', from))
  return parts.join('')
}

/** How long a character is that begins so; 0: none does. */
function lengthOf(byte: number): number {
  if (byte < 0x80) return 1
  if (byte >= 0xc2 && byte < 0xe0) return 2
  if (byte >= 0xe0 && byte < 0xf0) return 3
  return byte >= 0xf0 && byte < 0xf5 ? 4 : 0
}
