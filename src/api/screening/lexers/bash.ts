import { beginString, punctuation, type Reader } from './reader.ts'
import { isWordCharacter } from './c-family.ts'
import { MAX_HEREDOCS, queueHeredoc } from './heredoc.ts'
import {
  BEGIN,
  byQuote,
  CLOSE,
  ESCAPE,
  flagsOf,
  HASH,
  meaningsOf,
  OPEN,
  PIPE,
  SPECIAL,
  stringKind,
  type Lexer,
} from './lexer.ts'

const DOUBLE = stringKind({ quote: '"', multiline: true, hole: 'shell' })
const SINGLE = stringKind({ quote: "'", escape: false, multiline: true })
const ANSI = stringKind({ quote: "'", multiline: true })
const HEREDOC = stringKind({ multiline: true, hole: 'shell', heredoc: true })
const RAW_HEREDOC = stringKind({ escape: false, multiline: true, heredoc: true })

export const bash: Lexer = {
  meanings: meaningsOf(
    ['#', HASH],
    ['$<', SPECIAL],
    ['"\'', BEGIN],
    ['\\', ESCAPE],
    ['(', OPEN],
    [')`', CLOSE],
    ['|', PIPE],
  ),
  lines: true,
  quotes: byQuote({ '"': DOUBLE, "'": SINGLE }),
  prefixes: flagsOf(''),
  skipsEscaped: true,
  // Where a word could begin: `$#`, `${#a}` and `a#b` hold no comment.
  hashAfter: flagsOf(`${String.fromCharCode(...Array.from({ length: 33 }).keys())};&|(`),
  operators: [],
  special(reader, c) {
    const { at } = reader
    if (c === 36) return dollar(reader)
    if (c === 60) return lessThan(reader)
    reader.at++
    beginString(reader, c === 34 ? DOUBLE : SINGLE, at)
  },
  loops: {
    starts: [
      'while true|:|1 ;? <newline>? do',
      'until false ;? <newline>? do',
      'while [ 1|true ] ;? <newline>? do',
      'while ( ( 1 ) ) ;? <newline>? do',
      'for ( ( ; ; ) ) ;? <newline>? do',
    ],
    body: 'do-done',
  },
}

function dollar(reader: Reader): void {
  const { units, at } = reader
  const next = units[at + 1]!
  if (next === 39) {
    reader.at += 2
    return beginString(reader, ANSI, at)
  }
  punctuation(reader, 36)
  // `$#`, `$$`, `$!` and `${#a}`, `${!a}` are names.
  if (next === 123) punctuation(reader, 123)
  const c = units[reader.at]!
  if (c === 35 || c === 36 || c === 33) punctuation(reader, c)
}

function lessThan(reader: Reader): void {
  const { units, at } = reader
  if (units[at + 1] !== 60) return punctuation(reader, 60)
  if (units[at + 2] === 60) {
    for (let i = 0; i < 3; i++) punctuation(reader, 60)
    return
  }
  // In arithmetic, `1 << n` shifts.
  if (reader.heredocs.length >= MAX_HEREDOCS || inArithmetic(reader)) {
    punctuation(reader, 60)
    return punctuation(reader, 60)
  }
  const indented = units[at + 2] === 45
  let start = at + (indented ? 3 : 2)
  while (units[start] === 32 || units[start] === 9) start++
  reader.tokens.steps += start - at
  const quote = units[start]!
  const quoted = quote === 34 || quote === 39 || quote === 92
  if (quoted) start++
  if (!isWordCharacter(units[start]!)) return punctuation(reader, 60)
  queueHeredoc(reader, start, { indented, quoted, kind: quoted ? RAW_HEREDOC : HEREDOC })
}

/** Whether one of the last few tokens of this line is a `((` that no `))` has closed. */
function inArithmetic(reader: Reader): boolean {
  const { codes, count } = reader.tokens
  for (let i = count - 1; i > 0 && i > count - 24; i--) {
    const pair = (codes[i - 1]! & 0x7fff) === (codes[i]! & 0xffff)
    if (codes[i] === 10 || (pair && codes[i] === 41)) return false
    if (pair && codes[i] === 40) return true
  }
  return false
}
