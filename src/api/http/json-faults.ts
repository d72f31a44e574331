import type { FieldError } from '../../shared/problems.ts'
import { numberAt, numberFault } from './json-number.ts'

/** Objects and arrays within one another; no request of this service comes near it. */
export const MAX_DEPTH = 32
/** Members of one object or list; the longest that a request may have, metadata, have at most half of it. */
export const MAX_MEMBERS = 4096
/** More than any name of a request may have, metadata included. */
export const MAX_NAME_LENGTH = 4096
/** A body may be one long list of mistakes; the client learns of the first. */
const MAX_FAULTS = 16

interface Level {
  /** Names seen so far; undefined in an array. */
  names: Set<string> | undefined
  /** Name or index of the member that is read now. */
  at: string | number
  /** Commas so far. */
  commas: number
}

/**
 * What a JSON parser silently does away with or changes: names that stand twice in an object (of which it keeps the last), names
 * that reach an object's prototype, numbers of which it keeps another one, halves of characters, which nothing can hold that is
 * UTF-8; and what no request comes near: nesting without end, names and lists without end. The latter end the search, so that
 * nothing has to be made of such a text. Linear in the length of the text.
 * @param text what may be JSON; whether it is, a parser has to tell
 * @returns nothing for an ordinary text
 */
export function jsonFaults(text: string): FieldError[] {
  const faults: FieldError[] = []
  const levels: Level[] = []
  let isName = false
  const pointerTo = (levels_: readonly Level[]) =>
    levels_.map(({ at }) => `/${String(at).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

  for (let i = 0; i < text.length && faults.length < MAX_FAULTS; i++) {
    const level = levels.at(-1)
    switch (text[i]) {
      case '{':
      case '[': {
        if (levels.length === MAX_DEPTH) {
          return [...faults, { pointer: pointerTo(levels), detail: `is nested over ${MAX_DEPTH} levels deep` }]
        }
        const isObject = text[i] === '{'
        levels.push(isObject ? { names: new Set(), at: '', commas: 0 } : { names: undefined, at: 0, commas: 0 })
        isName = isObject
        break
      }
      case '}':
      case ']':
        levels.pop()
        isName = false
        break
      case ',':
        if (level && ++level.commas === MAX_MEMBERS) {
          return [...faults, { pointer: pointerTo(levels.slice(0, -1)), detail: `has over ${MAX_MEMBERS} members` }]
        }
        if (typeof level?.at === 'number') level.at++
        else isName = true
        break
      case '"': {
        const end = endOfString(text, i)
        const raw = text.slice(i + 1, end)
        if (isName && level?.names) {
          const name = raw.includes('\\') ? decoded(raw) : raw
          if (name.length > MAX_NAME_LENGTH) {
            const detail = `has a name of over ${MAX_NAME_LENGTH} characters`
            return [...faults, { pointer: pointerTo(levels.slice(0, -1)), detail }]
          }
          level.at = name
          if (level.names.has(name)) faults.push({ pointer: pointerTo(levels), detail: 'appears twice' })
          if (name === '__proto__') faults.push({ pointer: pointerTo(levels), detail: 'is not an allowed name' })
          level.names.add(name)
          isName = false
        }
        if (HALF_ESCAPED.test(raw) && HALF.test(decoded(raw)))
          faults.push({ pointer: pointerTo(levels), detail: HALF_DETAIL })
        i = end
        break
      }
      default: {
        const token = numberAt(text, i)
        if (token === undefined) break
        const detail = numberFault(token)
        if (detail !== undefined) faults.push({ pointer: pointerTo(levels), detail })
        i += token.length - 1
      }
    }
  }
  return faults
}

const HALF_ESCAPED = /\\u[dD][89a-fA-F]/
const HALF = /\p{Surrogate}/u
const HALF_DETAIL =
  'contains half of a character, an escape \\ud800 to \\udfff by itself; send bytes as base64 where a field has an encoding'

/** Index of the quote that closes the string beginning at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}

/** What a string with escapes in it says. */
function decoded(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    return raw
  }
}
