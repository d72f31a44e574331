import { beginString } from './reader.ts'
import { blockComment } from './c-family.ts'
import {
  BEGIN,
  byQuote,
  CLOSE,
  ESCAPE,
  flagsOf,
  meaningsOf,
  OPEN,
  SLASH,
  stringKind,
  WORD,
  type Lexer,
} from './lexer.ts'
import { slash } from './regular-expression.ts'

const DOUBLE = stringKind({ quote: '"' })
const SINGLE = stringKind({ quote: "'" })
const TEMPLATE = stringKind({ quote: '`', multiline: true, hole: 'dollar-brace' })

/** JavaScript and TypeScript. */
export const javascript: Lexer = {
  meanings: meaningsOf(['/', SLASH], ['"\'`', BEGIN], ['\\', ESCAPE], ['{', OPEN], ['}', CLOSE], ['$', WORD]),
  lines: false,
  quotes: byQuote({ '"': DOUBLE, "'": SINGLE, '`': TEMPLATE }),
  prefixes: flagsOf(''),
  operators: 'return typeof case in of delete void instanceof new do else yield await throw'.split(' '),
  special(reader, c) {
    const { at } = reader
    if (c === 47) {
      if (reader.units[at + 1] === 42) blockComment(reader)
      else slash(reader, false)
    } else {
      reader.at++
      beginString(reader, c === 34 ? DOUBLE : c === 39 ? SINGLE : TEMPLATE, at)
    }
  },
  loops: { starts: ['while ( 1|true )', 'while ( ! 0 )', 'for ( ; ; )', 'for ( ; 1|true ; )'], body: 'braces' },
}
