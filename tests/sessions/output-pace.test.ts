import { expect, test } from '@jest/globals'
import { createOutputPace } from '../../src/worker/sessions/output-pace.ts'

const MIB = 1024 * 1024

test('a burst goes at once, what comes after it at the rate, and a pause pays for the next burst', () => {
  let now = 5000
  const timers: number[] = []
  let went = 0
  const pace = createOutputPace(
    {
      now: () => now,
      after(ms, task) {
        timers.push(ms)
        task()
        return () => undefined
      },
    },
    2 * MIB,
  )
  for (let i = 0; i < 6; i++) pace(MIB, () => went++)
  expect({ went, timers }).toEqual({ went: 6, timers: [500, 1000] })
  now += 3000
  for (let i = 0; i < 4; i++) pace(MIB, () => went++)
  expect({ went, timers }).toEqual({ went: 10, timers: [500, 1000] })
  pace(MIB, () => went++)
  expect(timers).toEqual([500, 1000, 500])
})
