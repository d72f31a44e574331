import type { RequestTest } from '../requests.ts'
import type { ProblemFault } from './problem.ts'

/** Names that look like an input or an answer, and are neither. */
const LIKE_INPUT = /^(.+)\.(?:in|input|in\.txt)$/i
const LIKE_ANSWER = /^(.+)\.(?:ans|out|answer|output|expected|sol|(?:ans|out)\.txt)$/i

/**
 * What of a plain folder is not judged with, though its name says that it is meant to be: files that are no tests by their spelling, second answers, and tests
 * without an answer beside others that have one.
 * @param isOwn whether a file is named by the settings, or part of another thing
 */
export function folderNotes(
  paths: Iterable<string>,
  tests: readonly RequestTest[],
  isOwn: (path: string) => boolean,
): ProblemFault[] {
  const all = new Set(paths)
  const notes = [...all].flatMap((path): ProblemFault[] => {
    if (isOwn(path)) return []
    const [, answered] = /^(.+)\.out$/.exec(path) ?? []
    if (answered !== undefined && all.has(`${answered}.ans`))
      return [{ path, detail: `is not read: the answer of ${answered}.in is ${answered}.ans` }]
    if (/\.(?:in|ans|out)$/.test(path)) return []
    const [, input] = LIKE_INPUT.exec(path) ?? []
    if (input !== undefined) return [{ path, detail: `is no test; one would be called ${input}.in` }]
    const [, answer] = LIKE_ANSWER.exec(path) ?? []
    return answer === undefined
      ? []
      : [{ path, detail: `is no answer; one would be called ${answer}.ans or ${answer}.out` }]
  })
  // A judge of its own may need none; whoever gives some has forgotten the others.
  const hasAnswers = tests.some(({ answer }) => answer !== undefined)
  const without = hasAnswers ? tests.filter(({ answer }) => answer === undefined) : []
  return [
    ...notes,
    ...without.map(({ name }) => ({
      path: `${name}.in`,
      detail: `has no answer, as others have: there is neither ${name}.ans nor ${name}.out`,
    })),
  ]
}
