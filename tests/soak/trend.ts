/** A straight line through points, by least squares. */
export interface Trend {
  /** Growth per unit of x. */
  slope: number
  /** Standard error of the slope, with the residuals' own correlation taken into account. */
  error: number
}

/**
 * Samples a few seconds apart are not independent: a garbage collector's saw teeth span many. The error is that of the usual
 * formula for as many independent points as the residuals' first autocorrelation leaves (an AR(1) correction of the sample
 * size, Santer et al. 2000, doi 10.1029/1999JD901105).
 * @throws Error with fewer than 8 points
 */
export function trendOf(points: readonly { x: number; y: number }[]): Trend {
  const count = points.length
  if (count < 8) throw new Error(`${count} points are too few for a trend`)
  const meanX = mean(points.map(({ x }) => x))
  const meanY = mean(points.map(({ y }) => y))
  const spread = sum(points.map(({ x }) => (x - meanX) ** 2))
  const slope = sum(points.map(({ x, y }) => (x - meanX) * (y - meanY))) / spread
  const residuals = points.map(({ x, y }) => y - meanY - slope * (x - meanX))
  const squares = sum(residuals.map((one) => one ** 2))
  if (squares === 0) return { slope, error: 0 }
  const correlation = sum(residuals.slice(1).map((one, index) => one * (residuals[index] ?? 0))) / squares
  const bounded = Math.min(Math.max(correlation, 0), 0.95)
  const independent = Math.max(3, (count * (1 - bounded)) / (1 + bounded))
  return { slope, error: Math.sqrt(squares / (independent - 2) / spread) }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]) => sum(values) / values.length
