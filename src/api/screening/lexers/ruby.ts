import { beginString, emit, lastCode, punctuation, skipPast, type Reader } from './reader.ts'
import { OTHER } from './tokens.ts'
import { isWordCharacter } from './c-family.ts'
import { queueHeredoc } from './heredoc.ts'
import {
  BEGIN,
  byQuote,
  CLOSE,
  ESCAPE,
  flagsOf,
  HASH,
  meaningsOf,
  OPEN,
  SPECIAL,
  stringKind,
  type Lexer,
} from './lexer.ts'
import { isValueBefore, slash } from './regular-expression.ts'

const DOUBLE = stringKind({ quote: '"', multiline: true, hole: 'hash-brace' })
const SINGLE = stringKind({ quote: "'", multiline: true })
const BACKTICK = 96
const COMMAND = stringKind({ opens: BACKTICK, quote: '`', multiline: true, hole: 'hash-brace' })
const HEREDOC = stringKind({ multiline: true, hole: 'hash-brace', heredoc: true })
const COMMAND_HEREDOC = stringKind({ multiline: true, hole: 'hash-brace', heredoc: true, opens: BACKTICK })
const RAW_HEREDOC = stringKind({ escape: false, multiline: true, heredoc: true })

const CLOSERS: Record<string, string> = { '(': ')', '[': ']', '{': '}', '<': '>' }
/** The kinds of `%` literals with some options, by the character that opens them. */
const percents = (options: { hole?: 'hash-brace'; opens?: number }) =>
  byQuote(
    Object.fromEntries(
      Array.from('([{<|!/-:;^_~*+"\'', (open) => {
        const nest = CLOSERS[open]
        return [open, stringKind({ ...options, quote: nest ?? open, multiline: true, ...(nest ? { nest: open } : {}) })]
      }),
    ),
  )
const INTERPOLATED = percents({ hole: 'hash-brace' })
const RAW = percents({})
const RUN = percents({ hole: 'hash-brace', opens: BACKTICK })
const LETTERED = new Map([
  ...Array.from('wqis', (letter) => [letter.charCodeAt(0), RAW] as const),
  ...Array.from('WQrI', (letter) => [letter.charCodeAt(0), INTERPOLATED] as const),
  ['x'.charCodeAt(0), RUN],
])
const isBracket = flagsOf(Object.keys(CLOSERS).join(''))

/** A command literal begins with the mark "`" however it is written. */
export const ruby: Lexer = {
  meanings: meaningsOf(['#', HASH], ['/%<?$=', SPECIAL], ['"\'`', BEGIN], ['\\', ESCAPE], ['{', OPEN], ['}', CLOSE]),
  lines: true,
  quotes: byQuote({ '"': DOUBLE, "'": SINGLE, '`': COMMAND }),
  prefixes: flagsOf(''),
  operators: 'if unless while until and or not when then return else elsif in do puts p print case'.split(' '),
  special(reader, c) {
    const { text, units, at } = reader
    if (c === 47) return slash(reader, true)
    if (c === 37) return percent(reader)
    if (c === 60) return lessThan(reader)
    if (c === 61) {
      const block = (at === 0 || units[at - 1] === 10) && text.startsWith('=begin', at)
      return block ? skipPast(reader, '\n=end', at) : punctuation(reader, c)
    }
    if (c === 63 || c === 36) return characterOrGlobal(reader, c)
    // `def `(command)` and :` name the method.
    if (c === BACKTICK && lastCode(reader) === 58) return punctuation(reader, c)
    reader.at++
    beginString(reader, c === BACKTICK ? COMMAND : c === 34 ? DOUBLE : SINGLE, at)
  },
  ending: '__END__',
  loops: {
    starts: ['loop do', 'loop {', 'while true|1 do?', 'until false|nil do?', 'while ( true|1 )'],
    body: 'indentation',
  },
}

/** `?x` is a character, `$"` a global variable. */
function characterOrGlobal(reader: Reader, c: number): void {
  const { units, at } = reader
  const next = units[at + 1]!
  const named = isWordCharacter(next)
  if (c === 36) {
    punctuation(reader, c)
    if (!named && next > 32) reader.at++
    return
  }
  if (isValueBefore(reader) || isWordCharacter(units[at + 2]!) || !(next > 32)) return punctuation(reader, c)
  emit(reader, OTHER, at)
  reader.at += next === 92 ? 3 : 2
}

/** `%w[a b]`, `%q(...)`, `%x(...)` and so on; a `%` after a value divides. */
function percent(reader: Reader): void {
  const { units, at } = reader
  const next = units[at + 1]!
  const lettered = LETTERED.get(next)
  const open = lettered ? units[at + 2]! : next
  const kind = (lettered ?? INTERPOLATED)[open]
  if (!kind || (!lettered && isBracket[open] !== 1) || isValueBefore(reader, true)) return punctuation(reader, 37)
  reader.at += lettered ? 3 : 2
  beginString(reader, kind, at)
}

/** `<<~SQL`, `<<-EOS`, `<<EOS`, and with a quoted name; `a << b` appends. */
function lessThan(reader: Reader): void {
  const { units, at } = reader
  const mark = units[at + 2]!
  const indented = mark === 126 || mark === 45
  let start = at + (indented ? 3 : 2)
  const quote = units[start]!
  const quoted = quote === 34 || quote === 39 || quote === BACKTICK
  if (quoted) start++
  const first = units[start]!
  const upper = first >= 65 && first < 91
  const heredoc = units[at + 1] === 60 && (quoted || upper || (indented && isWordCharacter(first)))
  if (!heredoc || (!indented && isValueBefore(reader, true))) return punctuation(reader, 60)
  const kind = quote === 39 ? RAW_HEREDOC : quote === BACKTICK ? COMMAND_HEREDOC : HEREDOC
  queueHeredoc(reader, start, { indented, quoted, kind })
}
