import { expect, test } from '@jest/globals'
import { pino } from 'pino'
import type { Eviction } from '../../src/shared/environments/environment-oversight.ts'
import { createEvictions } from '../../src/worker/environments/evictions.ts'

function setUp(trees: Record<string, { madeMs: number; held?: boolean }>) {
  const [due, forgotten]: [Eviction[], string[]] = [[], []]
  let count = 0
  const look = createEvictions({
    oversight: { evictions: async (since) => due.filter(({ at }) => at >= since) },
    trees: {
      find: async (key) => trees[key] && { bytes: 1, files: 1, tree: key, madeMs: trees[key].madeMs },
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
