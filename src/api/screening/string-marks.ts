import * as lexer from './lexers/lexer.ts'
import type { StringKind } from './lexers/lexer.ts'
import { beginString, emit, type Reader } from './lexers/reader.ts'
import { INTERPOLATION, IN_STRING, NEWLINE, SPACE_BEFORE } from './lexers/tokens.ts'

/** Deeper interpolations stay strings; no interpreter's own parser goes that deep. */
export const MAX_DEPTH = 16_384

/** Reads the rarer marks in a string. */
export function stringMark(reader: Reader, kind: StringKind, meaning: number, c: number): void {
  if (meaning === lexer.QUOTE) quote(reader, kind, c)
  else if (meaning === lexer.HOLE) hole(reader, kind, c)
  else if (meaning === lexer.LINE_END) {
    emit(reader, NEWLINE | IN_STRING, reader.at)
    reader.at++
    reader.space = SPACE_BEFORE
    if (endsHeredoc(reader)) reader.kind = undefined
  } else {
    if (meaning === lexer.OPEN) reader.nesting++
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
  } else return leave(reader, 1)
  inString(reader, c)
}

function leave(reader: Reader, characters: number): void {
  reader.at += characters
  reader.space = 0
  reader.kind = undefined
}

/** Where code may begin in a string: pushes a frame when it does. */
function hole(reader: Reader, kind: StringKind, c: number): void {
  const { units, at } = reader
  const next = units[at + 1]!
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

/** Reads on in the heredoc that begins at this line end. */
export function beginHeredoc(reader: Reader): void {
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
  const { text, units, terminator } = reader
  let { at } = reader
  if (reader.indented) while (units[at] === 32 || units[at] === 9) at++
  reader.tokens.steps += at - reader.at
  if (!text.startsWith(terminator, at)) return false
  at += terminator.length
  if (units[at] === 13) at++
  if (at < text.length && units[at] !== 10) return false
  reader.at = at
  reader.space = SPACE_BEFORE
  return true
}
