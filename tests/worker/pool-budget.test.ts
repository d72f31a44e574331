import { describe, expect, test } from '@jest/globals'
import { type Demand, SANDBOX_BYTES, shareBudget } from '../../src/worker/sandbox/pool-budget.ts'

const NOW = 1_000_000
const MB = 1_000_000
const COSTS: Record<string, number> = { java: 180 * MB, r: 60 * MB, python: 3 * MB, go: 0 }
const waitingBytes = (image: string) => COSTS[image] ?? 0
const demand = (image: string, more: Partial<Demand> = {}): Demand => ({
  image,
  count: 1,
  takenAt: undefined,
  isPrewarmed: false,
  ...more,
})

/** Images in which an interpreter may wait, of sandboxes for which there is room besides `bytes`. */
function prewarmed(bytes: number, demands: Demand[], usedBytes = 0): string[] {
  const room = demands.reduce((sum, { count }) => sum + count * SANDBOX_BYTES, 0)
  const shares = shareBudget({ bytes: bytes + room, waitingBytes }, usedBytes, demands, NOW)
  const waits = [...shares].filter(([image, share]) => share.prewarmed > 0 && waitingBytes(image) > 0)
  return waits.map(([image]) => image).toSorted()
}

describe('the budget of idle sandboxes', () => {
  test('has room for all, or for those that take little first', () => {
    const all = [demand('java'), demand('r'), demand('python'), demand('go')]
    expect(prewarmed(243 * MB, all)).toEqual(['java', 'python', 'r'])
    expect(prewarmed(242 * MB, all)).toEqual(['python', 'r'])
    expect(prewarmed(2 * MB, all)).toEqual([])
  })

  test('goes to what was asked for, the last first, and what does not fit leaves room for others', () => {
    const asked = [demand('python'), demand('java', { takenAt: NOW - 60_000 }), demand('r', { takenAt: NOW - 50_000 })]
    expect(prewarmed(200 * MB, asked)).toEqual(['python', 'r'])
    expect(prewarmed(240 * MB, asked)).toEqual(['java', 'r'])
  })

  test('keeps what waits for those that take turns, until nobody asked for it for a while', () => {
    const turns = (takenAt: number) => [
      demand('java', { takenAt, isPrewarmed: true }),
      demand('r', { takenAt: NOW - 1 }),
    ]
    expect(prewarmed(200 * MB, turns(NOW - 29_000))).toEqual(['java'])
    expect(prewarmed(200 * MB, turns(NOW - 31_000))).toEqual(['r'])
  })

  test('does not end what waits for what nobody asked for', () => {
    expect(prewarmed(182 * MB, [demand('python'), demand('java', { isPrewarmed: true })])).toEqual(['java'])
  })

  test('counts what others hold, and has sandboxes before interpreters', () => {
    expect(prewarmed(63 * MB, [demand('r'), demand('python')], 2 * MB)).toEqual(['python'])
    const shares = shareBudget({ bytes: 2 * SANDBOX_BYTES, waitingBytes }, 0, [demand('r', { count: 4 })], NOW)
    expect(shares.get('r')).toEqual({ ready: 2, prewarmed: 0 })
  })
})
