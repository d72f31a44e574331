import { LEXERS, type ScreenedLanguage } from './lexers/lexers.ts'
import type { Lexer } from './lexers/lexer.ts'
import { plain } from './lexers/plain.ts'
import { linkPattern, neighbours, wordsOf, type LinkedPattern } from './linked-pattern.ts'
import { parsePattern, type Pattern, type PatternKind } from './pattern.ts'
import type { Match, Patterned, Rule, Rules } from './rule.ts'
import { COMMAND_STARTERS, LIST_WORDS, SYSTEM_FOLDERS } from './shell-words.ts'
import { IN_STRING, NEWLINE, type Tokens } from './lexers/tokens.ts'
import { createVocabulary, type Vocabulary } from './lexers/vocabulary.ts'

/** The rule that a match is told of, and whether an honest program may have it too. */
export interface Told {
  rule: number
  suspect: boolean
}

/** What a pattern is for when it matches. */
export type Purpose =
  | ({ kind: 'rule' } & Told)
  | ({ kind: 'part'; group: number; bit: number } & Told)
  | { kind: 'beside'; loop: number }
  | { kind: 'runner' }
  | { kind: 'call' }
  | { kind: 'loop' }
  | { kind: 'ending' }

export interface BoundPattern {
  pattern: LinkedPattern
  purpose: Purpose
  /** Tokens that may follow the anchor, by code; undefined when any may. Most of what does not match ends here. */
  next: Uint8Array | undefined
  /** Tokens that may follow after that one. */
  second: Uint8Array | undefined
  /** Tokens that may stand before the anchor. */
  previous: Uint8Array | undefined
}

/** The patterns whose anchor is one word. */
export interface Anchored {
  bounds: BoundPattern[]
  /** Tokens that may follow the word in any of them, by code; undefined when any may. */
  next: Uint8Array | undefined
}

/** One rule about loops: its bit in the masks of words. */
export interface LoopRule extends Told {
  hasCalls: boolean
  /** It holds only in a text where one of its own patterns was found. */
  hasBeside: boolean
}

/** The rules that hold for one language, ready to be looked for. */
export interface LanguageRules {
  lexer: Lexer
  /** Its code is shell text. */
  isShell: boolean
  vocabulary: Vocabulary
  /** 1 where there are such patterns. */
  isAnchor: Uint8Array
  isOperator: Uint8Array
  isStarter: Uint8Array
  isListWord: Uint8Array
  isSystemFolder: Uint8Array
  isHome: Uint8Array
  isDev: Uint8Array
  /** Patterns by their anchor: its code, with IN_STRING for those that look there. */
  patterns: (Anchored | undefined)[]
  selfPipeRules: Told[]
  loopRules: LoopRule[]
  /** By a word's code: bits of the loop rules it is a call of, or keeps from matching. */
  callsOf: Int32Array
  unlessOf: Int32Array
  /** 1 for every code that the pass over loops minds. */
  isLoopMark: Uint8Array
  /** Bits of all parts of each list under `together`, by group. */
  groupBits: number[]
  /** How many rules there are, those for other languages included. */
  ruleCount: number
  /** 1 for each rule that spares a text that speaks of its own machine alone. */
  isOutside: Uint8Array
}

/** A text with its tokens and the rules it is read by. */
export interface ReadText {
  text: string
  tokens: Tokens
  rules: LanguageRules
  isShell: boolean
}

const KINDS = ['code', 'command', 'text', 'string'] as const satisfies PatternKind[]
/** Loop rules are bits of a number. */
const MAX_LOOP_RULES = 31

type Parsed = { pattern: Pattern; kind: PatternKind; purpose: Purpose }

