/**
 * Whether two have the same bytes, and where not, in words. `toEqual` takes seconds for a megabyte: it looks at each byte as at
 * a member of an object.
 * @returns `the same`, or the lengths and the first place that differs
 */
export function sameBytes(actual: Uint8Array, expected: Uint8Array): string {
  if (Buffer.compare(actual, expected) === 0) return 'the same'
  const at = expected.findIndex((byte, index) => byte !== actual[index])
  return `${actual.length} bytes for ${expected.length}; the first other one at ${at === -1 ? expected.length : at}`
}
