import type { Rules } from './rule.ts'

export const DEPENDENCY_TYPOSQUAT = 'dependency-typosquat'
export const DEPENDENCY_KEYWORD = 'dependency-keyword'

/** Names shorter than this have too many honest neighbours. */
const MIN_LENGTH = 4
/** No registry has longer names. */
const MAX_LENGTH = 256

/** What is suspicious about one dependency's name. */
export interface SuspiciousName {
  rule: typeof DEPENDENCY_TYPOSQUAT | typeof DEPENDENCY_KEYWORD
  reason: string
}

/**
 * Looks a dependency up: `name`, or a name with a version as `name==1.2`, `name@1.2`, `name>=1`, `group:artifact:1`.
 * @returns undefined when nothing is suspicious about it
 */
export function suspiciousName(
  rules: Rules['dependencies'],
  language: string,
  dependency: string,
): SuspiciousName | undefined {
  const name = nameOf(dependency)
  const keyword = rules.keywords.find((word) => name.split(/[^a-z0-9]+/).includes(word))
  if (keyword !== undefined) {
    return { rule: DEPENDENCY_KEYWORD, reason: `the package's name has the word "${keyword}" in it` }
  }
  const packages = Object.hasOwn(rules.packages, language) ? rules.packages[language] : undefined
  if (!packages) return undefined
  const known = [...packages.popular, ...packages.genuine].map((other) => other.toLowerCase())
  if (known.includes(name) || known.some((other) => folded(language, other) === folded(language, name)))
    return undefined
  const imitated = packages.popular.find((popular) =>
    imitates(folded(language, name), folded(language, popular.toLowerCase())),
  )
  if (imitated === undefined) return undefined
  return { rule: DEPENDENCY_TYPOSQUAT, reason: `the package's name imitates "${imitated}"` }
}

function nameOf(dependency: string): string {
  const whole = dependency.slice(0, MAX_LENGTH).trim().toLowerCase()
  // Of `group:artifact:version`, the first two.
  const trimmed = whole.split(':').slice(0, 2).join(':')
  const end = trimmed.slice(1).search(/[@\s=<>~!;[(]/)
  return end < 0 ? trimmed : trimmed.slice(0, end + 1)
}

/** Python takes `-`, `_` and `.` for one, Rust `-` and `_`. */
function folded(language: string, name: string): string {
  if (language === 'python') return name.replaceAll(/[-_.]+/g, '-')
  return language === 'rust' ? name.replaceAll('_', '-') : name
}

function imitates(name: string, popular: string): boolean {
  if (popular.length < MIN_LENGTH || name.length < MIN_LENGTH) return false
  const bare = (text: string) => text.replaceAll(/[-_.]/g, '')
  return bare(name) === bare(popular) || isOneEditAway(name, popular)
}

/** One letter more, less or other, or two neighbours changed over. */
export function isOneEditAway(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  if (a.length > b.length) return a.slice(start + 1) === b.slice(start)
  if (a.length < b.length) return a.slice(start) === b.slice(start + 1)
  if (a.slice(start + 1) === b.slice(start + 1)) return true
  return a[start] === b[start + 1] && a[start + 1] === b[start] && a.slice(start + 2) === b.slice(start + 2)
}
