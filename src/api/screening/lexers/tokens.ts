/**
 * A text as screening sees it: one number for each token. Below 128 it is a punctuation mark's own character code, above
 * it a word of the rules' vocabulary or one of the codes here. Comments leave nothing behind but white space.
 */
export const NONE = 0
export const NEWLINE = 10
/** A word that no rule names. */
export const OTHER = 128
/** The beginning of a string literal, whose words follow as tokens marked IN_STRING. */
export const STRING = 129
/** Where code begins inside a string, as `${` in a template; that code's tokens are not marked IN_STRING. */
export const INTERPOLATION = 130
export const FIRST_WORD = 131

/** What a token is, without the two marks below. */
export const CODE = 0x3fff
export const IN_STRING = 0x4000
/** White space or a comment stands before the token. */
export const SPACE_BEFORE = 0x8000

/** Buffers for one text and its tokens, used again for the next. */
export interface Tokens {
  /** The text's UTF-16 units, then zeros: faster to read one by one than a string. For little-endian machines. */
  units: Uint16Array
  /** How many units the text has. */
  length: number
  codes: Uint16Array
  /** Offset of each token in the text, in UTF-16 units. */
  starts: Int32Array
  count: number
  /** Indices of the tokens that a rule may begin at. */
  looks: Int32Array
  lookCount: number
  /** Characters that were read more than once; what makes a scan slower than its length. */
  steps: number
}

const SPARE = 128

export function createTokens(): Tokens {
  return { ...buffers(4096), length: 0, count: 0, lookCount: 0, steps: 0 }
}

/** Takes a text in and empties the rest, made large enough for it: at most one token for each UTF-16 unit. */
export function reset(tokens: Tokens, text: string): void {
  const { length } = text
  if (tokens.codes.length < length + SPARE) Object.assign(tokens, buffers(length + SPARE))
  const { units } = tokens
  Buffer.from(units.buffer).write(text, 'utf16le')
  units.fill(0, length, length + SPARE)
  tokens.length = length
  tokens.count = 0
  tokens.lookCount = 0
  tokens.steps = 0
}

/** Marks the end, so that what looks ahead stops there. */
export function finish(tokens: Tokens): void {
  tokens.codes.fill(NONE, tokens.count, tokens.count + SPARE / 2)
}

/** Whether nothing stands between a token and the one before it, a quote included. */
export function isGlued({ codes }: Tokens, index: number): boolean {
  const mark = codes[index]!
  if (index === 0 || (mark & SPACE_BEFORE) !== 0) return false
  return ((mark ^ codes[index - 1]!) & IN_STRING) === 0 && (codes[index - 1]! & CODE) !== STRING
}

function buffers(size: number) {
  return {
    units: new Uint16Array(size),
    codes: new Uint16Array(size),
    starts: new Int32Array(size),
    looks: new Int32Array(size),
  }
}
