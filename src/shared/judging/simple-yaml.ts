/** A value of such a file. Numbers and booleans are as they were written: who reads them knows what they should be. */
export type Yaml = string | null | Yaml[] | { [key: string]: Yaml }

/** Something in a file that is not read here, with its line. */
export class YamlFault extends Error {
  override readonly name = 'YamlFault'
}

interface Line {
  number: number
  indent: number
  text: string
}

/**
 * Reads the part of YAML that the settings of problem packages are written in: maps and sequences by indentation or in brackets, plain and quoted
 * scalars, block scalars, comments. Anchors, tags and quoted scalars of several lines are refused, never misread.
 * @throws YamlFault
 */
export function parseYaml(source: string): Yaml {
  const lines = linesOf(source)
  if (lines.length === 0) return null
  const reader = { lines, at: 0 }
  const value = readBlock(reader, lines[0]?.indent ?? 0)
  const rest = lines[reader.at]
  if (rest) throw fault(rest, 'is indented in a way that has no meaning here')
  return value
}

/** The lines that say something. A block scalar is put in quotes, on the line that begins it. */
function linesOf(source: string): Line[] {
  const raw = source.replace(/^\uFEFF/, '').split('\n')
  const lines: Line[] = []
  for (let at = 0; at < raw.length; at++) {
    const text = withoutComment((raw[at] ?? '').trimEnd())
    if (text.trim() === '' || text === '---' || text === '...') continue
    const number = at + 1
    const indent = text.length - text.trimStart().length
    if (LINE_SEPARATOR.test(text))
      throw new YamlFault(`line ${number}: has a carriage return or a line separator of Unicode within it`)
    if (text.slice(0, indent).includes('\t')) throw new YamlFault(`line ${number}: is indented with a tab`)
    const header = blockHeader(text)
    if (header === undefined) lines.push({ number, indent, text: text.trim() })
    else {
      const own = blockLines(raw, at + 1, indent)
      const before = text.slice(0, -header.length).trim()
      lines.push({ number, indent, text: `${before} ${JSON.stringify(blockText(header, own))}` })
      at += own.length
    }
  }
  return lines
}

const BLOCK_HEADER = /[|>](?:[+-]\d?|\d[+-]?)?$/
/** Dashes of sequences, one within the other. */
const DASHES = /^(?:-\s+)*-$/

/** The sign of a block scalar at the end of a line, with what is said of its indentation and its end; undefined when the line begins none. */
function blockHeader(text: string): string | undefined {
  const [header] = BLOCK_HEADER.exec(text.slice(-3)) ?? []
  if (header === undefined) return undefined
  const spaced = text.slice(0, -header.length)
  const before = spaced.trimEnd()
  const isValue = before.length < spaced.length && (before.endsWith(':') || DASHES.test(before.trimStart()))
  return isValue ? header : undefined
}

/** The lines of a block scalar, without their common indentation. @param outer the indentation of the line that begins it */
function blockLines(raw: readonly string[], from: number, outer: number): string[] {
  const own: string[] = []
  let indent: number | undefined
  for (let at = from; at < raw.length; at++) {
    const text = (raw[at] ?? '').trimEnd()
    const deep = text.length - text.trimStart().length
    if (text !== '') {
      indent ??= deep
      if (deep < indent || deep <= outer) break
    }
    own.push(text.slice(indent ?? 0))
  }
  return own
}

function blockText(header: string, lines: readonly string[]): string {
  const whole = lines.join('\n')
  const text = whole.trimEnd()
  const end = header.includes('-') ? '' : header.includes('+') ? `${whole.slice(text.length)}\n` : '\n'
  const folded = (breaks: string) => (breaks.length === 1 ? ' ' : breaks.slice(1))
  return (header.startsWith('>') ? text.replaceAll(/\n+/g, folded) : text) + end
}

/** What ends a line for some readers of YAML, and for `.` in patterns; here a line ends with LF or CRLF. */
const LINE_SEPARATOR = /[\r\u2028\u2029]/

/** So much no package is nested. */
const MAX_INDENT = 200

interface Reader {
  lines: Line[]
  at: number
}

const fault = ({ number }: Pick<Line, 'number'>, what: string) => new YamlFault(`line ${number}: ${what}`)

/** `key:` and what follows, to be trimmed: with `\s+` here, each space would be tried as the last. A key may be quoted. */
const ENTRY = /^("[^"]*"\s*|'[^']*'\s*|[^\s"'[\]{}&*!|>%@`,#:-][^:]*|-[^\s:][^:]*):(?:\s([^]*))?$/

function readBlock(reader: Reader, indent: number): Yaml {
  const first = reader.lines[reader.at]
  if (!first) return null
  if (indent > MAX_INDENT) throw fault(first, `is indented by ${indent}; ${MAX_INDENT} are allowed`)
  if (first.text === '-' || first.text.startsWith('- ')) return readSequence(reader, indent)
  if (ENTRY.test(first.text)) return readMap(reader, indent)
  reader.at++
  return readInline(reader, first.text, first)
}

function readSequence(reader: Reader, indent: number): Yaml[] {
  const items: Yaml[] = []
  for (let line = reader.lines[reader.at]; line && line.indent === indent; line = reader.lines[reader.at]) {
    if (line.text !== '-' && !line.text.startsWith('- ')) break
    const text = line.text.slice(1).trimStart()
    if (text === '') {
      reader.at++
      items.push(readBelow(reader, indent, false))
    } else {
      // What stands behind the dash is a block that begins there.
      const moved = { ...line, indent: indent + (line.text.length - text.length), text }
      reader.lines[reader.at] = moved
      items.push(readBlock(reader, moved.indent))
    }
  }
  return items
}

