import type { Marks } from './syntax.ts'

interface Opener {
  mark: string
  /** Undefined when the line's end closes it. */
  closer: string | undefined
  isComment: boolean
  /** Where it may stand: after anything, after white space, or first on its line. */
  after: 'anything' | 'space' | 'line-start'
  multiline: boolean
}

/**
 * A text with spaces in place of its comments, every other character where it was. Where it is unsure what a text is, it leaves it:
 * what is taken for a string is kept. Time is linear in the text's length.
 */
export function withoutComments(text: string, syntax: Marks): string {
  const openers = openersOf(syntax)
  const pieces: string[] = []
  let kept = 0
  let at = 0
  while (at < text.length) {
    const opener = openers.get(text[at]!)?.find((one) => text.startsWith(one.mark, at) && mayStand(one, text, at))
    if (opener === undefined) at++
    else if (opener.isComment) {
      const end = endOfComment(text, at, opener, syntax.nested ?? false)
      pieces.push(text.slice(kept, at), text.slice(at, end).replaceAll(/[^\r\n]/g, ' '))
      kept = at = end
    } else at = endOfString(text, at + opener.mark.length, opener, syntax.escapes ?? true)
  }
  pieces.push(text.slice(kept))
  return pieces.join('')
}

/** By their first character, the longest mark first. */
function openersOf({ comments, strings }: Marks): Map<string, Opener[]> {
  const all = [...comments.map((one) => openerOf(one, true)), ...strings.map((one) => openerOf(one, false))].sort(
    (a, b) => b.mark.length - a.mark.length,
  )
  const byFirst = new Map<string, Opener[]>()
  for (const one of all) byFirst.set(one.mark[0]!, [...(byFirst.get(one.mark[0]!) ?? []), one])
  return byFirst
}

function openerOf(one: string | [string, string], isComment: boolean): Opener {
  if (typeof one !== 'string') {
    return { mark: one[0], closer: one[1], isComment, after: 'anything', multiline: true }
  }
  const first = isComment && one.startsWith('^') && one.length > 1
  const mark = first ? one.slice(1) : one
  const after = first ? 'line-start' : isComment && mark === '#' ? 'space' : 'anything'
  return { mark, closer: isComment ? undefined : mark, isComment, after, multiline: false }
}

function mayStand({ after }: Opener, text: string, at: number): boolean {
  if (after === 'anything' || at === 0) return true
  if (after === 'space') return /\s/.test(text[at - 1]!)
  // A bounded look back keeps the time linear.
  return /(?:^|\n)[ \t]*$/.test(text.slice(Math.max(0, at - 200), at))
}

function endOfComment(text: string, at: number, { mark, closer }: Opener, nested: boolean): number {
  if (closer === undefined) return endOr(text, text.indexOf('\n', at), 0)
  const from = at + mark.length
  if (!nested) return endOr(text, text.indexOf(closer, from), closer.length)
  let depth = 1
  for (let i = from; i < text.length; i++) {
    if (text.startsWith(closer, i)) {
      i += closer.length - 1
      if (--depth === 0) return i + 1
    } else if (text.startsWith(mark, i)) {
      i += mark.length - 1
      depth++
    }
  }
  return text.length
}

function endOfString(text: string, from: number, { closer = '', multiline }: Opener, escapes: boolean): number {
  for (let i = from; i < text.length; i++) {
    if (escapes && text[i] === '\\') i++
    else if (text.startsWith(closer, i)) return i + closer.length
    else if (!multiline && text[i] === '\n') return i
  }
  return text.length
}

const endOr = (text: string, found: number, length: number) => (found < 0 ? text.length : found + length)
