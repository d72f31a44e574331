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
  /** The escape that is read within the bulk. */
  let escape = ''

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

  const take = (text: string) => {
    if (text === '') return
    if (!isTaken) keep(Buffer.from(STANDS_FOR_IT))
    isTaken = true
    if (ODD.test(text)) keep(Buffer.from(text.replaceAll(/[\x20-\x7e]/g, ''), 'latin1'))
    decoder.add(text)
  }
  /** Of an escape that has come whole: `\/`, `\u002b` and `\n` are what some encoders write. */
  const takeEscape = () => {
    const meant = meaning(escape)
    const isPlain = meant !== undefined && (!ODD.test(meant) || meant.trim() === '')
    if (!isPlain) keep(Buffer.from(escape, 'latin1'))
    take(isPlain ? meant.trim() : ' ')
    escape = ''
  }
  const bulk = (piece: Buffer, from: number): number => {
    for (let at = from; at < piece.length;) {
      if (escape !== '') {
        escape += String.fromCharCode(piece[at++] ?? 0)
        if (escape[1] !== 'u' || escape.length === LETTERS_OF_ESCAPE) takeEscape()
        continue
      }
      const quote = placeOf(QUOTE, piece, at, piece.length)
      const end = placeOf(BACKSLASH, piece, at, quote)
      take(piece.toString('latin1', at, end))
      at = end + 1
      if (end < quote) escape = '\\'
      else if (end < piece.length) {
        // Also an empty one is the one.
        isTaken = true
        keep(piece.subarray(end, at))
        state = 'between'
        return at
      }
    }
    return piece.length
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

/** Where a byte is; the end where it is not. */
function placeOf(byte: number, piece: Buffer, from: number, end: number): number {
  const at = piece.subarray(from, end).indexOf(byte)
  return at < 0 ? end : from + at
}

/** What the inside of a string means; undefined where that is no JSON. */
function meaning(inside: string): string | undefined {
  try {
    return JSON.parse(`"${inside}"`) as string
  } catch {
    return undefined
  }
}
