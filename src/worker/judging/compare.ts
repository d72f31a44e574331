import type { BuiltInChecker } from '../../shared/judging/judging-spec.ts'

/** What a comparison says of an output. */
export type Comparison = 'accepted' | 'wrong-answer' | 'presentation-error'

/** As output was compared before there were checkers: white space at the end of lines and of the text aside. */
export const LINES: BuiltInChecker = { type: 'lines', ignoreCase: false, absolute: 0, relative: 0 }

/**
 * Compares what a program wrote with the answer. The work is bounded by the length of the answer, however much the program wrote.
 * @returns `presentation-error` where layout counts and everything else is right
 */
export function compareOutput(checker: BuiltInChecker, written: Buffer, answer: string): Comparison {
  const fold = (text: string) => (checker.ignoreCase ? text.toLowerCase() : text)
  const [output, expected] = [fold(written.toString()), fold(answer)]
  const laidOut = (same: boolean): Comparison => {
    if (same) return 'accepted'
    return sameTokens(output, expected, sameText) ? 'presentation-error' : 'wrong-answer'
  }
  const plain = (same: boolean): Comparison => (same ? 'accepted' : 'wrong-answer')
  switch (checker.type) {
    case 'exact':
      return laidOut(written.equals(Buffer.from(answer)))
    case 'lines':
      return laidOut(sameLines(output, expected))
    case 'tokens':
      return plain(sameTokens(output, expected, sameText))
    case 'numbers':
      return plain(sameTokens(output, expected, (got, wanted) => sameNumber(got, wanted, checker)))
    case 'unordered-lines':
      return plain(sameUnordered(output, expected))
  }
}

const sameText = (got: string, wanted: string) => got === wanted

/** Equal line by line, white space at the end of a line and empty lines at the end of the text aside. */
function sameLines(output: string, expected: string): boolean {
  const [got, wanted] = [lines(output), lines(expected)]
  for (;;) {
    const [a, b] = [got.next().value, wanted.next().value]
    if (a === undefined || b === undefined) return isBlank(a, got) && isBlank(b, wanted)
    if (a !== b) return false
  }
}

/** Whether this line and all that follow are empty. */
function isBlank(line: string | undefined, rest: Iterator<string>): boolean {
  for (let at = line; at !== undefined; at = rest.next().value as string | undefined) if (at !== '') return false
  return true
}

/** The lines of a text, without white space at their ends. */
function* lines(text: string): Generator<string, undefined> {
  for (let at = 0; at <= text.length;) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end < 0 ? text.length : end)
    yield line.trimEnd()
    if (end < 0) return
    at = end + 1
  }
}

/** The words of a text, whatever white space is between them. */
function* tokens(text: string): Generator<string, undefined> {
  for (const [word] of text.matchAll(/\S+/g)) yield word
}

function sameTokens(output: string, expected: string, same: (got: string, wanted: string) => boolean): boolean {
  const [got, wanted] = [tokens(output), tokens(expected)]
  for (;;) {
    const [a, b] = [got.next().value, wanted.next().value]
    if (a === undefined || b === undefined) return a === b
    if (!same(a, b)) return false
  }
}

/** A number as programs print it: decimal, with or without an exponent. Digits match in one way only, so that long words take no longer than their length. */
const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/

/** Where the answer is a number, the output must be one within either error; other words must be equal. */
function sameNumber(got: string, wanted: string, { absolute, relative }: BuiltInChecker): boolean {
  if (got === wanted) return true
  if (!NUMBER.test(wanted) || !NUMBER.test(got)) return false
  const [number, right] = [Number(got), Number(wanted)]
  if (!Number.isFinite(number) || !Number.isFinite(right)) return false
  const error = Math.abs(number - right)
  return error <= absolute || error <= relative * Math.abs(right)
}

/** The same lines in any order, each as often; empty lines aside. */
function sameUnordered(output: string, expected: string): boolean {
  const missing = new Map<string, number>()
  let left = 0
  for (const line of lines(expected)) {
    if (line === '') continue
    missing.set(line, (missing.get(line) ?? 0) + 1)
    left++
  }
  for (const line of lines(output)) {
    if (line === '') continue
    const count = missing.get(line) ?? 0
    if (count === 0) return false
    missing.set(line, count - 1)
    left--
  }
  return left === 0
}
