import { createBase64Decoder } from './base64-decoder.ts'

/** Splits a JSON object as it comes: one member, which is long, is taken out of it. */
export interface BulkMember {
  /** @throws RestTooLong */
  add(piece: Buffer): void
  /** What else has come: the text with a short string in the place of the one that was taken, which is empty where that was. */
  rest(): Buffer
  /** The bytes of the member; none where it is absent or no string. */
  bytes(): Buffer
}

/** What comes beside the member is longer than is allowed. */
export class RestTooLong extends Error {
  override readonly name = 'RestTooLong'
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN = 0x7b
const CLOSE = 0x7d
const STANDS_FOR_IT = '-'
/** `\u0061` stands for a letter. */
const LETTERS_OF_ESCAPE = 6
const ODD = /[^\x20-\x7e]/
/**
 * What the inside of a string has: letters of ASCII, escapes of these and of white space, which are what some encoders write, and anything else, which is
 * the group.
 */
const PARTS =
  /[\x20-\x5b\x5d-\x7e]+|\\(?:["\\/nrtf]|u00(?:0[9a-dA-D]|[2-6][0-9a-fA-F]|7[0-9a-eA-E]))|(\\u[^]{0,4}|\\[^]|[^])/g

/**
 * Reads base64 from the member of this name of the outermost object while it comes, so that a long one is never there as text. Only the inside of
 * that one string is taken out, and of it only what JSON allows there: a parser of the rest refuses what it would refuse of the whole. A second
 * member of the name stays in the rest.
 * @param member its name
 * @param expected bytes of the member, as a hint
 * @param mostOfRest in bytes
 */
export function createBulkMember(member: string, expected: number, mostOfRest: number): BulkMember {
  const decoder = createBase64Decoder(expected)
  const rest: Buffer[] = []
  let restBytes = 0
  const keep = (piece: Buffer) => {
    if (piece.length === 0) return
    restBytes += piece.length
    if (restBytes > mostOfRest) throw new RestTooLong(`more than ${mostOfRest} bytes`)
    rest.push(Buffer.from(piece))
  }

  /** `bulk`: within the string that is taken. */
  let state: 'between' | 'string' | 'bulk' = 'between'
  let depth = 0
  let isEscaped = false
  /** In the outermost object: whether a name comes next. */
  let isName = false
  /** Of the string that is read, where it is a name there. */
  let letters = ''
  let name: string | undefined
  let isTaken = false
  /** The beginning of an escape within the bulk, at the end of a piece. */
  let cut = ''

  /** @returns where the next state begins */
  const between = (piece: Buffer, from: number): number => {
    for (let at = from; at < piece.length; at++) {
      switch (piece[at]) {
        case OPEN:
        case OPEN_LIST:
          depth++
          isName = depth === 1 && piece[at] === OPEN
          break
        case CLOSE:
        case CLOSE_LIST:
          depth--
          break
        case COMMA:
          isName = depth === 1
          name = undefined
          break
        case COLON:
          isName = false
          break
        case QUOTE:
          state = depth === 1 && !isName && !isTaken && name === member ? 'bulk' : 'string'
          letters = ''
          return at + 1
      }
    }
    return piece.length
  }

  const string = (piece: Buffer, from: number): number => {
    for (let at = from; at < piece.length; at++) {
      const byte = piece[at]
      if (!isEscaped && byte === QUOTE) {
        if (depth === 1 && isName) name = meaning(letters)
        state = 'between'
        return at + 1
      }
      isEscaped = !isEscaped && byte === BACKSLASH
      if (isName && letters.length <= LETTERS_OF_ESCAPE * member.length) letters += String.fromCharCode(byte ?? 0)
    }
    return piece.length
  }

  /** A run is decoded at once: millions of escapes, each by itself, would keep everybody waiting. */
  const take = (run: string) => {
    if (run === '') return
    if (!isTaken) keep(Buffer.from(STANDS_FOR_IT))
    isTaken = true
    const meant = run.includes('\\') ? meaning(run) : run
    if (meant === undefined || ODD.test(meant)) keep(Buffer.from(run.replaceAll(PARTS, '$1'), 'latin1'))
    decoder.add(meant ?? '')
  }
  const bulk = (piece: Buffer, from: number): number => {
    const text = cut + piece.toString('latin1', from)
    const { end, escape } = endOfString(text)
    if (end === undefined) {
      take(text.slice(0, escape))
      cut = escape === undefined ? '' : text.slice(escape)
      return piece.length
    }
    take(text.slice(0, end))
    // Also an empty one is the one.
    isTaken = true
    state = 'between'
    const next = from + end - cut.length + 1
    keep(piece.subarray(next - 1, next))
    cut = ''
    return next
  }

  return {
    add(piece) {
      for (let at = 0; at < piece.length;) {
        const from = at
        if (state === 'bulk') at = bulk(piece, at)
        else {
          at = state === 'between' ? between(piece, at) : string(piece, at)
          keep(piece.subarray(from, at))
        }
      }
    },
    rest: () => Buffer.concat(rest),
    bytes: () => decoder.bytes(),
  }
}

/**
 * Where a string ends, and where it does not, where the escape begins whose end is still to come.
 * @param text from within the string, in front of no half of an escape
 */
function endOfString(text: string): { end?: number; escape?: number } {
  const quote = text.indexOf('"')
  const first = text.indexOf('\\')
  // Most have no escapes, and a search for one letter is much faster than to look at each.
  if (first < 0 || (quote >= 0 && quote < first)) return quote < 0 ? {} : { end: quote }
  let escape = first
  for (let at = first; at < text.length; at++) {
    const letter = text.charCodeAt(at)
    if (letter === QUOTE) return { end: at }
    if (letter === BACKSLASH) escape = at++
  }
  const whole = text[escape + 1] === 'u' ? LETTERS_OF_ESCAPE : 2
  return text.length - escape < whole ? { escape } : {}
}

/** What the inside of a string means; undefined where that is no JSON. */
function meaning(inside: string): string | undefined {
  try {
    return JSON.parse(`"${inside}"`) as string
  } catch {
    return undefined
  }
}
