import type { Finding } from '../../shared/security/finding.ts'
import type { ScreeningPolicy } from '../../shared/screening-policy.ts'
import { suspiciousName } from './dependencies.ts'
import { fileLanguages, type ScreenedData } from './file-languages.ts'
import { languageRules, type LanguageRules } from './language-rules.ts'
import { isScreened, type ScreenedLanguage } from './lexers/lexers.ts'
import type { Rules } from './rule.ts'
import { screenText, type Hit } from './screen-text.ts'
import type { Subject } from './subject.ts'
import { createTokens } from './lexers/tokens.ts'
import { withoutComments } from '../../shared/without-comments.ts'

/** At most so many findings of one submission are told; what blocks comes before what warns. */
export const MAX_FINDINGS = 20

export const TOO_MUCH_TO_SCREEN = 'too-much-to-screen'

export interface Screening {
  /** What the rules say of a submission, ordered: what blocks first, then by place. Never throws. */
  screen: (subject: Subject, policy: ScreeningPolicy) => Finding[]
  /** Whether one of the findings refuses the submission. */
  isBlocked: (findings: readonly Finding[]) => boolean
}

/**
 * Screens programs before they run; see docs/screening.md.
 * @param rules those of `loadRules`, whose patterns have been tried
 * @param languages all there are: how their files are called, and those without rules of their own are written
 */
export function createScreening(rules: Rules, languages: readonly ScreenedData[] = []): Screening {
  const plain = languageRules(rules, undefined)
  // Those of a language are gathered once a program in it comes: to gather all of them is a third of what a gateway's start takes.
  const gathered = new Map<ScreenedLanguage, LanguageRules>()
  const rulesOf = (language: ScreenedLanguage) => {
    const known = gathered.get(language) ?? languageRules(rules, language)
    gathered.set(language, known)
    return known
  }
  const syntaxes = new Map(languages.map(({ id, syntax }) => [id, syntax]))
  const languageOfFile = fileLanguages(languages)
  const tokens = createTokens()

  const screenOne = (language: string | undefined, text: string) => {
    const syntax = language === undefined ? undefined : syntaxes.get(language)
    const like = syntax !== undefined && 'like' in syntax ? syntax.like : language
    if (isScreened(like)) return screenText(text, rulesOf(like), tokens)
    return screenText(syntax && !('like' in syntax) ? withoutComments(text, syntax) : text, plain, tokens)
  }
  const severityOf = ({ rule, sure }: Hit, policy: ScreeningPolicy): Finding['severity'] => {
    const { severity, scope } = rules.rules[rule]!
    return policy === 'standard' && (scope === 'language' || !sure) ? 'warn' : severity
  }
  const findingsIn = (pointer: string, text: string, hits: Hit[], policy: ScreeningPolicy): Finding[] => {
    const ordered = hits.toSorted((a, b) => a.offset - b.offset)
    const places = placesOf(
      text,
      ordered.map(({ offset }) => offset),
    )
    const findings = ordered.map((one, index) => ({
      rule: rules.rules[one.rule]!.id,
      severity: severityOf(one, policy),
      reason: rules.rules[one.rule]!.reason,
      pointer,
      ...places[index]!,
    }))
    // One pattern may lie within another of the same rule; of these, one that blocks is told.
    const blocksFirst = [...findings.filter(isBlock), ...findings.filter((one) => !isBlock(one))]
    const chosen = blocksFirst.filter(
      (one, index) => !blocksFirst.slice(0, index).some(({ rule, line }) => rule === one.rule && line === one.line),
    )
    return findings.filter((one) => chosen.includes(one))
  }
  return {
    screen({ texts, dependencies }, policy) {
      if (policy === 'off') return []
      const screened = texts.map(({ path = '', language, text }) => screenOne(languageOfFile(path) ?? language, text))
      const runsCommands = screened.some((one) => one.runsCommands)
      const findings = texts.flatMap(({ pointer, text }, index) => {
        const hits = screened[index]!.hits.filter(({ dormant }) => runsCommands || !dormant)
        const { gaveUpAt } = screened[index]!
        return [...findingsIn(pointer, text, hits, policy), ...gaveUp(pointer, text, gaveUpAt)]
      })
      for (const { pointer, language, name } of dependencies) {
        const suspicious = suspiciousName(rules.dependencies, language, name)
        if (!suspicious) continue
        const { rule, reason } = suspicious
        const [place] = placesOf(name, [0])
        findings.push({ rule, severity: 'block', reason, pointer, ...place! })
      }
      const blocks = findings.filter(isBlock)
      const warnings = findings.filter((one) => !isBlock(one))
      return [...blocks, ...warnings].slice(0, MAX_FINDINGS)
    },
    isBlocked: (findings) => findings.some(isBlock),
  }
}

const isBlock = ({ severity }: Pick<Finding, 'severity'>): boolean => severity === 'block'

function gaveUp(pointer: string, text: string, offset: number | undefined): Finding[] {
  if (offset === undefined) return []
  const reason = 'the text has more places that must be looked at closely than any honest program'
  return placesOf(text, [offset]).map((place) => ({
    rule: TOO_MUCH_TO_SCREEN,
    severity: 'block',
    reason,
    pointer,
    ...place,
  }))
}

const MAX_EXCERPT = 120
const BEFORE = 40

interface Place {
  /** From 1. */
  line: number
  /** From 1, in UTF-16 units. */
  column: number
  /** The line, at most 120 characters of it around the place; control characters are replaced by spaces. */
  excerpt: string
}

/** Where offsets of a text stand, given in rising order: one pass over the text. */
function placesOf(text: string, offsets: number[]): Place[] {
  let line = 1
  let lineStart = 0
  let at = 0
  return offsets.map((offset) => {
    for (; at < offset; at++) {
      if (text.charCodeAt(at) === 10) {
        line++
        lineStart = at + 1
      }
    }
    return { line, column: offset - lineStart + 1, excerpt: excerptOf(text, lineStart, offset) }
  })
}

function excerptOf(text: string, lineStart: number, offset: number): string {
  const from = Math.max(lineStart, offset - BEFORE)
  const window = text.slice(from, from + MAX_EXCERPT)
  const end = window.indexOf('\n', offset - from)
  const line = end < 0 ? window : window.slice(0, end)
  return line.replaceAll(/[\p{Cc}\p{Cs}\p{Cf}\u2028\u2029]/gu, ' ').trim()
}
