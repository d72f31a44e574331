import { beginString, punctuation } from '../reader.ts'
import { slashComment } from './c-family.ts'
import { BEGIN, byQuote, flagsOf, meaningsOf, SPECIAL, stringKind, type Lexis } from './lexis.ts'

const DOUBLE = stringKind({ quote: '"' })
const SINGLE = stringKind({ quote: "'" })
const BACKTICK = stringKind({ quote: '`', escape: false, multiline: true })

export const go: Lexis = {
  meanings: meaningsOf(['/', SPECIAL], ['"\'`', BEGIN]),
  lines: false,
  quotes: byQuote({ '"': DOUBLE, "'": SINGLE, '`': BACKTICK }),
  prefixes: flagsOf(''),
  operators: [],
  special(reader, c) {
    const { at } = reader
    if (c === 47) {
      if (!slashComment(reader)) punctuation(reader, c)
      return
    }
    reader.at++
    beginString(reader, c === 34 ? DOUBLE : c === 39 ? SINGLE : BACKTICK, at)
  },
  loops: { starts: ['for', 'for true', 'for ; ;'].map((start) => `${start} {`), body: 'braces' },
}
