const NUMBER = /-?\d[\d.eE+-]*/y

/** The number that begins there, as JSON writes it or nearly so: whether it is one, a parser has to tell. */
export function numberAt(text: string, start: number): string | undefined {
  const code = text.charCodeAt(start)
  if (code !== MINUS && (code < ZERO || code > NINE)) return undefined
  NUMBER.lastIndex = start
  return NUMBER.exec(text)?.[0]
}

const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39

/** So many digits tell one double from every other. */
const DOUBLE_DIGITS = 17
/** So many every double keeps. */
const SAFE_DIGITS = 15
const SHOWN_CHARACTERS = 40

/**
 * Why a number would not come back as it was sent: numbers are doubles here (IEEE 754, 64 bits).
 * @param token as it stands in a JSON text
 * @returns a sentence without a subject; undefined when it would, as far as a double goes
 */
export function numberFault(token: string): string | undefined {
  const value = Number(token)
  if (Number.isNaN(value)) return undefined
  const shown = token.length > SHOWN_CHARACTERS ? `${token.slice(0, SHOWN_CHARACTERS)}...` : token
  if (!Number.isFinite(value)) return `is ${shown}, which is out of range`
  if (!/[.eE]/.test(token)) {
    if (Number.isSafeInteger(value)) return undefined
    return `is ${shown}; integers are kept exactly up to ${Number.MAX_SAFE_INTEGER} only. Send it as a string where one is allowed`
  }
  const digits = digitsOf(token)
  if (value === 0 && digits !== '') return `is ${shown}, which is too near to zero to be kept`
  const kept =
    digits.length <= SAFE_DIGITS || digits === digitsOf(value.toPrecision(Math.min(digits.length, DOUBLE_DIGITS)))
  if (digits.length <= DOUBLE_DIGITS && kept) return undefined
  if (digits === digitsOf(String(value))) return undefined
  return `is ${shown}, which has more digits than a number keeps (${DOUBLE_DIGITS}). Send it as a string where one is allowed`
}

/** Its significant digits; none for zero. */
function digitsOf(token: string): string {
  const digits = token
    .replace(/[eE].*$/, '')
    .replaceAll(/\D/g, '')
    .replace(/^0+/, '')
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return digits.slice(0, end)
}
