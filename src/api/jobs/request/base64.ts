const PLAIN = /^[A-Za-z0-9+/]*={0,2}$/
const EITHER = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)(={0,2})$/

/** What is wrong with a text that is none, in words. */
export const NOT_BASE64 =
  'is not base64: A-Z, a-z, 0-9, "+" and "/" (or "-" and "_"), "=" at the end; line breaks are allowed anywhere'

/**
 * Reads base64 as it is written in several places: in one line or in many (MIME, PEM), in the alphabet for URLs, with or without
 * the padding (RFC 4648). Anything else in it is no base64.
 * @returns the same as one line of the standard alphabet, padded; undefined when the text is none
 */
export function plainBase64(text: string): string | undefined {
  if (text.length % 4 === 0 && PLAIN.test(text)) return text
  const line = text.replaceAll(/[ \t\r\n]+/g, '')
  const padding = EITHER.exec(line)?.[1]
  if (padding === undefined) return undefined
  if (padding === '' ? line.length % 4 === 1 : line.length % 4 !== 0) return undefined
  return Buffer.from(line, 'base64').toString('base64')
}
