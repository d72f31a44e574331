/**
 * The two parts of a text that begins with one mark and has another on a line of its own further down, as locks of two files have it.
 * @returns undefined when it is no such text
 */
export function markedParts(text: string, first: string, second: string): [string, string] | undefined {
  const lines = text.replaceAll('\r\n', '\n')
  if (!lines.startsWith(`${first}\n`)) return undefined
  const at = lines.indexOf(`\n${second}\n`)
  if (at < 0) return undefined
  return [lines.slice(first.length + 1, at + 1), lines.slice(at + second.length + 2)]
}
