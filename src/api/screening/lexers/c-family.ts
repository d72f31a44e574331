import { beginString, skipPast, type Reader } from './reader.ts'
import { BEGIN, byQuote, ESCAPE, flagsOf, meaningsOf, SLASH, stringKind, type Lexer } from './lexer.ts'

const DOUBLE = stringKind({ quote: '"' })
const SINGLE = stringKind({ quote: "'" })
const RAW = stringKind({ quote: ')', escape: false, multiline: true, tail: true })

/** Moves past the block comment that begins here. */
export function blockComment(reader: Reader): void {
  skipPast(reader, '*/', reader.at + 2)
}

/** A to Z, a to z, 0 to 9 and the underscore. */
export function isWordCharacter(c: number): boolean {
  return (c >= 48 && c < 58) || (c >= 65 && c < 91) || (c >= 97 && c < 123) || c === 95
}

/** C and C++: raw strings, digit separators (`1'000`). */
function special(reader: Reader, c: number): void {
  const { text, units, at } = reader
  if (c === 47) blockComment(reader)
  else if (c === 34) {
    const raw = units[at - 1] === 82 ? rawDelimiter(text, at + 1) : undefined
    reader.at++
    if (raw === undefined) return beginString(reader, DOUBLE, at)
    reader.at += raw.length + 1
    reader.terminator = `${raw}"`
    beginString(reader, RAW, at)
  } else {
    reader.at++
    const before = units[at - 1]!
    // A digit before the mark: a separator. A letter is a prefix, as in L'x'.
    if (reader.space === 0 && before >= 48 && before < 58 && isWordCharacter(units[at + 1]!)) return
    beginString(reader, SINGLE, at)
  }
}

/** The delimiter of `R"delimiter(`, at most 16 characters; undefined when this is no raw string. */
function rawDelimiter(text: string, at: number): string | undefined {
  const end = text.slice(at, at + 17).indexOf('(')
  return end < 0 ? undefined : text.slice(at, at + end)
}

const C_LOOPS = ['while ( 1|true )', 'for ( ; ; )', 'for ( ; 1|true ; )']

export const cFamily: Lexer = {
  meanings: meaningsOf(['/', SLASH], ['"\'', BEGIN], ['\\', ESCAPE]),
  lines: false,
  quotes: byQuote({ '"': DOUBLE, "'": SINGLE }),
  prefixes: flagsOf('R0123456789'),
  operators: [],
  special,
  loops: { starts: C_LOOPS, body: 'braces' },
}
