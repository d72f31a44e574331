import type { SourceFile } from '../../../shared/job.ts'
import type { Language } from '../../../shared/language.ts'
import type { Finding } from '../../../shared/security/finding.ts'

const CRLF = /\r\n/g
/** In a text of which each character is one byte of UTF-8. */
const BYTE_ORDER_MARK = /^\xef\xbb\xbf/

/** A script that the system starts by the interpreter of its first line, whose name would end in `CR`, or would not be found behind a mark. */
const SCRIPT = /^(?:\xef\xbb\xbf#!|#![^\n]*\r\n)/
/** How each of them begins, in either encoding. */
const MAY_BE_SCRIPT = { utf8: /^\ufeff?#!/, base64: /^(?:77u\/)?Iy[E-H]/ }

/**
 * Takes the line ends of Windows and byte-order marks from the programs among these files, for an interpreter that cannot read them; and in a job of
 * any language from scripts beside the program whose `#!` the system cannot read for them. What is no text stays, such as an archive behind a `#!`.
 * @param pointers JSON pointer of each file's content
 * @returns all files, and a warning for each that was changed
 */
export function toUnixText(
  pointers: readonly string[],
  files: readonly SourceFile[],
  language: Pick<Language, 'name' | 'fileName' | 'unixText'>,
  entrypoint: string,
): { files: SourceFile[]; warnings: Finding[] } {
  const extension = /\.[^.]+$/.exec(language.fileName)?.[0] ?? ''
  const warnings: Finding[] = []
  const changed = files.map((file, index) => {
    const isProgram = file.path === entrypoint || file.path.endsWith(extension)
    const encoding = file.encoding === 'base64' ? 'base64' : 'utf8'
    const isRead = language.unixText === true && isProgram
    if (!isRead && (file.path === entrypoint || !MAY_BE_SCRIPT[encoding].test(file.content))) return file
    const bytes = Buffer.from(file.content, encoding).toString('latin1')
    if (!isRead && (!SCRIPT.test(bytes) || bytes.includes('\0'))) return file
    const text = bytes.replace(BYTE_ORDER_MARK, '').replaceAll(CRLF, '\n')
    if (text === bytes) return file
    const content = Buffer.from(text, 'latin1')
    warnings.push(warningOf(bytes, isRead ? language.name : 'an interpreter named by #!', pointers[index] ?? ''))
    return { ...file, content: content.toString(encoding) }
  })
  return { files: changed, warnings }
}

function warningOf(bytes: string, reader: string, pointer: string): Finding {
  const mark = BYTE_ORDER_MARK.test(bytes)
  const lines = bytes.split('\n')
  const line = mark ? 0 : lines.findIndex((text) => text.endsWith('\r'))
  const excerpt = Buffer.from((lines[line] ?? '').replace(BYTE_ORDER_MARK, ''), 'latin1')
    .toString()
    .trimEnd()
  return {
    rule: mark ? 'byte-order-mark' : 'windows-line-ends',
    severity: 'warn',
    reason: mark
      ? `The file begins with a byte-order mark, which ${reader} cannot read. It was removed, and any Windows line ends were changed.`
      : `The file has Windows line ends (CR LF), which ${reader} cannot read. They were changed to LF.`,
    pointer,
    line: line + 1,
    column: mark ? 1 : excerpt.length + 1,
    excerpt: excerpt.slice(0, 120),
  }
}