function readMap(reader: Reader, indent: number): { [key: string]: Yaml } {
  const entries = new Map<string, Yaml>()
  for (let line = reader.lines[reader.at]; line && line.indent === indent; line = reader.lines[reader.at]) {
    const [, name = '', rest = ''] = ENTRY.exec(line.text) ?? []
    const text = rest.trimStart()
    if (name === '') throw fault(line, `is neither "key: value" nor "- item"`)
    const key = String(readScalar(name.trimEnd(), line))
    if (entries.has(key)) throw fault(line, `has the key ${key} a second time`)
    reader.at++
    entries.set(
      key,
      text === '' ? readBelow(reader, indent, true) : readInline(reader, onwards(reader, text, indent), line),
    )
  }
  return Object.fromEntries(entries)
}

/** What is indented below a line. @param ofMap a sequence may stand below a key without more indentation */
function readBelow(reader: Reader, indent: number, ofMap: boolean): Yaml {
  const next = reader.lines[reader.at]
  if (!next) return null
  const isItem = next.text === '-' || next.text.startsWith('- ')
  if (next.indent > indent || (ofMap && isItem && next.indent === indent)) return readBlock(reader, next.indent)
  return null
}

/** A plain scalar with the lines that continue it, which are indented deeper than its key. */
function onwards(reader: Reader, text: string, indent: number): string {
  if (/^["'[{&*!|>%@`]/.test(text)) return text
  const parts = [text]
  for (let next = reader.lines[reader.at]; next && next.indent > indent; next = reader.lines[reader.at]) {
    if (ENTRY.test(next.text)) break
    parts.push(next.text)
    reader.at++
  }
  return parts.join(' ')
}

function readInline(reader: Reader, text: string, line: Line): Yaml {
  if (!/^[[{]/.test(text)) return readScalar(text, line)
  const cursor = { text, at: 0, line }
  const value = readFlow(reader, cursor)
  if (cursor.text.slice(cursor.at).trim() !== '') throw fault(cursor.line, 'goes on behind its closing bracket')
  return value
}

const MAX_DEPTH = 50

/** Where in a value in brackets the reader is; it may go on through several lines, no word of it does. */
interface Cursor {
  text: string
  at: number
  line: Line
}

/** A sequence or a map in brackets, or what stands in one. */
function readFlow(reader: Reader, cursor: Cursor, depth = 0): Yaml {
  const { line } = cursor
  if (depth > MAX_DEPTH) throw fault(line, `has brackets ${MAX_DEPTH + 1} deep; ${MAX_DEPTH} are allowed`)
  const skip = () => {
    while (cursor.text[cursor.at] === ' ') cursor.at++
    const next = reader.lines[reader.at]
    if (cursor.at < cursor.text.length || !next) return
    reader.at++
    Object.assign(cursor, { text: next.text, at: 0, line: next })
  }
  const open = cursor.text[cursor.at]
  if (open !== '[' && open !== '{') {
    const word = wordAt(cursor)
    cursor.at += word.length
    return readScalar(word, cursor.line)
  }
  const close = open === '[' ? ']' : '}'
  const items: Yaml[] = []
  const entries = new Map<string, Yaml>()
  cursor.at++
  for (;;) {
    skip()
    const here = cursor.text[cursor.at]
    if (here === undefined) throw fault(line, `has no closing "${close}"`)
    if (here === close) {
      cursor.at++
      return open === '[' ? items : Object.fromEntries(entries)
    }
    const value = readFlow(reader, cursor, depth + 1)
    skip()
    if (open === '[') items.push(value)
    else {
      if (typeof value !== 'string' || cursor.text[cursor.at] !== ':')
        throw fault(cursor.line, 'has no ":" behind a key')
      cursor.at++
      skip()
      entries.set(value, readFlow(reader, cursor, depth + 1))
      skip()
    }
    const next = cursor.text[cursor.at]
    if (next === ',') cursor.at++
    else if (next !== undefined && next !== close)
      throw fault(cursor.line, `has no "," or "${close}" where one should be`)
  }
}

const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'/y
const WORD_END = /[,[\]{}]|:(?:\s|$)/g

/** A quoted text, or what stands before the next sign that ends a word in brackets. */
function wordAt({ text, at }: { text: string; at: number }): string {
  QUOTED.lastIndex = at
  const quoted = QUOTED.exec(text)
  if (quoted) return quoted[0]
  WORD_END.lastIndex = at
  return text.slice(at, WORD_END.exec(text)?.index).trimEnd()
}

function readScalar(text: string, line: Line): string | null {
  if (text.startsWith('"')) {
    try {
      return String(JSON.parse(text))
    } catch {
      throw fault(line, `has a quoted text that is not read here: ${text}`)
    }
  }
  if (text.startsWith("'")) {
    if (!/^'(?:[^']|'')*'$/.test(text)) throw fault(line, `has a quoted text that does not end: ${text}`)
    return text.slice(1, -1).replaceAll("''", "'")
  }
  if (/^[&*!|>%@`]/.test(text)) throw fault(line, `has "${text}"; anchors and tags are not read here`)
  return text === '' || text === '~' || text === 'null' ? null : text
}

/** A comment begins with `#` at the start of a line or behind a space, outside of quotes. */
function withoutComment(text: string): string {
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const here = text[at] ?? ''
    if (quote !== '') {
      if (here === '\\' && quote === '"') at++
      else if (here === quote) quote = ''
    } else if ((here === '"' || here === "'") && (at === 0 || /[\s[{,:-]/.test(text[at - 1] ?? ''))) quote = here
    else if (here === '#' && (at === 0 || /\s/.test(text[at - 1] ?? ''))) return text.slice(0, at).trimEnd()
  }
  return text
}
