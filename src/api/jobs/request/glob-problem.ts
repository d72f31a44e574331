import { MAX_GLOB_PARTS, MAX_GLOBS } from '../../../shared/artifact.ts'
import { sentPathProblem } from '../../../shared/path-problem.ts'
import { BraceError, expandBraces } from './expand-braces.ts'

/** Sets that have an end; a `]` right behind the beginning is a member. */
const WHOLE_SETS = /^(?:[^[]|\[(?:![^]|[^!])[^\]]*\])*$/
const SUPPORTED = 'supported are *, ?, [a-z], [!a-z], {a,b} and **'

/**
 * Why a pattern cannot say which files are artifacts. Patterns are `*`, `?`, sets such as `[a-z]` and `[!0-9]`, alternatives such
 * as `{png,jpg}`, and `**` as a whole part of the path, for any number of folders.
 * @returns a sentence without a subject, or undefined when it can
 */
export function globProblem(glob: string): string | undefined {
  try {
    for (const one of expandBraces(glob, MAX_GLOBS)) {
      const problem = plainGlobProblem(one)
      if (problem !== undefined) return problem
    }
    return undefined
  } catch (error) {
    if (error instanceof BraceError) return error.message
    throw error
  }
}

/** All patterns, without braces. @throws BraceError for one that has a `globProblem` */
export const plainGlobs = (globs: readonly string[]): string[] => [
  ...new Set(globs.flatMap((glob) => expandBraces(glob, MAX_GLOBS))),
]

function plainGlobProblem(glob: string): string | undefined {
  if (glob.startsWith('!')) return `must not begin with "!": no pattern takes files away; ${SUPPORTED}`
  const wrong = sentPathProblem(glob)
  if (wrong !== undefined) return wrong
  const parts = glob.split('/')
  if (parts.length > MAX_GLOB_PARTS) return `must not have over ${MAX_GLOB_PARTS} parts`
  for (const part of parts) {
    if (part.includes('**') && part !== '**') return 'must not contain "**" beside anything else between two slashes'
    if (!WHOLE_SETS.test(part)) return 'must not contain "[" without its "]"; "[[]" is the character itself'
    const outside = part.replaceAll(/\[!?[^][^\]]*\]/g, '_')
    const extended = /[?*+@!]\(/.exec(outside)?.[0]
    if (extended !== undefined) return `must not contain "${extended}": ${SUPPORTED}; "[(]" is the character itself`
    if (/\[\^/.test(part)) return 'must not contain "[^": a set that does not match is [!a-z]'
    if (/\[\[[:.=]/.test(part)) return `must not contain "[[:": classes of characters are not supported; ${SUPPORTED}`
  }
  return undefined
}
