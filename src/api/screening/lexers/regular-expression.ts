import { IN_STRING, OTHER, SPACE_BEFORE } from './tokens.ts'
import { emit, lastCode, punctuation, type Reader } from './reader.ts'

/**
 * Reads `/` as the beginning of a regular expression, which leaves one word behind, or as a mark. A line in which none
 * ends is searched once: the marks after it are marks.
 */
export function slash(reader: Reader, spacedCall: boolean): void {
  const { text, units, at } = reader
  if (isValueBefore(reader, spacedCall) || at < reader.noRegexBefore) return punctuation(reader, 47)
  let end = at + 1
  let inClass = false
  for (; end < text.length; end++) {
    const c = units[end]!
    if (c === 10) break
    if (c === 92) end++
    else if (c === 91) inClass = true
    else if (c === 93) inClass = false
    else if (c === 47 && !inClass) {
      reader.tokens.steps += end - at
      emit(reader, OTHER, at)
      reader.at = end + 1
      return
    }
  }
  reader.tokens.steps += end - at
  reader.noRegexBefore = end
  punctuation(reader, 47)
}

/** Whether the token before is a value, so that a `/` divides it. */
export function isValueBefore(reader: Reader, spacedCall = false): boolean {
  const { tokens, isOperator, units, at } = reader
  const { count, codes } = tokens
  if (count === 0) return false
  const code = lastCode(reader)
  if ((codes[count - 1]! & IN_STRING) !== 0) return true
  if (code >= OTHER) {
    if (isOperator[code] === 1) return false
    // Ruby: `split /,/` passes a regular expression, `a / b` and `a/b` divide.
    const next = units[at + 1]!
    return !(spacedCall && code >= OTHER && reader.space === SPACE_BEFORE && next !== 32 && next !== 61)
  }
  return code === 41 || code === 93 || code === 125
}
