import type { LinkedPattern, LinkedStep } from './linked-pattern.ts'
import { isDevice, isHost, isRoot, nextWord } from './shell-words.ts'
import {
  CODE,
  FIRST_WORD,
  INTERPOLATION,
  IN_STRING,
  isGlued,
  NEWLINE,
  NONE,
  OTHER,
  SPACE_BEFORE,
  STRING,
} from './lexers/tokens.ts'
import type { ReadText } from './language-rules.ts'

/** A gap skips at most so many tokens, and never past the end of a statement or the pattern's own first word. */
const MAX_GAP = 16
/** How far the end of a call's arguments is looked for, in tokens. */
const MAX_CALL = 48

/**
 * Whether a pattern matches around the token at `index`, whose word is that of the anchor. That a command may begin there is
 * for the caller to know.
 * @returns the index after the last token it took, or -1
 */
export function matchPattern(read: ReadText, pattern: LinkedPattern, index: number): number {
  const { codes } = read.tokens
  const { anchor, before, after } = pattern
  const mark = codes[index]!
  read.tokens.steps++
  if (!fits(mark, anchor.where)) return -1
  if (anchor.glued && !isGlued(read.tokens, index)) return -1
  for (let k = 0; k < before.length; k++) {
    const at = index - 1 - k
    read.tokens.steps++
    if (at < 0 ? !(before[k] as { negated?: boolean }).negated : matchStep(read, before[k]!, at) < 0) return -1
  }
  const shell = pattern.kind !== 'code'
  let k = 0
  let at = nextWord(read, index, shell)
  let gap = -1
  let gapAt = 0
  let gapLeft = 0
  let inLiteral = false
  while (k < after.length) {
    read.tokens.steps++
    const step = after[k]!
    if (step.kind === 'gap') {
      gap = ++k
      gapAt = at
      inLiteral = step.inLiteral
      gapLeft = inLiteral ? Infinity : MAX_GAP
      continue
    }
    const next = matchStep(read, step, at)
    if (next >= 0) {
      at = shell && next > at ? nextWord(read, next - 1, true) : next
      k++
    } else if (step.kind === 'token' && step.optional) {
      k++
    } else {
      if (gap < 0 || gapLeft-- <= 0 || !mayBeSkipped(codes[gapAt]!, anchor.codes, inLiteral)) return -1
      gapAt = nextWord(read, gapAt, shell)
      at = gapAt
      k = gap
    }
  }
  return at
}

function fits(mark: number, where: 'code' | 'string' | 'any'): boolean {
  return where === 'any' || (where === 'string') === ((mark & IN_STRING) !== 0)
}

function mayBeSkipped(mark: number, anchors: number[], inLiteral: boolean): boolean {
  const code = mark & CODE
  if (inLiteral) return (mark & IN_STRING) !== 0
  return code !== NONE && code !== NEWLINE && code !== 59 && !anchors.includes(code)
}

/** @returns the index after what the step took, or -1 */
function matchStep(read: ReadText, step: LinkedStep, index: number): number {
  const { codes } = read.tokens
  let at = index
  // Inside brackets a line end means nothing; patterns that mind it name it.
  if (codes[at] === NEWLINE && at > 0 && isOpening(codes[at - 1]! & CODE)) at++
  // A word in a string comes after the token for the string's beginning.
  if (step.kind === 'token' && step.where === 'string' && (codes[at]! & CODE) === STRING) at++
  const mark = codes[at]!
  const code = mark & CODE
  switch (step.kind) {
    case 'token': {
      if (step.negated) return fits(mark, step.where) && step.codes.includes(code) ? -1 : at + 1
      if (!step.codes.includes(code) || !fits(mark, step.where)) return -1
      return step.glued && !isGlued(read.tokens, at) ? -1 : at + 1
    }
    case 'string':
      return mark !== NONE && code === STRING ? at + 1 : -1
    case 'rest': {
      while ((codes[at]! & IN_STRING) !== 0) at++
      read.tokens.steps += at - index
      return at
    }
    case 'hole': {
      while ((codes[at]! & IN_STRING) !== 0 && (codes[at]! & CODE) !== INTERPOLATION) at++
      read.tokens.steps += at - index
      return (codes[at]! & CODE) === INTERPOLATION ? at + 1 : -1
    }
    case 'end':
      return (mark & IN_STRING) === 0 ? at : -1
    case 'name':
      return isName(read, mark) ? at + 1 : -1
    case 'any':
      return code === NONE || code === NEWLINE ? -1 : at + 1
    case 'option':
      return option(read, at, step.letter)
    case 'root':
      return isRoot(read, at) ? at + 1 : -1
    case 'device':
      return isDevice(read, at) ? at + 4 : -1
    case 'host':
      return isHost(read, at) ? at + 1 : -1
    case 'call':
      return call(read, at)
    case 'gap':
      return -1
  }
}

/** A word of code that is no word of the language's own, after white space. */
function isName(read: ReadText, mark: number): boolean {
  const code = mark & CODE
  return (
    (mark & (IN_STRING | SPACE_BEFORE)) === SPACE_BEFORE &&
    (code === OTHER || code >= FIRST_WORD) &&
    read.rules.isOperator[code] !== 1
  )
}

function isOpening(code: number): boolean {
  return code === 40 || code === 44 || code === 91
}

/** `(` whose arguments are not followed by a body, as those of a method's definition are. */
function call({ tokens }: ReadText, index: number): number {
  const { codes } = tokens
  if (codes[index] !== 40 && codes[index] !== (40 | SPACE_BEFORE)) return -1
  let depth = 1
  let at = index + 1
  for (; at < index + MAX_CALL && depth > 0; at++) {
    const code = codes[at]! & (CODE | IN_STRING)
    if (code === NONE) return index + 1
    if (code === 40) depth++
    if (code === 41) depth--
  }
  tokens.steps += at - index
  const after = codes[at]! & CODE
  return depth === 0 && (after === 123 || after === 58) ? -1 : index + 1
}

/** `-x`, alone or among others as in `-rxf`, or a long option that begins with the letter. */
function option(read: ReadText, index: number, letter: string): number {
  const { codes, starts } = read.tokens
  if ((codes[index]! & CODE) !== 45) return -1
  let at = index + 1
  const long = (codes[at]! & CODE) === 45 && isGlued(read.tokens, at)
  if (long) at++
  if ((codes[at]! & CODE) < OTHER || !isGlued(read.tokens, at)) return -1
  const word = /^\w{1,24}/.exec(read.text.slice(starts[at], starts[at]! + 24))?.[0].toLowerCase() ?? ''
  return (long ? word.startsWith(letter) : word.includes(letter)) ? at + 1 : -1
}
