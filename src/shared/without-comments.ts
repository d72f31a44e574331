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
export const withoutComments = (text: string, syntax: Marks): string =>
  [...piecesWithoutComments(text, syntax)].join('')

/** Of one piece, so that other work can go on after each. */
const PIECE = 4096

/** The same in pieces, each made in well under a millisecond, unless a string or a line is longer than most files. */
export function* piecesWithoutComments(text: string, syntax: Marks): Generator<string, void, void> {
  const openers = openersOf(syntax)
  let kept = 0
  let at = 0
  while (at < text.length) {
    for (; at - kept >= PIECE; kept += PIECE) yield text.slice(kept, kept + PIECE)
    const opener = openers.get(text[at]!)?.find((one) => text.startsWith(one.mark, at) && mayStand(one, text, at))
    if (opener === undefined) at++
    else if (opener.isComment) {
      const end = endOfComment(text, at, opener, syntax.nested ?? false)
      yield text.slice(kept, at)
      for (; at < end; at += PIECE) yield text.slice(at, Math.min(end, at + PIECE)).replaceAll(/[^\r\n]/g, ' ')
      kept = at = end
    } else at = endOfString(text, at + opener.mark.length, opener, syntax.escapes ?? true)
  }
  yield text.slice(kept)
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
  const [ends, begins] = [closer.charCodeAt(0), mark.charCodeAt(0)]
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === ends && text.startsWith(closer, i)) {
      i += closer.length - 1
      if (--depth === 0) return i + 1
    } else if (code === begins && text.startsWith(mark, i)) {
      i += mark.length - 1
      depth++
    }
  }
  return text.length
}

function endOfString(text: string, from: number, { closer = '', multiline }: Opener, escapes: boolean): number {
  // Of each character its code alone: a string may be as long as a file.
  const [ends, escape, line] = [closer.charCodeAt(0), '\\'.charCodeAt(0), '\n'.charCodeAt(0)]
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (escapes && code === escape) i++
    else if (code === ends && text.startsWith(closer, i)) return i + closer.length
    else if (!multiline && code === line) return i
  }
  return text.length
}

const endOr = (text: string, found: number, length: number) => (found < 0 ? text.length : found + length)
