/**
 * Round steps of an axis: 1, 2 or 5 times a power of ten, about three of them.
 * @param smallest step there may be
 */
export function axisOf(largest: number, smallest = 0): { max: number; steps: number[] } {
  const rough = Math.max(largest / 3, smallest, 1e-6)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? 10 * power
  const count = Math.max(1, Math.ceil(largest / step - 1e-9))
  return { max: count * step, steps: Array.from({ length: count + 1 }, (_, index) => index * step) }
}