/** Gathers the rules of one language; `undefined` is text of no known language. */
export function languageRules(all: Rules, language: ScreenedLanguage | undefined): LanguageRules {
  const lexer = language === undefined ? plain : LEXERS[language]
  const isShell = language === 'bash'
  const applying = all.rules.flatMap((rule, index) => (holdsFor(rule, language) ? [{ rule, index }] : []))
  const parsed: Parsed[] = []
  const groupBits: number[] = []
  const add = (patterned: Patterned, purpose: Purpose) => {
    for (const kind of KINDS) {
      for (const source of patterned[kind] ?? []) parsed.push({ pattern: parsePattern(source, kind), kind, purpose })
    }
  }
  const matches = applying.flatMap(({ rule, index }): (Told & { match: Match })[] => [
    { rule: index, suspect: false, match: rule.match },
    ...(rule.suspect ? [{ rule: index, suspect: true, match: rule.suspect }] : []),
  ])
  for (const { match, rule, suspect } of matches) {
    add(match, { kind: 'rule', rule, suspect })
    for (const parts of match.together ?? []) {
      parts.forEach((part, i) => add(part, { kind: 'part', rule, suspect, group: groupBits.length, bit: 1 << i }))
      groupBits.push((1 << parts.length) - 1)
    }
  }
  if (language !== undefined) {
    add({ code: all.runners[language] ?? [] }, { kind: 'runner' })
    add({ code: all.calls[language] ?? [] }, { kind: 'call' })
  }
  if (lexer.ending !== undefined) add({ code: [`<newline> ${lexer.ending}`] }, { kind: 'ending' })
  const loops = matches
    .flatMap(({ match: { loop }, rule, suspect }) => (loop ? [{ loop, rule, suspect }] : []))
    .slice(0, MAX_LOOP_RULES)
  loops.forEach(({ loop }, index) => add(loop.beside ?? {}, { kind: 'beside', loop: index }))
  if (loops.length > 0) add({ code: [...lexer.loops.starts] }, { kind: 'loop' })
  const vocabulary = createVocabulary([
    ...parsed.flatMap(({ pattern }) => wordsOf(pattern)),
    ...loops.flatMap(({ loop }) => [...(loop.calls ?? []), ...loop.unless]),
    ...lexer.operators,
    ...COMMAND_STARTERS,
    ...LIST_WORDS,
    ...SYSTEM_FOLDERS,
    'HOME',
    'dev',
    'done',
    'do',
  ])
  const flags = (words: readonly string[]) => {
    const flagged = new Uint8Array(vocabulary.size)
    for (const word of words) flagged[vocabulary.codeOf(word)] = 1
    return flagged
  }
  const bounds: (BoundPattern[] | undefined)[] = Array.from({ length: IN_STRING + vocabulary.size })
  const isAnchor = new Uint8Array(2 * IN_STRING)
  for (const { pattern, kind, purpose } of parsed) {
    const linked = linkPattern(pattern, kind, vocabulary, isShell)
    const bound = { pattern: linked, purpose, ...neighbours(linked, vocabulary.size) }
    const { codes, where } = linked.anchor
    const words = where === 'string' ? [] : codes
    const inStrings = where === 'code' ? [] : codes.map((code) => code | IN_STRING)
    for (const word of [...words, ...inStrings]) {
      ;(bounds[word] ??= []).push(bound)
      isAnchor[word] = 1
    }
  }
  const bits = (field: 'calls' | 'unless') => {
    const mask = new Int32Array(vocabulary.size)
    loops.forEach(({ loop }, bit) => {
      for (const word of loop[field] ?? []) mask[vocabulary.codeOf(word)]! |= 1 << bit
    })
    return mask
  }
  const callsOf = bits('calls')
  const unlessOf = bits('unless')
  const isLoopMark = Uint8Array.from(callsOf, (mask, code) => Number(mask !== 0 || unlessOf[code] !== 0))
  for (const code of [NEWLINE, 59, 123, 125, vocabulary.codeOf('do'), vocabulary.codeOf('done')]) isLoopMark[code] = 1
  return {
    lexer,
    isShell,
    vocabulary,
    isAnchor,
    isOperator: flags(lexer.operators),
    isStarter: flags(COMMAND_STARTERS),
    isListWord: flags(LIST_WORDS),
    isSystemFolder: flags(SYSTEM_FOLDERS),
    isHome: flags(['HOME']),
    isDev: flags(['dev']),
    patterns: bounds.map((list) => list && anchored(list)),
    selfPipeRules: matches.filter(({ match }) => match.selfPipe),
    loopRules: loops.map(({ loop, rule, suspect }) => ({
      rule,
      suspect,
      hasCalls: loop.calls !== undefined,
      hasBeside: loop.beside !== undefined,
    })),
    callsOf,
    unlessOf,
    isLoopMark,
    groupBits,
    ruleCount: all.rules.length,
    isOutside: Uint8Array.from(all.rules, (rule) => Number(rule.outside ?? false)),
  }
}

function anchored(bounds: BoundPattern[]): Anchored {
  const tables = bounds.flatMap(({ next }) => (next ? [next] : []))
  return {
    bounds,
    next:
      tables.length < bounds.length
        ? undefined
        : tables[0]!.map((_, code) => Math.max(...tables.map((may) => may[code]!))),
  }
}

function holdsFor(rule: Rule, language: ScreenedLanguage | undefined): boolean {
  return rule.languages === 'any' || (language !== undefined && rule.languages.includes(language))
}
