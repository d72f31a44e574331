import type { Tell } from './problem.ts'
import type { Verdict } from './verdict.ts'
import { isMap, readYamlMap, wordsIn } from './yaml.ts'

export const CLAIMS_PATH = 'submissions/submissions.yaml'

/** What a file says of the submissions that a pattern of paths means. */
export interface SubmissionClaim {
  isOf: (name: string) => boolean
  /** Whether they may end so. */
  allows: (verdict: Verdict) => boolean
}

/** How a program ends with such a verdict of one test. */
const OF_TEST: Readonly<Record<string, readonly Verdict[]>> = {
  AC: ['accepted'],
  WA: ['wrong-answer', 'presentation-error'],
  TLE: ['time-limit'],
  RTE: ['runtime-error', 'memory-limit', 'output-limit'],
}
const MAX_CLAIMS = 1000
const MAX_PATTERN_CHARACTERS = 200

/**
 * Reads `submissions.yaml` of a Kattis package. Of each pattern `permitted` and `required` are read, as far as they say how a program ends: with a
 * verdict that is permitted, and, where a test is required to fail, not accepted. Scores, messages and what is said of single tests are not read.
 * @param tell gets faults, after which nothing is claimed
 */
export function readClaims(bytes: Buffer | undefined, tell: Tell): SubmissionClaim[] {
  const entries = Object.entries(readYamlMap(bytes, (detail) => tell(CLAIMS_PATH, detail)))
  if (entries.length > MAX_CLAIMS) {
    tell(CLAIMS_PATH, `has ${entries.length} patterns; ${MAX_CLAIMS} are allowed`)
    return []
  }
  return entries.flatMap(([pattern, claim]): SubmissionClaim[] => {
    if (pattern.length > MAX_PATTERN_CHARACTERS) {
      tell(CLAIMS_PATH, `has a pattern of ${pattern.length} characters; ${MAX_PATTERN_CHARACTERS} are allowed`)
      return []
    }
    if (claim !== null && !isMap(claim)) {
      tell(CLAIMS_PATH, `${pattern} is not a map of keys and values`)
      return []
    }
    const verdictsOf = (key: string): string[] | undefined => {
      const given = claim?.[key] ?? undefined
      const verdicts = given === undefined ? undefined : wordsIn(given)
      if (given === undefined || verdicts?.every((one) => Object.hasOwn(OF_TEST, one))) return verdicts
      tell(CLAIMS_PATH, `${pattern}: ${key} is no list of ${Object.keys(OF_TEST).join(', ')}`)
      return undefined
    }
    const permitted = verdictsOf('permitted')?.flatMap((one) => OF_TEST[one] ?? [])
    const mustFail = verdictsOf('required')?.includes('AC') === false
    const allows = (verdict: Verdict) => permitted?.includes(verdict) !== false && !(mustFail && verdict === 'accepted')
    return [{ isOf: (name) => isBelow(pattern, name), allows }]
  })
}

/** Whether a pattern means a path, or a folder that the path is in. Within a part `*` is any text, and `{a,b}` one of these. */
function isBelow(pattern: string, path: string): boolean {
  const parts = path.split('/')
  const patterns = pattern.replace(/\/$/, '').split('/')
  return patterns.length <= parts.length && patterns.every((one, index) => isLike(one, parts[index] ?? ''))
}

/** Follows all ways to read a part at once, so that no pattern takes longer than its length times that of the part. */
function isLike(pattern: string, part: string): boolean {
  let places = new Set([0])
  for (const [token] of pattern.matchAll(/\*|\{[^{}]*\}|[^]/g)) {
    const next = new Set<number>()
    if (token === '*') {
      for (let place = Math.min(...places); place <= part.length; place++) next.add(place)
    } else {
      const words = token.length > 1 ? token.slice(1, -1).split(',') : [token]
      for (const place of places) {
        for (const word of words) if (part.startsWith(word, place)) next.add(place + word.length)
      }
    }
    if (next.size === 0) return false
    places = next
  }
  return places.has(part.length)
}
