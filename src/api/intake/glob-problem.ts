import { MAX_GLOB_PARTS } from '../../shared/artifact.ts'
import { pathProblem } from '../../shared/path-problem.ts'

/** Sets that have an end; a `]` right behind the beginning is a member. */
const WHOLE_SETS = /^(?:[^[]|\[(?:![^]|[^!])[^\]]*\])*$/

/**
 * Why a pattern cannot say which files are artifacts. Patterns are `*`, `?`, sets such as `[a-z]` and `[!0-9]`, and `**` as a
 * whole part of the path, for any number of folders.
 * @returns a sentence without a subject, or undefined when it can
 */
export function globProblem(glob: string): string | undefined {
  const wrong = pathProblem(glob)
  if (wrong !== undefined) return wrong
  const parts = glob.split('/')
  if (parts.length > MAX_GLOB_PARTS) return `must not have over ${MAX_GLOB_PARTS} parts`
  for (const part of parts) {
    if (part.includes('**') && part !== '**') return 'must not hold "**" beside anything else between two slashes'
    if (!WHOLE_SETS.test(part)) return 'must not hold "[" without its "]"'
  }
  return undefined
}
