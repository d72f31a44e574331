import type { Lexer } from './lexers/lexer.ts'
import { beginString, endInterpolation, type Reader } from './lexers/reader.ts'
import { beginHeredoc, MAX_DEPTH, stringMark } from './string-marks.ts'
import { SPACE_BEFORE, type Tokens } from './lexers/tokens.ts'

/** Reads a whole text into tokens. Time is linear in its length. */
export function readText(
  text: string,
  rules: Pick<Reader, 'vocabulary' | 'isAnchor' | 'isOperator'> & { lexer: Lexer },
  tokens: Tokens,
): void {
  const reader: Reader = {
    text,
    units: tokens.units,
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
  if (rules.lexer.whole) beginString(reader, rules.lexer.whole)
  read(reader, rules.lexer)
}

/**
 * The loop that looks at every character. It writes the meanings of `lexer.ts`, the codes and marks of `tokens.ts`
 * (0x4000 IN_STRING, 0x8000 SPACE_BEFORE, 128 OTHER, 129 STRING, 10 NEWLINE) and the hash of `vocabulary.ts` as numbers:
 * constants of other modules are looked up each time, at twice the cost. Runs of one character are read in loops of
 * their own; the zeros after the text end them.
 */
function read(reader: Reader, language: Lexer): void {
  const { tokens, vocabulary, isAnchor } = reader
  const { units, codes, starts, looks, length } = tokens
  const { slots, mask, find } = vocabulary
  const { lines, hashAfter, special, quotes, prefixes, skipsEscaped } = language
  const regexes = language.operators.length > 0
  while (reader.at < length) {
    let { at, space, kind, depth } = reader
    let { count, lookCount } = tokens
    let meanings = kind === undefined ? language.meanings : kind.meanings
    let mark = kind === undefined ? 0 : 0x4000
    let meaning: number = 0 /* PUNCTUATION */
    let c = 0
    const nested = reader.frames.length
    const closer = nested === 0 ? 0 : reader.frames[nested - 1]!.closer
    const full = nested >= MAX_DEPTH
    const heredocs = reader.heredocs.length > 0
    // What is common stays in this loop and in local variables; the rest leaves it and comes back.
    while (at < length) {
      c = units[at]!
      meaning = c < 128 ? meanings[c]! : isWideSpace(c) ? 1 /* SPACE */ : 3 /* WORD */
      if (meaning === 3 /* WORD */) {
        const start = at
        const first = c
        let hash = -0x7ee3623b
        let more = true
        do {
          hash = Math.imul(hash ^ c, 0x01000193)
          if (++at === length) break
          c = units[at]!
          more = c < 128 ? meanings[c] === 3 /* WORD */ : !isWideSpace(c)
        } while (more)
        let code = 128
        if (slots[(hash ^ (hash >>> 15)) & mask] !== 0) {
          code = find(hash, at - start, first)
          if (isAnchor[code | mark] === 1) looks[lookCount++] = count
        }
        codes[count] = code | space | mark
        starts[count++] = start
        space = 0
      } else if (meaning === 1 /* SPACE */) {
        do at++
        while (units[at] === 32)
        space = 0x8000
      } else if (meaning === 0 /* PUNCTUATION */) {
        do {
          codes[count] = c | space | mark
          starts[count++] = at++
          space = 0
        } while (units[at] === c)
      } else if (meaning === 10 /* PIPE */) {
        // Looked at closer when what stands before it may be a command that is piped into itself.
        const before = count === 0 ? 0 : codes[count - 1]! & 0x3fff
        if ((before === 58 || before >= 128) && units[at + 1] !== 124) looks[lookCount++] = count
        codes[count] = c | space | mark
        starts[count++] = at++
        space = 0
      } else if (kind === undefined) {
        if (meaning === 11 /* BEGIN */) {
          const begun = quotes[c]!
          const before = at === 0 ? 32 : units[at - 1]!
          // A prefix, and what makes a lifetime or a name of the quote, is looked at closer.
          if (before < 128 && prefixes[before] === 1) break
          if (begun.character && units[at + 1] !== 92 && units[at + 2] !== c) break
          if (begun.opens !== 129 /* STRING */ && count > 0 && (codes[count - 1]! & 0x3fff) === 58) break
          const anchors = isAnchor[begun.opens] === 1
          do {
            if (anchors) looks[lookCount++] = count
            codes[count] = begun.opens | space
            starts[count++] = at++
            space = 0
            if (units[at] !== c) kind = begun
            else if (begun.long !== undefined && units[at + 1] === c) {
              kind = begun.long
              at += 2
            } else at++
            // One empty string after the other.
          } while (
            kind === undefined &&
            units[at] === c &&
            units[at + 1] === c &&
            (!begun.character || units[at + 2] === c)
          )
          if (kind !== undefined) {
            meanings = kind.meanings
            mark = 0x4000
          }
        } else if (meaning === 5 /* OPEN */) {
          do {
            codes[count] = c | space
            starts[count++] = at++
            space = 0
            depth++
          } while (units[at] === c)
        } else if (meaning === 6 /* CLOSE */) {
          if (depth === 0 && c === closer) break
          do {
            // A backtick opens nothing.
            if (depth > 0 && c !== 96) depth--
            codes[count] = c | space
            starts[count++] = at++
            space = 0
          } while (units[at] === c && (depth > 0 || c !== closer))
        } else if (meaning === 2 /* LINE_END */ && !heredocs) {
          do at++
          while (units[at] === 10)
          if (lines) {
            // A run of line ends is one token, which stands at the last of them.
            if (count === 0 || codes[count - 1] !== 10) codes[count++] = 10
            starts[count - 1] = at - 1
          }
          space = 0x8000
        } else if (meaning === 8 /* ESCAPE */) {
          const next = units[at + 1]!
          if (skipsEscaped && next !== 10) {
            codes[count] = 128 | space
            starts[count++] = at
            space = 0
            at = Math.min(at + 2, length)
          } else {
            at += next === 10 ? 2 : next === 13 && units[at + 2] === 10 ? 3 : 1
            space = 0x8000
          }
        } else if (meaning === 15 /* HASH */ || meaning === 14 /* SLASH */) {
          const comment =
            meaning === 15 /* HASH */
              ? hashAfter === undefined || at === 0 || hashAfter[units[at - 1]!] === 1
              : units[at + 1] === 47
          if (comment) {
            do at++
            while (units[at] !== 10 && at < length)
            space = 0x8000
          } else {
            if (meaning === 14 /* SLASH */ && (regexes || units[at + 1] === 42)) break
            codes[count] = c | space
            starts[count++] = at++
            space = 0
          }
        } else break
      } else if (meaning === 12 /* END */ || (meaning === 2 /* LINE_END */ && !kind.multiline)) {
        // A line end is read again, as code.
        if (meaning === 12 /* END */) at++
        space = 0
        kind = undefined
        meanings = language.meanings
        mark = 0
      } else if (meaning === 8 /* ESCAPE */) {
        const escaped = units[at + 1]!
        // Quotes and line ends keep their meaning for the shell that may get this string; other escapes part words.
        if (escaped === 34 || escaped === 39 || escaped === 110) {
          codes[count] = (escaped === 110 ? 10 : escaped) | space | 0x4000
          starts[count++] = at
        }
        at = Math.min(at + 2, length)
        space = 0x8000
      } else if (meaning === 2 /* LINE_END */ && !kind.heredoc) {
        do at++
        while (units[at] === 10)
        if (count === 0 || codes[count - 1] !== (10 | 0x4000)) codes[count++] = 10 | 0x4000
        starts[count - 1] = at - 1
        space = 0x8000
      } else if (meaning === 9 /* HOLE */ && (full ? units[at + 1] !== c : isNoHole(c, units[at + 1]!))) {
        codes[count] = c | space | 0x4000
        starts[count++] = at++
        space = 0
      } else if (meaning === 13 /* TRIPLE */) {
        if (units[at + 1] === c && units[at + 2] === c) {
          at += 3
          space = 0
          kind = undefined
          meanings = language.meanings
          mark = 0
        } else {
          codes[count] = c | space | 0x4000
          starts[count++] = at++
          space = 0
        }
      } else break
    }
    reader.at = at
    reader.space = space
    reader.kind = kind
    reader.depth = depth
    tokens.count = count
    tokens.lookCount = lookCount
    if (at >= length) return
    if (kind !== undefined) stringMark(reader, kind, meaning, c)
    else if (meaning === 2 /* LINE_END */) beginHeredoc(reader)
    else if (meaning === 6 /* CLOSE */) endInterpolation(reader)
    else special(reader, c)
  }
}

/** A `$` or `#` in a string with no bracket after it. */
function isNoHole(c: number, next: number): boolean {
  return (c === 36 || c === 35) && next !== 123 && next !== 40
}

/** White space beyond ASCII: without it a byte order mark would hide the first word of a text. */
function isWideSpace(c: number): boolean {
  if (c < 0x2000) return c === 0xa0 || c === 0x85 || c === 0x1680
  return c <= 0x200f || c === 0x2028 || c === 0x2029 || c === 0x202f || c === 0x205f || c === 0x3000 || c === 0xfeff
}
