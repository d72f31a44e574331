import { beginString, type Reader } from './reader.ts'
import { isWordCharacter } from './c-family.ts'
import {
  BEGIN,
  byQuote,
  CLOSE,
  ESCAPE,
  flagsOf,
  HASH,
  meaningsOf,
  OPEN,
  stringKind,
  type Lexer,
  type StringKind,
} from './lexer.ts'

const kinds = (quote: string) => {
  const long = stringKind({ quote, tripled: true, multiline: true })
  return {
    long,
    plain: stringKind({ quote, long }),
    format: stringKind({ quote, hole: 'brace' }),
    longFormat: stringKind({ quote, tripled: true, multiline: true, hole: 'brace' }),
  }
}
/** Any two characters of a word may be a prefix; which of them are is looked at in `hasFormatPrefix`. */
const PREFIXES = '_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const DOUBLE = kinds('"')
const SINGLE = kinds("'")

export const python: Lexer = {
  meanings: meaningsOf(['"\'', BEGIN], ['#', HASH], ['\\', ESCAPE], ['{', OPEN], ['}', CLOSE]),
  lines: true,
  quotes: byQuote({ '"': DOUBLE.plain, "'": SINGLE.plain }),
  prefixes: flagsOf(PREFIXES),
  operators: [],
  special(reader, c) {
    const { units, at } = reader
    if (units[at + 1] === c && units[at + 2] === c) {
      reader.at += 3
      return beginString(reader, kindAt(reader, at, c === 34 ? DOUBLE : SINGLE, true), at)
    }
    reader.at++
    beginString(reader, kindAt(reader, at, c === 34 ? DOUBLE : SINGLE, false), at)
  },
  loops: { starts: ['while True|1 :', 'while ( True|1 ) :', 'while not False|0 :'], body: 'indentation' },
}

/** The prefix of a literal is at most two letters; an `f` or a `t` among them makes it a format string. */
function kindAt(reader: Reader, at: number, of: ReturnType<typeof kinds>, long: boolean): StringKind {
  const format = reader.space === 0 && hasFormatPrefix(reader.units, at)
  if (long) return format ? of.longFormat : of.long
  return format ? of.format : of.plain
}

function hasFormatPrefix(units: Uint16Array, at: number): boolean {
  const first = units[at - 1]!
  if (!isWordCharacter(first)) return false
  const second = units[at - 2]!
  if (!isWordCharacter(second)) return isFormat(first)
  return !isWordCharacter(units[at - 3]!) && (isFormat(first) || isFormat(second))
}

/** `f` and `t`, small or large. */
function isFormat(c: number): boolean {
  return c === 102 || c === 116 || c === 70 || c === 84
}
