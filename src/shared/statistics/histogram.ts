/**
 * Times counted in bins whose bounds grow by a twentieth, so that a quantile read from them is off by about a fortieth at
 * most, whatever the times are.
 */

/** How often each bin was met. */
export type Histogram = Map<number, number>

const GROWTH = Math.log(1.05)

/** @param ms a time; what is below 1 ms counts as 1 ms */
export const binOf = (ms: number): number => Math.round(Math.log(Math.max(1, ms)) / GROWTH)

/** The time a bin stands for, in ms. */
export const timeOf = (bin: number): number => Math.exp(bin * GROWTH)

export function add(histogram: Histogram, bin: number, count = 1): void {
  histogram.set(bin, (histogram.get(bin) ?? 0) + count)
}

/** Counts all of the second in the first. */
export function merge(into: Histogram, from: Histogram): void {
  for (const [bin, count] of from) add(into, bin, count)
}

/**
 * @param share e.g. 0.95
 * @returns the time below or at which this share of all lies, in ms; null when there are none
 */
export function histogramQuantile(histogram: Histogram, share: number): number | null {
  const bins = [...histogram].sort(([a], [b]) => a - b)
  const total = bins.reduce((sum, [, count]) => sum + count, 0)
  let seen = 0
  for (const [bin, count] of bins) {
    seen += count
    if (seen >= share * total) return timeOf(bin)
  }
  return null
}
