/**
 * The beginning and the end of a text that is too long to be shown whole, with how much was left out between them.
 * @param most characters, roughly
 */
export function headAndTail(text: string, most: number): string {
  if (text.length <= most) return text
  const half = Math.floor(most / 2)
  const head = upTo(text.slice(0, half))
  const tail = from(text.slice(-half))
  const left = Buffer.byteLength(text) - Buffer.byteLength(head) - Buffer.byteLength(tail)
  return `${head}\n[... ${left} bytes left out ...]\n${tail}`
}

/** No half of a pair of surrogates at the end, */
const upTo = (text: string): string => (/[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text)
/** or at the beginning. */
const from = (text: string): string => (/^[\uDC00-\uDFFF]/.test(text) ? text.slice(1) : text)

// Clients show a model some 50,000 characters of a result; error text less.
const STDOUT_MOST = 30_000
const STDERR_MOST = 10_000

/** Output in blocks with a heading each; what is empty is left out. */
export function outputBlocks(output: { stdout: string; stderr: string }): string[] {
  return [
    ...(output.stdout === '' ? [] : [`stdout:\n${headAndTail(output.stdout, STDOUT_MOST)}`]),
    ...(output.stderr === '' ? [] : [`stderr:\n${headAndTail(output.stderr, STDERR_MOST)}`]),
  ]
}
