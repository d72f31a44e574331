import { expect, test } from '@jest/globals'
import { pino } from 'pino'
import type { EnvironmentRecord } from '../../src/shared/environments/environment.ts'
import { UNDECIDED_MS } from '../../src/shared/environments/environment-records.ts'
import { reconcileBuilds } from '../../src/worker/environments/reconcile-builds.ts'

const NOW = Date.now()
const HERE = { state: 'queued', ageMs: 120_000 }

test.each([
  ['the queue lost', 'unknown', HERE, true],
  ['the queue gave up', 'failed', HERE, true],
  ['waits', 'waiting', HERE, false],
  ['nobody took in time', 'waiting', { ...HERE, ageMs: UNDECIDED_MS + 1 }, true],
  ['is built now', 'active', { state: 'building', ageMs: UNDECIDED_MS + 1 }, false],
  ['has an end', 'unknown', { ...HERE, state: 'ready' }, false],
])('an environment that %s', async (_title, inQueue, { state, ageMs }, isGivenUp) => {
  const given: string[] = []
  const settled: string[] = []
  const view = { id: 'x', state, createdAt: new Date(NOW - ageMs).toISOString() }
  await reconcileBuilds({
    records: {
      undecided: (before) => Promise.resolve(NOW - ageMs <= before ? ['x', 'gone'] : []),
      read: (id) => Promise.resolve(id === 'x' ? ({ view } as EnvironmentRecord) : undefined),
      settled: (id) => Promise.resolve(void settled.push(id)),
    },
    stateOf: () => Promise.resolve(inQueue),
    giveUp: (id) => Promise.resolve(void given.push(id)),
    log: pino({ level: 'silent' }),
    now: () => NOW,
  })
  expect(given).toEqual(isGivenUp ? ['x'] : [])
  expect(settled).toEqual(state === 'ready' ? ['x', 'gone'] : ['gone'])
})
