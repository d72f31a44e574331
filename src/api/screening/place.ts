const MAX_EXCERPT = 120
const BEFORE = 40

export interface Place {
  /** From 1. */
  line: number
  /** From 1, in UTF-16 units. */
  column: number
  /** The line, at most 120 characters of it around the place; control characters are replaced by spaces. */
  excerpt: string
}

/** Where offsets of a text stand, given in rising order: one pass over the text. */
export function placesOf(text: string, offsets: number[]): Place[] {
  let line = 1
  let lineStart = 0
  let at = 0
  return offsets.map((offset) => {
    for (; at < offset; at++) {
      if (text.charCodeAt(at) === 10) {
        line++
        lineStart = at + 1
      }
    }
    return { line, column: offset - lineStart + 1, excerpt: excerptOf(text, lineStart, offset) }
  })
}

function excerptOf(text: string, lineStart: number, offset: number): string {
  const from = Math.max(lineStart, offset - BEFORE)
  const window = text.slice(from, from + MAX_EXCERPT)
  const end = window.indexOf('\n', offset - from)
  const line = end < 0 ? window : window.slice(0, end)
  return line.replaceAll(/[\p{Cc}\p{Cs}\p{Cf}\u2028\u2029]/gu, ' ').trim()
}
