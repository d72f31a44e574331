import { beginString, emit, type Reader } from './reader.ts'
import { SPACE_BEFORE } from './tokens.ts'
import { isWordCharacter } from './c-family.ts'
import { BEGIN, byQuote, flagsOf, meaningsOf, SLASH, stringKind, type Lexer } from './lexer.ts'

const SINGLE = stringKind({ quote: "'", character: true })
const STRING = stringKind({ quote: '"', multiline: true })
const RAW = stringKind({ quote: '"', escape: false, multiline: true, tail: true })

/** Rust: nested comments, raw strings with any number of `#`, lifetimes beside character literals. */
export const rust: Lexer = {
  meanings: meaningsOf(['/', SLASH], ['"\'', BEGIN]),
  lines: false,
  quotes: byQuote({ '"': STRING, "'": SINGLE }),
  prefixes: flagsOf('#r'),
  operators: [],
  special(reader, c) {
    const { text, units, at } = reader
    if (c === 47) return blockComment(reader)
    reader.at++
    if (c === 34) {
      const hashes = rawHashes(reader)
      if (hashes === undefined) return beginString(reader, STRING, at)
      reader.terminator = '#'.repeat(hashes)
      return beginString(reader, RAW, at)
    }
    const wide = text.codePointAt(at + 1) ?? 0
    const escaped = wide === 92
    if (escaped || units[at + (wide > 0xffff ? 3 : 2)] === 39) return beginString(reader, SINGLE, at)
    emit(reader, c, at)
  },
  loops: { starts: ['loop', 'while true'].map((start) => `${start} {`), body: 'braces' },
}

/** Block comments nest. */
function blockComment(reader: Reader): void {
  const { text, units, at } = reader
  let depth = 1
  let end = at + 2
  for (; end < text.length && depth > 0; end++) {
    const c = units[end]!
    if (c === 42 && units[end + 1] === 47) {
      depth--
      end++
    } else if (c === 47 && units[end + 1] === 42) {
      depth++
      end++
    }
  }
  reader.at = Math.min(end, text.length)
  reader.space = SPACE_BEFORE
}

/** How many `#` stand between `r` and the quote before `reader.at`; undefined when this is no raw string. */
function rawHashes(reader: Reader): number | undefined {
  const { units, tokens } = reader
  let at = reader.at - 2
  while (units[at] === 35) at--
  const hashes = reader.at - 2 - at
  tokens.steps += hashes
  if (units[at] !== 114) return undefined
  const before = units[at - 1]!
  const prefixed = before === 98 || before === 99 ? units[at - 2]! : before
  return isWordCharacter(prefixed) ? undefined : hashes
}
