/** The value below which this share of the sorted samples lies, by nearest rank. @param share 0 to 1 */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN
}

/**
 * The same, where there are enough samples for it to be more than the slowest few; else null.
 * @param sorted from the smallest
 */
export function trustedQuantile(sorted: readonly number[], share: number): number | null {
  // One in so many lies above it: with fewer, it is the maximum by another name.
  return sorted.length >= Math.round(1 / (1 - share)) ? quantile(sorted, share) : null
}
