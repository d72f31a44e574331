import { LEXES, type ScreenedLanguage } from './lexis/lexes.ts'
import type { Lexis } from './lexis/lexis.ts'
import { plain } from './lexis/plain.ts'
import { linkPattern, neighbours, wordsOf, type LinkedPattern } from './linked-pattern.ts'
import { parsePattern, type Pattern, type PatternKind } from './pattern.ts'
import type { Patterned, Rule, Rules } from './rule.ts'
import { COMMAND_STARTERS, LIST_WORDS, SYSTEM_FOLDERS } from './shell-words.ts'
import { IN_STRING, NEWLINE, type Tokens } from './tokens.ts'
import { createVocabulary, type Vocabulary } from './vocabulary.ts'

/** What a pattern is for when it matches. */
export type Purpose =
  | { kind: 'rule'; rule: number }
  | { kind: 'part'; rule: number; group: number; bit: number }
  | { kind: 'runner' }
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
export interface LoopRule {
  rule: number
  hasCalls: boolean
}

/** The rules that hold for one language, ready to be looked for. */
export interface LanguageRules {
  lexis: Lexis
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
  selfPipeRules: number[]
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
  const lexis = language === undefined ? plain : LEXES[language]
  const isShell = language === 'bash'
  const held = all.rules.flatMap((rule, index) => (holdsFor(rule, language) ? [{ rule, index }] : []))
  const parsed: Parsed[] = []
  const groupBits: number[] = []
  const add = (patterned: Patterned, purpose: Purpose) => {
    for (const kind of KINDS) {
      for (const source of patterned[kind] ?? []) parsed.push({ pattern: parsePattern(source, kind), kind, purpose })
    }
  }
  for (const { rule, index } of held) {
    add(rule.match, { kind: 'rule', rule: index })
    for (const parts of rule.match.together ?? []) {
      parts.forEach((part, i) => add(part, { kind: 'part', rule: index, group: groupBits.length, bit: 1 << i }))
      groupBits.push((1 << parts.length) - 1)
    }
  }
  if (language !== undefined) add({ code: all.runners[language] ?? [] }, { kind: 'runner' })
  if (lexis.ending !== undefined) add({ code: [`<newline> ${lexis.ending}`] }, { kind: 'ending' })
  const loops = held.filter(({ rule }) => rule.match.loop).slice(0, MAX_LOOP_RULES)
  if (loops.length > 0) add({ code: [...lexis.loops.starts] }, { kind: 'loop' })
  const vocabulary = createVocabulary([
    ...parsed.flatMap(({ pattern }) => wordsOf(pattern)),
    ...loops.flatMap(({ rule }) => [...(rule.match.loop?.calls ?? []), ...(rule.match.loop?.unless ?? [])]),
    ...lexis.operators,
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
    loops.forEach(({ rule }, bit) => {
      for (const word of rule.match.loop?.[field] ?? []) mask[vocabulary.codeOf(word)]! |= 1 << bit
    })
    return mask
  }
  const callsOf = bits('calls')
  const unlessOf = bits('unless')
  const isLoopMark = Uint8Array.from(callsOf, (mask, code) => Number(mask !== 0 || unlessOf[code] !== 0))
  for (const code of [NEWLINE, 59, 123, 125, vocabulary.codeOf('do'), vocabulary.codeOf('done')]) isLoopMark[code] = 1
  return {
    lexis,
    isShell,
    vocabulary,
    isAnchor,
    isOperator: flags(lexis.operators),
    isStarter: flags(COMMAND_STARTERS),
    isListWord: flags(LIST_WORDS),
    isSystemFolder: flags(SYSTEM_FOLDERS),
    isHome: flags(['HOME']),
    isDev: flags(['dev']),
    patterns: bounds.map((list) => list && anchored(list)),
    selfPipeRules: held.filter(({ rule }) => rule.match.selfPipe).map(({ index }) => index),
    loopRules: loops.map(({ rule, index }) => ({ rule: index, hasCalls: rule.match.loop?.calls !== undefined })),
    callsOf,
    unlessOf,
    isLoopMark,
    groupBits,
    ruleCount: all.rules.length,
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
