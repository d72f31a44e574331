/** A number as long as it is: a date with a build's number may have more digits than a JavaScript number keeps. */
type Segment = bigint | string
/** Digits that are read: a number with more is as one with these alone, and no version has them. */
const MAX_DIGITS = 1000

/** The same for every spelling of a version of a gem: `1.0`, `1` and `1.0.0` are one, as `1.0.rc1` and `1.0.0.rc.1` are. */
export const normalGemVersion = (text: string): string => segmentsOf(text).join('.') || '0'

/** Numbers and words, without the zeros that end the release and what follows it. */
function segmentsOf(text: string): Segment[] {
  const all = (
    text
      .trim()
      .replaceAll('-', '.pre.')
      .match(/\d+|[A-Za-z]+/g) ?? []
  ).map((part) => (/^\d/.test(part) ? numberOf(part) : part))
  const at = all.findIndex((part) => typeof part === 'string')
  const release = at < 0 ? all : all.slice(0, at)
  return [...withoutZeros(release), ...withoutZeros(at < 0 ? [] : all.slice(at))]
}

const numberOf = (digits: string): bigint => BigInt(digits.replace(/^0+/, '').slice(0, MAX_DIGITS) || '0')

function withoutZeros(segments: readonly Segment[]): Segment[] {
  const last = segments.findLastIndex((segment) => segment !== 0n)
  return segments.slice(0, last + 1)
}

/** As RubyGems orders versions: a word stands before every number. @returns below 0 when the first is older */
export function compareGemVersions(a: string, b: string): number {
  const [first, second] = [segmentsOf(a), segmentsOf(b)]
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    const [one, other] = [first[index] ?? 0n, second[index] ?? 0n]
    if (one === other) continue
    if (typeof one === 'bigint' && typeof other === 'bigint') return one < other ? -1 : 1
    if (typeof one === 'string' && typeof other === 'string') return one < other ? -1 : 1
    return typeof one === 'string' ? -1 : 1
  }
  return 0
}

/** Whether a version is within ranges such as `>= 1.2`, `~> 3.1` or `4.0.1`. What is no range is met. */
export function meetsGemRanges(version: string, ranges: readonly string[]): boolean {
  return ranges.every((range) => {
    const [whole, operator = '=', bound = ''] = /^(=|!=|>=|<=|~>|>|<)? ?([\dA-Za-z.]+)$/.exec(range.trim()) ?? []
    if (whole === undefined) return true
    const apart = compareGemVersions(version, bound)
    if (operator === '~>') return apart >= 0 && compareGemVersions(releaseOf(version), nextOf(bound)) < 0
    return { '=': apart === 0, '!=': apart !== 0, '>=': apart >= 0, '<=': apart <= 0, '>': apart > 0, '<': apart < 0 }[
      operator
    ] as boolean
  })
}

const releaseOf = (version: string): string => version.replace(/[.-]?[A-Za-z].*$/s, '')

/** The first version that is too new for `~>`: `~> 3.1` ends before `4`, `~> 3.1.2` before `3.2`. */
function nextOf(bound: string): string {
  const parts = bound.split('.')
  const word = parts.findIndex((part) => !/^\d+$/.test(part))
  const numbers = (word < 0 ? parts : parts.slice(0, word)).map(numberOf)
  if (numbers.length > 1) numbers.pop()
  return [...numbers.slice(0, -1), (numbers.at(-1) ?? 0n) + 1n].join('.')
}
