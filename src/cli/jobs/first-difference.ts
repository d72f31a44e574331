/** Where an output differs from the answer, by lines; white space at their ends does not count. */
export interface Difference {
  /** From 1. */
  line: number
  /** Undefined: the text ends before it. */
  expected: string | undefined
  got: string | undefined
}

/** @returns undefined when every line is the same, so that only a checker knows what is wrong */
export function firstDifference(output: string, answer: string): Difference | undefined {
  const [got, expected] = [linesOf(output), linesOf(answer)]
  for (let at = 0; at < Math.max(got.length, expected.length); at++) {
    if (got[at] !== expected[at]) return { line: at + 1, expected: expected[at], got: got[at] }
  }
  return undefined
}

const linesOf = (text: string): string[] => {
  const lines = text.split('\n').map((line) => line.trimEnd())
  while (lines.at(-1) === '') lines.pop()
  return lines
}

/** What is shown of a line, around the place where they part. */
const SHOWN = 60

/** A sentence on a difference, with quotes, so that what steers a terminal is escaped. */
export function tellDifference({ line, expected, got }: Difference): string {
  if (expected === undefined) return `line ${line}: expected the end, got ${quoted(got ?? '', 0)}`
  if (got === undefined) return `line ${line}: expected ${quoted(expected, 0)}, got the end`
  let parted = 0
  while (parted < expected.length && expected[parted] === got[parted]) parted++
  const from = Math.max(0, parted - SHOWN / 2)
  return `line ${line}: expected ${quoted(expected, from)}, got ${quoted(got, from)}`
}

const quoted = (text: string, from: number): string => {
  const cut = text.slice(from, from + SHOWN)
  return `${from > 0 ? '...' : ''}${JSON.stringify(cut)}${from + SHOWN < text.length ? '...' : ''}`
}
