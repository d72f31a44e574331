import * as lexis from './lexis/lexis.ts'
import type { Lexis, StringKind } from './lexis/lexis.ts'
import { CODE, INTERPOLATION, IN_STRING, NEWLINE, NONE, OTHER, SPACE_BEFORE, type Tokens } from './tokens.ts'
import { HASH_PRIME, HASH_SEED, type Vocabulary } from './vocabulary.ts'

/** Deeper interpolations stay strings; no interpreter's own parser goes that deep. */
const MAX_DEPTH = 16_384

/**
 * A text being read. There is no recursion: strings that hold code which holds strings are frames on a stack.
 */
export interface Reader {
  readonly text: string
  readonly tokens: Tokens
  readonly vocabulary: Vocabulary
  /** Whether a word may be followed by a regular expression, by its code. */
  readonly isOperator: Uint8Array
  /** Whether a rule may begin at a word, by its code. */
  readonly isAnchor: Uint8Array
  /** Offset of the next character. */
  at: number
  /** The kind of string being read; undefined in code. */
  kind: StringKind | undefined
  /** SPACE_BEFORE when white space came since the last token, else 0. */
  space: number
  /** Brackets open since the innermost interpolation began. */
  depth: number
  /** For heredocs and strings with a tail: what ends them. */
  terminator: string
  /** A heredoc's terminator may be indented. */
  indented: boolean
  /** Brackets of its own kind open in the string being read, as in Ruby's `%w(a (b))`. */
  nesting: number
  /** Heredocs that begin at the next line end. */
  heredocs: { terminator: string; indented: boolean; kind: StringKind }[]
  frames: Frame[]
  /** Up to here no regular expression of this line ends; see `lexis/regular-expression.ts`. */
  noRegexBefore: number
}

interface Frame {
  kind: StringKind
  closer: number
  depth: number
  nesting: number
  terminator: string
  indented: boolean
}

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

/** Adds a token that begins at `start`. */
export function emit(reader: Reader, code: number, start: number): void {
  const { tokens } = reader
  tokens.codes[tokens.count] = code | reader.space
  tokens.starts[tokens.count++] = start
  reader.space = 0
}

/** Adds a token that rules may begin at. */
export function emitLook(reader: Reader, code: number, start: number): void {
  const { tokens } = reader
  tokens.looks[tokens.lookCount++] = tokens.count
  emit(reader, code, start)
}

/** The last token without its marks, or NONE. */
export function lastCode(reader: Reader): number {
  const { codes, count } = reader.tokens
  return count === 0 ? NONE : codes[count - 1]! & CODE
}

/** Moves past the line, up to its line end. */
export function skipLine(reader: Reader): void {
  const end = reader.text.indexOf('\n', reader.at)
  reader.at = end < 0 ? reader.text.length : end
  reader.space = SPACE_BEFORE
}

/** Moves past the next `closer`, or to the end of the text. */
export function skipPast(reader: Reader, closer: string, from: number): void {
  const end = reader.text.indexOf(closer, from)
  reader.at = end < 0 ? reader.text.length : end + closer.length
  reader.space = SPACE_BEFORE
}

