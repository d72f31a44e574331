import { MAX_PAIRS, MAX_PARTS } from '../../shared/judging/similarity.ts'
import type { Language } from '../../shared/language.ts'
import type { Marks } from '../../shared/syntax.ts'
import { piecesWithoutComments } from '../../shared/without-comments.ts'

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
const WORDS = new Set(
  'if else elif for while do switch case return break continue def function class struct import include using try except catch finally throw raise new lambda yield with in not and or int long double float char bool void let const var print input'.split(
    ' ',
  ),
)
const TOKEN = /[A-Za-z_$][\w$]*|\d[\w.]*|"(?:[^"\\\n]+|\\.)*"?|'(?:[^'\\\n]+|\\.)*'?|\S/g

/** What is kept of a program to compare it with others. */
export interface Prints {
  id: string
  author?: string | undefined
  /** By their hashes, which rise. */
  by: ReadonlyMap<number, Fingerprint>
  /** Up to this hash it has all of the program's; beyond, none. */
  upTo: number
}

/** Of one program: the least hashes are the same choice in all programs. */
export const MAX_FINGERPRINTS = 5_000
/** Of all programs that are compared. */
export const MAX_ALL_FINGERPRINTS = 300_000

/** Steps, of less than 1 µs each, after which the clock is read. */
const STEPS = 256
/** In one go, after which others go on. */
const GO_MS = 2

/** Counts steps of work. @returns what is to be awaited before the work goes on, if it is time */
export type Work = (steps: number) => Promise<void> | undefined

/** @param pause lets others go on: called when the work has taken `GO_MS` @param now in milliseconds */
export function createWork(pause: () => Promise<void>, now: () => number = () => performance.now()): Work {
  let done = 0
  let since = now()
  const rest = async () => {
    await pause()
    since = now()
  }
  return (steps) => {
    done += steps
    if (done < STEPS) return undefined
    done = 0
    return now() - since < GO_MS ? undefined : rest()
  }
}

/**
 * Fingerprints of a program, by winnowing: hashes of every `GRAM` tokens in a row, of which the smallest of every `WINDOW` is kept. Names,
 * numbers, strings, layout and comments do not count.
 * Source: Schleimer, Wilkerson, Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003.
 * @param most of the fingerprints are kept, those of the least hashes
 */
export async function fingerprintsOf(
  { id, author, files }: Program,
  marks: Marks,
  work: Work,
  most = MAX_FINGERPRINTS,
): Promise<Prints> {
  const least = leastHashes(most)
  for (const { path, text } of files) {
    const codes: number[] = []
    const lines: number[] = []
    for (const { index, line, read } of linesOf(text, marks)) {
      const pause = work(read)
      if (pause) await pause
      for (const [token] of line.matchAll(TOKEN)) {
        codes.push(codeOf(token))
        lines.push(index + 1)
        const rest = work(1 + token.length)
        if (rest) await rest
      }
    }
    const grams: number[] = []
    for (let at = 0; at + GRAM <= codes.length; at++) {
      let hash = 0x811c9dc5
      for (let i = at; i < at + GRAM; i++) hash = Math.imul(hash ^ (codes[i] ?? 0), 0x01000193) >>> 0
      grams.push(hash)
      const rest = work(1)
      if (rest) await rest
    }
    for (let from = 0; from < grams.length && (from === 0 || from + WINDOW <= grams.length); from++) {
      let smallest = from
      // The rightmost of the smallest, as the paper has it: it stays the smallest for longest.
      for (let at = from; at < Math.min(from + WINDOW, grams.length); at++)
        if ((grams[at] ?? 0) <= (grams[smallest] ?? 0)) smallest = at
      const hash = grams[smallest] ?? 0
      least.add({ hash, path, from: lines[smallest] ?? 1, to: lines[smallest + GRAM - 1] ?? 1 })
      const rest = work(1)
      if (rest) await rest
    }
  }
  return { id, author, ...least.kept() }
}

/** The lines of a program with spaces in place of comments, from 0. Where much was read and no line has ended, it is empty. */
function* linesOf(text: string, marks: Marks): Generator<{ index: number; line: string; read: number }, void, void> {
  let begun: string[] = []
  let index = 0
  for (const piece of piecesWithoutComments(text, marks)) {
    const [first = '', ...more] = piece.split('\n')
    begun.push(first)
    for (const next of more) {
      yield { index: index++, line: begun.join(''), read: 0 }
      begun = [next]
    }
    yield { index, line: '', read: piece.length }
  }
  yield { index, line: begun.join(''), read: 0 }
}

