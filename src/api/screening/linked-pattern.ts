import type { Pattern, PatternKind, Step } from './pattern.ts'
import { LIST_MARKS } from './shell-words.ts'
import { NEWLINE, STRING } from './lexers/tokens.ts'
import type { Vocabulary } from './lexers/vocabulary.ts'

/** A step with its words as codes of one vocabulary. */
export type LinkedStep =
  | {
      kind: 'token'
      codes: number[]
      negated: boolean
      optional: boolean
      where: 'code' | 'string' | 'any'
      glued: boolean
    }
  | Exclude<Step, { kind: 'token' }>

export interface LinkedPattern {
  kind: PatternKind
  /** Steps before the anchor, the nearest first. */
  before: LinkedStep[]
  anchor: LinkedStep & { kind: 'token' }
  after: LinkedStep[]
  /** How many tokens before the anchor the match begins: steps that only say what must not stand there do not count. */
  lead: number
}

/** @param isShell the language's code is shell text; else shell text stands in strings alone */
export function linkPattern(
  pattern: Pattern,
  kind: PatternKind,
  vocabulary: Vocabulary,
  isShell: boolean,
): LinkedPattern {
  const steps = pattern.steps.map((step) => linkStep(step, vocabulary))
  const anchor = steps[pattern.anchor]
  if (anchor?.kind !== 'token') throw new Error('a pattern begins at a word')
  const before = steps.slice(0, pattern.anchor).reverse()
  const lead = 1 + before.findLastIndex((step) => step.kind !== 'token' || !step.negated)
  const where = kind === 'code' || isShell ? anchor.where : 'string'
  return { kind, before, anchor: { ...anchor, where }, after: steps.slice(pattern.anchor + 1), lead }
}

function linkStep(step: Step, vocabulary: Vocabulary): LinkedStep {
  if (step.kind !== 'token') return step
  const { words, ...marks } = step
  return { ...marks, codes: words.map((word) => codeOf(word, vocabulary)) }
}

function codeOf(word: string, vocabulary: Vocabulary): number {
  if (word === '\n') return NEWLINE
  return /^[\w$]/.test(word) && !(word === '$') ? vocabulary.codeOf(word) : word.charCodeAt(0)
}

/** The words a pattern needs in its vocabulary. */
export function wordsOf(pattern: Pattern): string[] {
  return pattern.steps.flatMap((step) =>
    step.kind === 'token' ? step.words.filter((word) => /^[\w$]/.test(word)) : [],
  )
}

/** Which tokens may follow the anchor of a pattern and which may stand before it, by code; undefined when any may. */
export function neighbours(pattern: LinkedPattern, size: number): Neighbours {
  const [first] = pattern.after
  const fixed = pattern.kind === 'code' && first?.kind === 'token' && !first.optional
  return {
    next: followers(pattern.kind, pattern.after, size),
    second: fixed ? followers(pattern.kind, pattern.after.slice(1), size) : undefined,
    previous: previousOf(pattern, size),
  }
}

interface Neighbours {
  next: Uint8Array | undefined
  second: Uint8Array | undefined
  previous: Uint8Array | undefined
}

function followers(kind: PatternKind, after: LinkedStep[], size: number): Uint8Array | undefined {
  const may = new Uint8Array(size)
  may[STRING] = may[NEWLINE] = 1
  // Between the strings of an argument list stands what `nextWord` passes over, words of lists included.
  if (kind !== 'code') for (const mark of LIST_MARKS) may[mark] = 1
  for (const step of after) {
    if (step.kind === 'string') return may
    if (step.kind === 'option') {
      may[45] = 1
      return may
    }
    if (step.kind === 'call') {
      may[40] = 1
      return may
    }
    if (step.kind !== 'token' || step.negated) return undefined
    for (const code of step.codes) may[code] = 1
    if (!step.optional) return may
  }
  return undefined
}

function previousOf({ before }: LinkedPattern, size: number): Uint8Array | undefined {
  const [step] = before
  if (step?.kind !== 'token' || step.where === 'string') return undefined
  const may = new Uint8Array(size).fill(step.negated ? 1 : 0)
  for (const code of step.codes) may[code] = step.negated ? 0 : 1
  return may
}
