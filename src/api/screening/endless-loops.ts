import type { ReadText, Told } from './language-rules.ts'
import { CODE, IN_STRING, NEWLINE } from './lexers/tokens.ts'

export interface LoopStart {
  /** Index of the token that is reported. */
  index: number
  /** Index of the first token of its body. */
  body: number
}

interface OpenLoop extends LoopStart {
  /** Open brackets, blocks or columns at its beginning; its body is deeper. */
  level: number
  /** The body is one statement without brackets. */
  single: boolean
}

/** Loops nested deeper are not followed on their own; what they hold counts for those around them. */
const MAX_OPEN = 64

/**
 * Applies the rules about loops: one pass over the tokens from the first loop on, with a stack of open loops. For each
 * rule it is enough to know where the last word stood that it minds.
 * @param loops in the order of their places
 * @param maxEach so many of each rule are told
 * @param besides for each loop rule, whether what it wants beside a loop was found
 */
export function endlessLoops(
  read: ReadText,
  loops: readonly LoopStart[],
  maxEach: number,
  besides: Uint8Array,
): (Told & { index: number })[] {
  const found: (Told & { index: number })[] = []
  const first = loops[0]?.index
  if (first === undefined) return found
  const { tokens, rules } = read
  const { codes, count } = tokens
  const { callsOf, unlessOf, loopRules, isLoopMark } = rules
  const style = rules.lexer.loops.body
  const [opener, closer] =
    style === 'braces' ? [123, 125] : [rules.vocabulary.codeOf('do'), rules.vocabulary.codeOf('done')]
  const lastCall = loopRules.map(() => -1)
  const lastUnless = loopRules.map(() => -1)
  const counts = loopRules.map(() => 0)
  const open: OpenLoop[] = []
  let level = 0
  let next = 0
  let nextBody = loops[0]?.body ?? Infinity

  const note = (last: number[], bits: number, index: number) => {
    for (let bit = 0; bit < last.length; bit++) if ((bits & (1 << bit)) !== 0) last[bit] = index
  }
  const close = () => {
    const loop = open.pop()
    if (!loop) return
    for (const [bit, { rule, suspect, hasCalls, hasBeside }] of loopRules.entries()) {
      if (counts[bit]! >= maxEach || (hasBeside && besides[bit] === 0)) continue
      if (lastUnless[bit]! < loop.index && (!hasCalls || lastCall[bit]! > loop.index)) {
        counts[bit]!++
        found.push({ rule, suspect, index: loop.index })
      }
    }
  }
  for (let i = first; i < count; i++) {
    const mark = codes[i]!
    const code = mark & CODE
    if (isLoopMark[code] === 1 && (mark & IN_STRING) === 0) {
      if (callsOf[code] !== 0) note(lastCall, callsOf[code]!, i)
      if (unlessOf[code] !== 0) note(lastUnless, unlessOf[code]!, i)
      if (style === 'indentation') {
        if (code === NEWLINE) {
          const column = columnAfter(read, i)
          while (open.length > 0 && open.at(-1)!.level >= column) close()
        }
      } else if (code === opener) level++
      else if (code === closer) {
        level--
        while (open.length > 0 && open.at(-1)!.level >= level) close()
      } else if (code === 59) {
        while (open.at(-1)?.single && open.at(-1)!.level === level) close()
      }
    }
    while (nextBody <= i + 1) {
      const loop = loops[next++]!
      nextBody = loops[next]?.body ?? Infinity
      if (open.length >= MAX_OPEN) continue
      if (style === 'indentation') open.push({ ...loop, level: columnOf(read, loop.index), single: false })
      else if (style === 'do-done' || (codes[loop.body - 1]! & CODE) === opener) {
        open.push({ ...loop, level: level - 1, single: false })
      } else if ((codes[loop.body]! & CODE) === opener) open.push({ ...loop, level, single: false })
      else open.push({ ...loop, level, single: true })
    }
  }
  while (open.length > 0) close()
  return found.toSorted((a, b) => a.index - b.index)
}

/** Column of the first token after a line end. */
function columnAfter({ tokens: { starts, count } }: ReadText, index: number): number {
  return index + 1 < count ? starts[index + 1]! - starts[index]! - 1 : 0
}

/** Column of the first token of the line that a token stands in. */
function columnOf(read: ReadText, index: number): number {
  const { tokens } = read
  for (let i = index; i > 0 && i > index - 32; i--) {
    tokens.steps++
    if (tokens.codes[i - 1] === NEWLINE) return columnAfter(read, i - 1)
  }
  return index < 32 ? tokens.starts[0]! : 0
}