/** Fingerprints of the least hashes, never of more than twice as many as are kept. */
function leastHashes(most: number) {
  const found = new Map<number, Fingerprint>()
  let upTo = Infinity
  const drop = () => {
    if (found.size <= most) return
    upTo = Uint32Array.from(found.keys()).sort()[most - 1] ?? 0
    for (const hash of found.keys()) if (hash > upTo) found.delete(hash)
  }
  return {
    add(print: Fingerprint) {
      if (print.hash > upTo) return
      found.set(print.hash, print)
      if (found.size >= 2 * most) drop()
    },
    kept() {
      drop()
      return { by: new Map([...found].sort(([a], [b]) => a - b)), upTo }
    },
  }
}

function codeOf(token: string): number {
  const shown = /^["']/.test(token)
    ? '"'
    : /^\d/.test(token)
      ? '0'
      : /^[A-Za-z_$]/.test(token) && !WORDS.has(token)
        ? 'v'
        : token
  let code = 7
  for (const character of shown) code = (Math.imul(code, 31) + (character.codePointAt(0) ?? 0)) >>> 0
  return code
}

/**
 * Pairs of programs in one language that have something in common, most alike first: at most `MAX_PAIRS`.
 * @param tell which part of it is done, 0 to 1; called often
 */
export async function likePairs(
  programs: readonly Prints[],
  work: Work,
  tell: (part: number) => void = () => undefined,
): Promise<LikePair[]> {
  const owners = new Map<number, number[]>()
  for (const [index, { by }] of programs.entries()) {
    for (const hash of by.keys()) {
      const of = owners.get(hash)
      if (of) of.push(index)
      else owners.set(hash, [index])
    }
    await work(by.size)
  }
  const isCommon = (hash: number) =>
    programs.length >= FEW && (owners.get(hash)?.length ?? 0) > COMMON * programs.length
  const own: number[][] = []
  for (const { by } of programs) {
    own.push([...by.keys()].filter((hash) => !isCommon(hash)))
    await work(by.size)
  }
  const shared = new Uint32Array(programs.length ** 2)
  let seen = 0
  for (const [hash, of] of owners) {
    tell(seen++ / owners.size)
    if (isCommon(hash)) continue
    for (const [at, first] of of.entries()) {
      for (let other = at + 1; other < of.length; other++) shared[first * programs.length + (of[other] ?? 0)]! += 1
    }
    const rest = work(1 + of.length ** 2 / 2)
    if (rest) await rest
  }
  let alike: Alike[] = []
  for (const [key, count] of shared.entries()) {
    const rest = work(1)
    if (rest) await rest
    const [first, second] = [Math.floor(key / programs.length), key % programs.length]
    const [one, other] = [programs[first], programs[second]]
    if (count === 0 || !one || !other || (one.author !== undefined && one.author === other.author)) continue
    // Of what is beyond, one of them has nothing to compare.
    const upTo = Math.min(one.upTo, other.upTo)
    const similarity =
      count / Math.max(1, Math.min(countUpTo(own[first] ?? [], upTo), countUpTo(own[second] ?? [], upTo)))
    alike.push({ one, other, similarity })
    if (alike.length >= 2 * MAX_PAIRS) alike = mostAlike(alike)
  }
  const pairs: LikePair[] = []
  for (const { one, other, similarity } of mostAlike(alike)) {
    const both: LikePart[] = []
    for (const [hash, print] of one.by) {
      const its = other.by.get(hash)
      if (its && !isCommon(hash)) both.push({ first: place(print), second: place(its) })
    }
    const parts = joined(both).slice(0, MAX_PARTS)
    pairs.push({ first: one.id, second: other.id, similarity: Math.round(similarity * 1000) / 1000, parts })
    await work(one.by.size)
  }
  return pairs
}

interface Alike {
  one: Prints
  other: Prints
  similarity: number
}

const mostAlike = (alike: Alike[]): Alike[] =>
  alike
    .sort((a, b) => b.similarity - a.similarity || (a.one.id + a.other.id < b.one.id + b.other.id ? -1 : 1))
    .slice(0, MAX_PAIRS)

/** How many of some rising numbers are no greater than a bound. */
function countUpTo(rising: readonly number[], bound: number): number {
  let [low, high] = [0, rising.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rising[middle] ?? 0) <= bound) low = middle + 1
    else high = middle
  }
  return low
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
