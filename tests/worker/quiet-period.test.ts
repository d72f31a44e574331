import { describe, expect, jest, test } from '@jest/globals'
import { createQuietPeriod } from '../../src/worker/sandbox/quiet-period.ts'

/** What has happened by now, in turns of simulated time. */
async function settled(promise: Promise<void>): Promise<() => boolean> {
  let done = false
  void promise.then(() => (done = true))
  await Promise.resolve()
  return () => done
}

describe('what can wait', () => {
  beforeEach(() => jest.useFakeTimers())
  afterEach(() => jest.useRealTimers())

  test('goes at once where no job has started lately', async () => {
    const done = await settled(createQuietPeriod(30, 500).wait())
    expect(done()).toBe(true)
  })

  test('waits until none has for a moment', async () => {
    const quiet = createQuietPeriod(30, 500)
    quiet.disturb()
    const done = await settled(quiet.wait())
    await jest.advanceTimersByTimeAsync(20)
    quiet.disturb()
    await jest.advanceTimersByTimeAsync(20)
    expect(done()).toBe(false)
    await jest.advanceTimersByTimeAsync(15)
    expect(done()).toBe(true)
  })

  test('goes after a while all the same', async () => {
    const quiet = createQuietPeriod(30, 500)
    quiet.disturb()
    const done = await settled(quiet.wait())
    for (let ms = 0; ms < 480; ms += 10) {
      await jest.advanceTimersByTimeAsync(10)
      quiet.disturb()
    }
    expect(done()).toBe(false)
    await jest.advanceTimersByTimeAsync(30)
    expect(done()).toBe(true)
  })

  test('goes at once when somebody needs it', async () => {
    const quiet = createQuietPeriod(30, 500)
    quiet.disturb()
    const both = [await settled(quiet.wait()), await settled(quiet.wait())]
    quiet.skip()
    await Promise.resolve()
    expect(both.map((done) => done())).toEqual([true, true])
  })
})
