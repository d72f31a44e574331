/** `; did you mean python?` when one of the words is near to what was written, else nothing. */
export function didYouMean(written: string, words: readonly string[]): string {
  const near = nearWord(written, words)
  return near === undefined ? '' : `; did you mean ${near}?`
}

/** The word that is nearest to what was written; undefined when none is near. */
export function nearWord(written: string, words: readonly string[]): string | undefined {
  return words
    .map((word) => ({ word, distance: distance(written.toLowerCase(), word) }))
    .filter((one) => one.distance <= Math.max(1, Math.floor(one.word.length / 3)))
    .toSorted((a, b) => a.distance - b.distance)[0]?.word
}

/** How many letters are to be put in, taken out, changed, or swapped with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : Infinity
      row.push(Math.min(change, swap, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    ;[before, last] = [last, row]
  }
  return last[b.length] ?? 0
}
