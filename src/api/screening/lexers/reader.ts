import type { StringKind } from './lexer.ts'
import { CODE, NONE, SPACE_BEFORE, type Tokens } from './tokens.ts'
import type { Vocabulary } from './vocabulary.ts'

/**
 * A text being read. There is no recursion: strings that hold code which holds strings are frames on a stack.
 */
export interface Reader {
  readonly text: string
  /** The text's units one by one; zeros come after its end. */
  readonly units: Uint16Array
  readonly tokens: Tokens
  readonly vocabulary: Vocabulary
  /** Whether a word may be followed by a regular expression, by its code. */
  readonly isOperator: Uint8Array
  /** Whether a rule may begin at a word, by its code, with IN_STRING for one in a string. */
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
  /** Up to here no regular expression of this line ends; see `lexers/regular-expression.ts`. */
  noRegexBefore: number
}

/** A string that was left for the code inside it. */
export interface Frame {
  kind: StringKind
  closer: number
  depth: number
  nesting: number
  terminator: string
  indented: boolean
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

/** Moves past the next `closer`, or to the end of the text. */
export function skipPast(reader: Reader, closer: string, from: number): void {
  const end = reader.text.indexOf(closer, from)
  reader.at = end < 0 ? reader.text.length : end + closer.length
  reader.space = SPACE_BEFORE
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
