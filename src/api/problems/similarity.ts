import type { Language } from '../../shared/language.ts'
import type { Marks } from '../../shared/syntax.ts'
import { withoutComments } from '../screening/without-comments.ts'

/** A program to be compared. */
export interface Program {
  id: string
  /** Programs of one author are not compared with each other. */
  author?: string | undefined
  files: readonly { path: string; text: string }[]
}

/** Where two programs are alike: lines from 1, both ends included. */
export interface LikePart {
  first: { path: string; from: number; to: number }
  second: { path: string; from: number; to: number }
}

export interface LikePair {
  first: string
  second: string
  /** Part of the smaller program's fingerprints that the other has too, 0 to 1. */
  similarity: number
  parts: LikePart[]
}

/** Tokens of one fingerprint: what is alike for fewer is chance. */
const GRAM = 14
/** Of so many fingerprints in a row one is kept, so that what is alike for `GRAM + WINDOW - 1` tokens is always found. */
const WINDOW = 8
/** What more than this part of the programs have is given to all of them, or follows from the problem. */
const COMMON = 0.5
/** With fewer programs nothing is common. */
const FEW = 6

const HASH: Marks = { comments: ['#'], strings: [['"""', '"""'], ["'''", "'''"], '"', "'"] }
const SLASHES: Marks = { comments: ['//', ['/*', '*/']], strings: ['"', "'", ['`', '`']] }
/** How programs in languages are read for which screening has a lexer of its own. */
const MARKS: Readonly<Record<string, Marks>> = { bash: HASH, python: HASH, ruby: HASH }

/** What is a comment, and what a string, in a language. */
export function marksOf({ id, syntax }: Pick<Language, 'id' | 'syntax'>): Marks {
  if (syntax && !('like' in syntax)) return syntax
  return MARKS[syntax?.like ?? id] ?? SLASHES
}

interface Fingerprint {
  hash: number
  path: string
  from: number
  to: number
}

/** Words that structure programs; other names are one to this comparison, whatever they are changed to. */
const WORDS = new Set('if else elif for while do switch case return break continue def function class struct import include using try except catch finally throw raise new lambda yield with in not and or int long double float char bool void let const var print input'.split(' ')) // prettier-ignore
const TOKEN = /[A-Za-z_$][\w$]*|\d[\w.]*|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|\S/g

/**
 * Fingerprints of a program, by winnowing: hashes of every `GRAM` tokens in a row, of which the smallest of every `WINDOW` is kept. Names,
 * numbers, strings, layout and comments do not count.
 * Source: Schleimer, Wilkerson, Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003.
 */
export function fingerprintsOf({ files }: Pick<Program, 'files'>, marks: Marks): Fingerprint[] {
  return files.flatMap(({ path, text }) => {
    const tokens: { code: number; line: number }[] = []
    for (const [index, line] of withoutComments(text, marks).split('\n').entries()) {
      for (const [token] of line.matchAll(TOKEN)) tokens.push({ code: codeOf(token), line: index + 1 })
    }
    const grams: Fingerprint[] = []
    for (let at = 0; at + GRAM <= tokens.length; at++) {
      let hash = 0x811c9dc5
      for (let i = at; i < at + GRAM; i++) hash = Math.imul(hash ^ (tokens[i]?.code ?? 0), 0x01000193) >>> 0
      grams.push({ hash, path, from: tokens[at]?.line ?? 1, to: tokens[at + GRAM - 1]?.line ?? 1 })
    }
    const kept = new Set<Fingerprint>()
    for (let at = 0; at + Math.min(WINDOW, grams.length) <= grams.length; at++) {
      const window = grams.slice(at, at + WINDOW)
      // The rightmost of the smallest, as the paper has it: it stays the smallest for longest.
      const least = window.reduce<Fingerprint | undefined>((best, gram) => (best && best.hash < gram.hash ? best : gram), undefined) // prettier-ignore
      if (least) kept.add(least)
      if (grams.length <= WINDOW) break
    }
    return [...kept]
  })
}

function codeOf(token: string): number {
  const shown = /^["']/.test(token) ? '"' : /^\d/.test(token) ? '0' : /^[A-Za-z_$]/.test(token) && !WORDS.has(token) ? 'v' : token // prettier-ignore
  let code = 7
  for (const character of shown) code = (Math.imul(code, 31) + (character.codePointAt(0) ?? 0)) >>> 0
  return code
}

/**
 * Pairs of programs in one language that are alike, most alike first.
 * @param least similarity of a pair that is told
 * @param pause lets others go on, called again and again
 */
export async function likePairs(
  programs: readonly Program[],
  marks: Marks,
  least: number,
  pause: () => Promise<void>,
): Promise<LikePair[]> {
  const prints: { own: Fingerprint[]; by: Map<number, Fingerprint> }[] = []
  const owners = new Map<number, number[]>()
  for (const [index, program] of programs.entries()) {
    const own = fingerprintsOf(program, marks)
    const by = new Map(own.map((print) => [print.hash, print]))
    prints.push({ own, by })
    for (const hash of by.keys()) owners.set(hash, [...(owners.get(hash) ?? []), index])
    if (index % 10 === 0) await pause()
  }
  const isCommon = (hash: number) =>
    programs.length >= FEW && (owners.get(hash)?.length ?? 0) > COMMON * programs.length
  const counts = prints.map(({ by }) => [...by.keys()].filter((hash) => !isCommon(hash)).length)
  const shared = new Map<number, number>()
  for (const [hash, of] of owners) {
    if (isCommon(hash)) continue
    for (const [at, first] of of.entries()) {
      for (const second of of.slice(at + 1)) {
        const key = first * programs.length + second
        shared.set(key, (shared.get(key) ?? 0) + 1)
      }
    }
  }
  await pause()
  const pairs: LikePair[] = []
  for (const [key, count] of shared) {
    const [first, second] = [Math.floor(key / programs.length), key % programs.length]
    const [one, other] = [programs[first], programs[second]]
    const similarity = count / Math.max(1, Math.min(counts[first] ?? 0, counts[second] ?? 0))
    if (!one || !other || similarity < least || (one.author !== undefined && one.author === other.author)) continue
    const alike = (prints[first]?.own ?? []).filter(({ hash }) => !isCommon(hash) && prints[second]?.by.has(hash))
    const parts = joined(alike.map((print) => ({ first: place(print), second: place(prints[second]?.by.get(print.hash) ?? print) }))) // prettier-ignore
    pairs.push({ first: one.id, second: other.id, similarity: Math.round(similarity * 1000) / 1000, parts })
  }
  return pairs.sort((a, b) => b.similarity - a.similarity || (a.first + a.second < b.first + b.second ? -1 : 1))
}

const place = ({ path, from, to }: Fingerprint) => ({ path, from, to })

/** Parts that touch or overlap in both programs as one. */
function joined(parts: LikePart[]): LikePart[] {
  const whole: LikePart[] = []
  for (const part of parts.toSorted((a, b) =>
    a.first.path === b.first.path ? a.first.from - b.first.from : a.first.path < b.first.path ? -1 : 1,
  )) {
    const last = whole.at(-1)
    if (last && touches(last.first, part.first) && touches(last.second, part.second)) {
      for (const side of ['first', 'second'] as const) {
        last[side].from = Math.min(last[side].from, part[side].from)
        last[side].to = Math.max(last[side].to, part[side].to)
      }
    } else whole.push(part)
  }
  return whole
}

const touches = (a: LikePart['first'], b: LikePart['first']) =>
  a.path === b.path && b.from <= a.to + 1 && a.from <= b.to + 1
