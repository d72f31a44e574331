import { beginString } from './reader.ts'
import { blockComment } from './c-family.ts'
import { BEGIN, byQuote, flagsOf, meaningsOf, SLASH, stringKind, type Lexer } from './lexer.ts'

const DOUBLE = stringKind({ quote: '"' })
const SINGLE = stringKind({ quote: "'" })
const BACKTICK = stringKind({ quote: '`', escape: false, multiline: true })

export const go: Lexer = {
  meanings: meaningsOf(['/', SLASH], ['"\'`', BEGIN]),
  lines: false,
  quotes: byQuote({ '"': DOUBLE, "'": SINGLE, '`': BACKTICK }),
  prefixes: flagsOf(''),
  operators: [],
  special(reader, c) {
    const { at } = reader
    if (c === 47) return blockComment(reader)
    reader.at++
    beginString(reader, c === 34 ? DOUBLE : c === 39 ? SINGLE : BACKTICK, at)
  },
  loops: { starts: ['for', 'for true', 'for ; ;'].map((start) => `${start} {`), body: 'braces' },
}
