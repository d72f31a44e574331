import { flagsOf, meaningsOf, stringKind, type Lexer } from './lexer.ts'

/** Text of no known language: one string from beginning to end, in which only the general rules look. */
export const plain: Lexer = {
  meanings: meaningsOf(),
  lines: true,
  quotes: [],
  prefixes: flagsOf(''),
  operators: [],
  special: () => undefined,
  whole: stringKind({ escape: false, multiline: true }),
  loops: { starts: [], body: 'braces' },
}
