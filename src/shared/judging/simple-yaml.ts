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
 * Reads the part of YAML that the settings of problem packages are written in: maps and sequences by indentation or in brackets on one line, plain
 * and quoted scalars, comments. Anchors, tags, multi-line scalars and several documents are refused, never misread.
 * @throws YamlFault
 */
export function parseYaml(source: string): Yaml {
  const lines: Line[] = source.split('\n').flatMap((raw, index) => {
    const text = withoutComment(raw.trimEnd())
    if (text.trim() === '' || text === '---') return []
    const indent = text.length - text.trimStart().length
    if (LINE_SEPARATOR.test(text))
      throw new YamlFault(`line ${index + 1}: has a carriage return or a line separator of Unicode within it`)
    if (text.slice(0, indent).includes('\t')) throw new YamlFault(`line ${index + 1}: is indented with a tab`)
    return [{ number: index + 1, indent, text: text.trim() }]
  })
  if (lines.length === 0) return null
  const reader = { lines, at: 0 }
  const value = readBlock(reader, lines[0]?.indent ?? 0)
  const rest = lines[reader.at]
  if (rest) throw fault(rest, 'is indented in a way that has no meaning here')
  return value
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
  return readInline(first.text, first)
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
    entries.set(key, text === '' ? readBelow(reader, indent, true) : readInline(text, line))
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

function readInline(text: string, line: Line): Yaml {
  if (!/^[[{]/.test(text)) return readScalar(text, line)
  const cursor = { text, at: 0 }
  const value = readFlow(cursor, line)
  if (cursor.text.slice(cursor.at).trim() !== '') throw fault(line, 'goes on behind its closing bracket')
  return value
}

const MAX_DEPTH = 50

/** A sequence or a map in brackets, or what stands in one. */
function readFlow(cursor: { text: string; at: number }, line: Line, depth = 0): Yaml {
  if (depth > MAX_DEPTH) throw fault(line, `has brackets ${MAX_DEPTH + 1} deep; ${MAX_DEPTH} are allowed`)
  const skip = () => {
    while (cursor.text[cursor.at] === ' ') cursor.at++
  }
  const open = cursor.text[cursor.at]
  if (open !== '[' && open !== '{') {
    const word = wordAt(cursor)
    cursor.at += word.length
    return readScalar(word, line)
  }
  const close = open === '[' ? ']' : '}'
  const items: Yaml[] = []
  const entries = new Map<string, Yaml>()
  cursor.at++
  for (;;) {
    skip()
    const here = cursor.text[cursor.at]
    if (here === undefined) throw fault(line, `has no closing "${close}"; a bracket has to end on its line`)
    if (here === close) {
      cursor.at++
      return open === '[' ? items : Object.fromEntries(entries)
    }
    const value = readFlow(cursor, line, depth + 1)
    skip()
    if (open === '[') items.push(value)
    else {
      if (typeof value !== 'string' || cursor.text[cursor.at] !== ':') throw fault(line, 'has no ":" behind a key')
      cursor.at++
      skip()
      entries.set(value, readFlow(cursor, line, depth + 1))
      skip()
    }
    const next = cursor.text[cursor.at]
    if (next === ',') cursor.at++
    else if (next !== undefined && next !== close) throw fault(line, `has no "," or "${close}" where one should be`)
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
  if (/^[&*!|>%@`]/.test(text))
    throw fault(line, `has "${text}"; anchors, tags and texts of several lines are not read here`)
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
