import * as lexis from './lexis/lexis.ts'
import type { Lexis } from './lexis/lexis.ts'
import { beginString, endInterpolation, punctuation, type Reader } from './reader.ts'
import { beginHeredoc, stringMark } from './string-marks.ts'
import { IN_STRING, NEWLINE, OTHER, SPACE_BEFORE, type Tokens } from './tokens.ts'
import { HASH_PRIME, HASH_SEED } from './vocabulary.ts'

/** Reads a whole text into tokens. Time is linear in its length. */
export function readText(
  text: string,
  rules: Pick<Reader, 'vocabulary' | 'isAnchor' | 'isOperator'> & { lexis: Lexis },
  tokens: Tokens,
): void {
  const reader: Reader = {
    text,
    tokens,
    vocabulary: rules.vocabulary,
    isOperator: rules.isOperator,
    isAnchor: rules.isAnchor,
    at: 0,
    kind: undefined,
    space: SPACE_BEFORE,
    depth: 0,
    terminator: '',
    indented: false,
    nesting: 0,
    heredocs: [],
    frames: [],
    noRegexBefore: 0,
  }
  if (rules.lexis.whole) beginString(reader, rules.lexis.whole)
  read(reader, rules.lexis)
}

function read(reader: Reader, language: Lexis): void {
  const { text, tokens, vocabulary, isAnchor } = reader
  const { codes, starts, looks } = tokens
  const { length } = text
  const { slots, mask, find } = vocabulary
  // Constants of other modules are slow to read in a loop as hot as this one.
  const { PUNCTUATION, SPACE, LINE_END, WORD, SPECIAL, OPEN, CLOSE, QUOTE, ESCAPE, PIPE } = lexis
  const [spaceBefore, inString, other, newline, seed, prime] = [
    SPACE_BEFORE,
    IN_STRING,
    OTHER,
    NEWLINE,
    HASH_SEED,
    HASH_PRIME,
  ]
  const { lines, special, quotes, tripled, skipsEscaped } = language
  while (reader.at < length) {
    let { at, space, kind } = reader
    let { count } = tokens
    let meanings = kind === undefined ? language.meanings : kind.meanings
    let mark = kind === undefined ? 0 : IN_STRING
    let meaning: number = PUNCTUATION
    let c = 0
    const inHole = reader.frames.length > 0
    const heredocs = reader.heredocs.length > 0
    // What is common stays in this loop and in local variables; the rest leaves it and comes back.
    while (at < length) {
      c = text.charCodeAt(at)
      meaning = c < 128 ? meanings[c]! : isWideSpace(c) ? SPACE : WORD
      if (meaning === WORD) {
        const start = at
        let hash = seed
        let more = true
        do {
          hash = Math.imul(hash ^ c, prime)
          if (++at === length) break
          c = text.charCodeAt(at)
          more = c < 128 ? meanings[c] === WORD : !isWideSpace(c)
        } while (more)
        let code = other
        if (slots[(hash ^ (hash >>> 15)) & mask] !== 0) {
          code = find(text, start, at, hash)
          if (isAnchor[code] === 1) looks[tokens.lookCount++] = count
        }
        codes[count] = code | space | mark
        starts[count++] = start
        space = 0
      } else if (meaning === SPACE) {
        at++
        space = spaceBefore
      } else if (meaning === PUNCTUATION) {
        codes[count] = c | space | mark
        starts[count++] = at++
        space = 0
      } else if (meaning === PIPE) {
        // Looked at closer when what stands before it may be a command that is piped into itself.
        const before = count === 0 ? 0 : codes[count - 1]! & 0x3fff
        if ((before === 58 || before >= other) && text.charCodeAt(at + 1) !== 124) looks[tokens.lookCount++] = count
        codes[count] = c | space | mark
        starts[count++] = at++
        space = 0
      } else if (kind === undefined) {
        if (!inHole && (meaning === OPEN || meaning === CLOSE)) {
          codes[count] = c | space
          starts[count++] = at++
          space = 0
        } else if (meaning === LINE_END && !heredocs) {
          if (lines) {
            // A run of line ends is one token, which stands at the last of them.
            if (count === 0 || codes[count - 1] !== newline) codes[count++] = newline
            starts[count - 1] = at
          }
          at++
          space = spaceBefore
        } else if (meaning === ESCAPE) {
          const next = text.charCodeAt(at + 1)
          if (skipsEscaped && next !== 10) {
            codes[count] = other | space
            starts[count++] = at
            space = 0
            at = Math.min(at + 2, length)
          } else {
            at += next > 13 ? 1 : next === 10 ? 2 : next === 13 && text.charCodeAt(at + 2) === 10 ? 3 : 1
            space = spaceBefore
          }
        } else if (meaning === SPECIAL) {
          // A quote with nothing around it that could make it more than a quote.
          const simple = quotes[c]
          if (simple === undefined) break
          const before = at === 0 ? 32 : text.charCodeAt(at - 1)
          if (before === 35 || before >= 128 || meanings[before] === WORD) break
          if (tripled && text.charCodeAt(at + 1) === c) break
          if (isAnchor[simple.opens] === 1) looks[tokens.lookCount++] = count
          codes[count] = simple.opens | space
          starts[count++] = at++
          space = 0
          kind = simple
          reader.nesting = 0
          meanings = simple.meanings
          mark = inString
        } else break
      } else if (meaning === QUOTE && kind.quotes === 1 && !kind.tail && reader.nesting === 0) {
        at++
        space = 0
        kind = undefined
        meanings = language.meanings
        mark = 0
      } else if (meaning === ESCAPE) {
        const escaped = text.charCodeAt(at + 1)
        // Quotes and line ends keep their meaning for the shell that may get this string; other escapes part words.
        if (escaped === 34 || escaped === 39 || escaped === 110) {
          codes[count] = (escaped === 110 ? newline : escaped) | space | inString
          starts[count++] = at
        }
        at = Math.min(at + 2, length)
        space = spaceBefore
      } else if (meaning === LINE_END && kind.multiline && !kind.heredoc) {
        if (count === 0 || codes[count - 1] !== (newline | inString)) codes[count++] = newline | inString
        starts[count - 1] = at++
        space = spaceBefore
      } else break
    }
    reader.at = at
    reader.space = space
    reader.kind = kind
    tokens.count = count
    if (at >= length) return
    if (kind !== undefined) stringMark(reader, kind, meaning, c)
    else if (meaning === SPECIAL) special(reader, c)
    else if (meaning === LINE_END) beginHeredoc(reader)
    else if (meaning === OPEN) {
      reader.depth++
      punctuation(reader, c)
    } else if (reader.depth === 0 && reader.frames.at(-1)?.closer === c) endInterpolation(reader)
    else {
      if (reader.depth > 0) reader.depth--
      punctuation(reader, c)
    }
  }
}

/** White space beyond ASCII: without it a byte order mark would hide the first word of a text. */
function isWideSpace(c: number): boolean {
  if (c < 0x2000) return c === 0xa0 || c === 0x85 || c === 0x1680
  return c <= 0x200f || c === 0x2028 || c === 0x2029 || c === 0x202f || c === 0x205f || c === 0x3000 || c === 0xfeff
}
