/** A pattern whose braces cannot be expanded; the message is a sentence without a subject. */
export class BraceError extends Error {}

/**
 * The globs that one with braces stands for, as shells have it: `*.{png,jpg}` is `*.png` and `*.jpg`. Braces may stand within
 * braces, alternatives may be empty; in a set (`[{]`) a brace is itself.
 * @param most how many globs it may become
 * @throws BraceError
 */
export function expandBraces(glob: string, most: number): string[] {
  const open = findBrace(glob)
  if (open < 0) return [glob]
  const { alternatives, end } = alternativesFrom(glob, open)
  const before = glob.slice(0, open)
  const after = glob.slice(end)
  const found: string[] = []
  for (const alternative of alternatives) {
    found.push(...expandBraces(`${before}${alternative}${after}`, most))
    if (found.length > most) throw new BraceError(`stands for more than ${most} patterns`)
  }
  return found
}

/** @returns the index of the first opening brace outside of sets; -1 without one */
function findBrace(glob: string): number {
  for (let at = 0; at < glob.length; at = next(glob, at)) {
    if (glob[at] === '{') return at
    if (glob[at] === '}') throw new BraceError('must not contain "}" without its "{"; "[}]" is the character itself')
  }
  return -1
}

/** What stands between a brace and its end, and where that is. */
function alternativesFrom(glob: string, open: number): { alternatives: string[]; end: number } {
  const alternatives: string[] = []
  let depth = 0
  let from = open + 1
  for (let at = open + 1; at < glob.length; at = next(glob, at)) {
    if (glob[at] === '{') depth++
    else if (glob[at] === '}' && depth > 0) depth--
    else if (glob[at] === '}' || (glob[at] === ',' && depth === 0)) {
      alternatives.push(glob.slice(from, at))
      from = at + 1
      if (glob[at] === ',') continue
      if (alternatives.length > 1) return { alternatives, end: at + 1 }
      const detail = `contains "{${alternatives[0] ?? ''}}", which has no comma: {a,b} stands for a or b`
      throw new BraceError(`${detail}, ranges such as {1..9} are not supported, "[{]" is the character itself`)
    }
  }
  throw new BraceError('must not contain "{" without its "}"; "[{]" is the character itself')
}

/** Behind one character, or behind a whole set. */
function next(glob: string, at: number): number {
  if (glob[at] !== '[') return at + 1
  const negated = glob[at + 1] === '!' ? 1 : 0
  const end = glob.indexOf(']', at + 2 + negated)
  return end < 0 ? at + 1 : end + 1
}