/** White space beyond ASCII: without it a byte order mark would hide the first word of a text. */
function isWideSpace(c: number): boolean {
  if (c < 0x2000) return c === 0xa0 || c === 0x85 || c === 0x1680
  return c <= 0x200f || c === 0x2028 || c === 0x2029 || c === 0x202f || c === 0x205f || c === 0x3000 || c === 0xfeff
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

/** Adds the character at `reader.at` as punctuation and moves past it. */
export function punctuation(reader: Reader, character: number): void {
  emit(reader, character, reader.at)
  reader.at++
}

/**
 * Begins a string literal: `reader.at` stands at its first character of content, the literal itself at `start`. The
 * reader goes on in it.
 */
export function beginString(reader: Reader, kind: StringKind, start = reader.at): void {
  if (reader.isAnchor[kind.opens] === 1) emitLook(reader, kind.opens, start)
  else emit(reader, kind.opens, start)
  reader.nesting = 0
  reader.kind = kind
}

function beginHeredoc(reader: Reader): void {
  reader.at++
  const [next] = reader.heredocs.splice(0, 1)
  if (!next) return
  reader.terminator = next.terminator
  reader.indented = next.indented
  reader.space = SPACE_BEFORE
  beginString(reader, next.kind)
  if (endsHeredoc(reader)) reader.kind = undefined
}

/** Whether the line at `reader.at` ends the heredoc; moves to that line's end when it does. */
function endsHeredoc(reader: Reader): boolean {
  const { text, terminator } = reader
  let { at } = reader
  if (reader.indented) while (text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9) at++
  reader.tokens.steps += at - reader.at
  if (!text.startsWith(terminator, at)) return false
  at += terminator.length
  if (text.charCodeAt(at) === 13) at++
  if (at < text.length && text.charCodeAt(at) !== 10) return false
  reader.at = at
  reader.space = SPACE_BEFORE
  return true
}

/** Goes on in the string that the code just read stands in. */
export function endInterpolation(reader: Reader): void {
  const frame = reader.frames.pop()
  if (!frame) return
  reader.at++
  reader.depth = frame.depth
  reader.nesting = frame.nesting
  reader.terminator = frame.terminator
  reader.indented = frame.indented
  reader.space = 0
  reader.kind = frame.kind
}

/** Reads the rarer marks in a string. */
function stringMark(reader: Reader, kind: StringKind, meaning: number, c: number): void {
  if (meaning === lexis.QUOTE) quote(reader, kind, c)
  else if (meaning === lexis.HOLE) hole(reader, kind, c)
  else if (meaning === lexis.LINE_END) {
    if (!kind.multiline) return leave(reader, 0)
    emit(reader, NEWLINE | IN_STRING, reader.at)
    reader.at++
    reader.space = SPACE_BEFORE
    if (endsHeredoc(reader)) reader.kind = undefined
  } else {
    if (meaning === lexis.OPEN) reader.nesting++
    inString(reader, c)
  }
}

function inString(reader: Reader, character: number): void {
  emit(reader, character | IN_STRING, reader.at)
  reader.at++
}

function quote(reader: Reader, kind: StringKind, c: number): void {
  const { text, at } = reader
  if (reader.nesting > 0) {
    reader.nesting--
  } else if (kind.tail) {
    if (text.startsWith(reader.terminator, at + 1)) return leave(reader, 1 + reader.terminator.length)
  } else if (kind.quotes === 1 || (text.charCodeAt(at + 1) === c && text.charCodeAt(at + 2) === c)) {
    return leave(reader, kind.quotes)
  }
  inString(reader, c)
}

function leave(reader: Reader, characters: number): void {
  reader.at += characters
  reader.space = 0
  reader.kind = undefined
}

/** Where code may begin in a string: pushes a frame when it does. */
function hole(reader: Reader, kind: StringKind, c: number): void {
  const { text, at } = reader
  const next = text.charCodeAt(at + 1)
  let width = 0
  let closer = 125
  if (kind.hole === 'brace') {
    if (next === 123) {
      inString(reader, c)
      reader.at++
      return
    }
    width = 1
  } else if (kind.hole === 'shell') {
    if (c === 96) [width, closer] = [1, 96]
    else if (next === 40) [width, closer] = [2, 41]
  } else if (next === 123) width = 2
  if (width === 0 || reader.frames.length >= MAX_DEPTH) {
    return inString(reader, c)
  }
  emit(reader, INTERPOLATION | IN_STRING, at)
  const { depth, nesting, terminator, indented } = reader
  reader.frames.push({ kind, closer, depth, nesting, terminator, indented })
  reader.at += width
  reader.depth = 0
  reader.kind = undefined
}
