import { expect, test } from '@jest/globals'
import { pino } from 'pino'
import type { Eviction } from '../../src/shared/environments/environment-oversight.ts'
import { createEvictions } from '../../src/worker/environments/evictions.ts'

/** @param clocks of Redis and of this host */
function setUp(
  trees: Record<string, { madeMs: number; held?: boolean; of?: string }>,
  clocks = { redis: 50, host: 50 },
) {
  const [due, forgotten]: [Eviction[], string[]] = [[], []]
  const treeOf = (key: string, { madeMs, of }: { madeMs: number; of?: string }) => {
    return { bytes: 1, files: 1, tree: key, madeMs, ...(of !== undefined && { of }) }
  }
  let count = 0
  const look = createEvictions({
    oversight: {
      evictions: async (since) => ({ nowMs: clocks.redis, evictions: due.filter(({ at }) => at >= since) }),
    },
    now: () => clocks.host,
    trees: {
      find: async (key) => trees[key] && treeOf(key, trees[key]),
      list: async () => Object.entries(trees).map(([key, one]) => ({ ...treeOf(key, one), key })),
      async evict(key) {
        if (trees[key]?.held) return false
        delete trees[key]
        return true
      },
    },
    sharing: { forget: async (id) => void forgotten.push(id) },
    evicted: () => void count++,
    log: pino({ level: 'silent' }),
  })
  return { due, forgotten, look, trees, counted: () => count }
}

test('what operators evict goes from the host and the file store, what is in use once it is not', async () => {
  const held = { madeMs: 5, held: true }
  const { due, forgotten, look, trees, counted } = setUp({ a: { madeMs: 5 }, b: held, c: { madeMs: 5 } })
  due.push({ key: 'a', fileId: 'file', at: 10 }, { key: 'b', at: 11 }, { key: 'not-here', at: 12 })
  await look()
  expect([Object.keys(trees), forgotten, counted()]).toEqual([['b', 'c'], ['file'], 1])
  held.held = false
  await look()
  expect([Object.keys(trees), counted()]).toEqual([['c'], 2])
})

test('what was installed again after it was evicted stays, also for a worker that starts late', async () => {
  const { due, look, trees } = setUp({ a: { madeMs: 11 } })
  due.push({ key: 'a', at: 10 })
  await look()
  expect(Object.keys(trees)).toEqual(['a'])
  due.push({ key: 'a', at: 12 })
  await look()
  expect(Object.keys(trees)).toEqual([])
})

test('each eviction is taken once, also one that comes by a clock that went back', async () => {
  const clocks = { redis: 1_000_000, host: 1_000_000 }
  const { due, forgotten, look } = setUp({}, clocks)
  due.push({ of: 'x', fileId: 'first', at: 999_999 })
  await look()
  await look()
  due.unshift({ of: 'y', fileId: 'late', at: 960_000 })
  await look()
  clocks.redis = 500_000
  await look()
  due.unshift({ of: 'z', fileId: 'back', at: 500_001 })
  await look()
  expect(forgotten).toEqual(['first', 'late', 'back'])
})

test.each([-600_000, 600_000])('a host whose clock is %d ms off removes what was made before', async (offMs) => {
  const clocks = { redis: 1_000_000, host: 1_000_000 + offMs }
  const trees = { a: { madeMs: 900_000 + offMs }, b: { madeMs: 960_000 + offMs } }
  const { due, look } = setUp(trees, clocks)
  due.push({ key: 'a', at: 950_000 }, { key: 'b', at: 950_000 })
  await look()
  expect(Object.keys(trees)).toEqual(['b'])
})

test('what a lock installs goes from every host, whatever its key is there', async () => {
  const { due, look, trees } = setUp({
    other: { madeMs: 5, of: 'x' },
    kept: { madeMs: 5, of: 'y' },
    old: { madeMs: 5 },
  })
  due.push({ of: 'x', key: 'of-the-builder', at: 10 })
  await look()
  expect(Object.keys(trees)).toEqual(['kept', 'old'])
})
