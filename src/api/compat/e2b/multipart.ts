import { KIB } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'

/** What a form of parts (`multipart/form-data`, RFC 7578) is made of, in its order. */
export type FormEvent =
  | { type: 'part'; name: string; fileName: string | undefined }
  | { type: 'data'; bytes: Buffer }
  | { type: 'end' }

const MAX_HEAD_BYTES = 16 * KIB
const HEAD_END = Buffer.from('\r\n\r\n')

/** The boundary that a content type names; undefined when it is none of a form. */
export function boundaryOf(contentType: string): string | undefined {
  if (!/^multipart\/form-data\s*;/i.test(contentType)) return undefined
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,200})"|([^;\s"]{1,200}))/i.exec(contentType) ?? []
  return quoted ?? plain
}

/**
 * Reads a form as it comes. A part is told of as it begins, then its bytes, in pieces, then its end.
 * @throws Problem `invalid-header` when it is no form of parts
 */
export async function* readForm(source: AsyncIterable<Buffer>, boundary: string): AsyncGenerator<FormEvent> {
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  // The first boundary has no line before it.
  let rest: Buffer = Buffer.from('\r\n')
  let state: 'preamble' | 'boundary' | 'head' | 'content' = 'preamble'
  for await (const chunk of source) {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      if (state === 'preamble' || state === 'content') {
        const at = rest.indexOf(delimiter)
        const safe = at < 0 ? rest.length - delimiter.length + 1 : at
        if (safe > 0 && state === 'content') yield { type: 'data', bytes: rest.subarray(0, safe) }
        if (safe > 0) rest = rest.subarray(safe)
        if (at < 0) break
        if (state === 'content') yield { type: 'end' }
        rest = rest.subarray(delimiter.length)
        state = 'boundary'
      } else if (state === 'boundary') {
        if (rest.length < 2) break
        if (rest.subarray(0, 2).toString() === '--') return
        const line = rest.indexOf('\r\n')
        if (line < 0 && rest.length > MAX_HEAD_BYTES) throw noForm('a boundary is followed by too much')
        if (line < 0) break
        // The line's end begins the head, which may have no lines.
        rest = rest.subarray(line)
        state = 'head'
      } else {
        const end = rest.indexOf(HEAD_END)
        if (end < 0 && rest.length > MAX_HEAD_BYTES) throw noForm('the head of a part is too long')
        if (end < 0) break
        yield partOf(rest.subarray(0, end).toString())
        rest = rest.subarray(end + HEAD_END.length)
        state = 'content'
      }
    }
  }
  throw noForm('it ends before its last boundary')
}

const noForm = (why: string): Problem => new Problem('invalid-header', `the body is no multipart/form-data: ${why}`)

function partOf(head: string): FormEvent {
  const disposition = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? ''
  const parameter = (name: string) => {
    const [, quoted, plain] =
      new RegExp(`[;\\s]${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(disposition) ?? []
    return quoted === undefined
      ? plain
      : quoted
          .replaceAll(/\\(["\\])/g, '$1')
          .replaceAll('%22', '"')
          .replaceAll('%0D', '\r')
          .replaceAll('%0A', '\n')
  }
  const extended = /[;\s]filename\*=utf-8''([^;\s]+)/i.exec(disposition)?.[1]
  const fileName = extended === undefined ? parameter('filename') : decoded(extended)
  return { type: 'part', name: parameter('name') ?? '', fileName }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw noForm('the name of a file (filename*) is not percent-encoded UTF-8')
  }
}
