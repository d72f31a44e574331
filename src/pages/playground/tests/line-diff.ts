/** A line of two texts that are compared: of both, or of one alone. */
export interface DiffLine {
  kind: 'same' | 'expected' | 'actual'
  text: string
}

/** The most comparisons of a line with a line; what would take more is told apart as a whole. */
const MOST_COMPARISONS = 250_000

/**
 * What has to be taken from one text and added to it to make the other, line by line, with the longest common subsequence where that
 * is not too dear. White space at the end of a line does not count, nor do empty lines at the end of a text.
 */
export function lineDiff(expected: string, actual: string): DiffLine[] {
  const [a, b] = [linesOf(expected), linesOf(actual)]
  let begin = 0
  while (begin < a.length && begin < b.length && a[begin] === b[begin]) begin += 1
  let end = 0
  while (end < a.length - begin && end < b.length - begin && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1
  const same = (text: string): DiffLine => ({ kind: 'same', text })
  return [
    ...a.slice(0, begin).map(same),
    ...middle(a.slice(begin, a.length - end), b.slice(begin, b.length - end)),
    ...a.slice(a.length - end).map(same),
  ]
}

const linesOf = (text: string): string[] => {
  const lines = text.trimEnd().split('\n')
  return lines.length === 1 && lines[0] === '' ? [] : lines.map((line) => line.trimEnd())
}

function middle(a: readonly string[], b: readonly string[]): DiffLine[] {
  const taken = (text: string): DiffLine => ({ kind: 'expected', text })
  const added = (text: string): DiffLine => ({ kind: 'actual', text })
  if (a.length * b.length > MOST_COMPARISONS) return [...a.map(taken), ...b.map(added)]
  /** Length of the longest common subsequence of what is left from each place on. */
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = lengths[i]
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]]
    if (left !== undefined && left === right) {
      lines.push({ kind: 'same', text: left })
      i += 1
      j += 1
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(taken(left))
      i += 1
    } else if (right !== undefined) {
      lines.push(added(right))
      j += 1
    }
  }
  return lines
}
