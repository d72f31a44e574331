import { describe, expect, jest, test } from '@jest/globals'
import { createCalm } from '../../src/worker/sandbox/calm.ts'

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
    const done = await settled(createCalm(30, 500).wait())
    expect(done()).toBe(true)
  })

  test('waits until none has for a moment', async () => {
    const calm = createCalm(30, 500)
    calm.disturb()
    const done = await settled(calm.wait())
    await jest.advanceTimersByTimeAsync(20)
    calm.disturb()
    await jest.advanceTimersByTimeAsync(20)
    expect(done()).toBe(false)
    await jest.advanceTimersByTimeAsync(15)
    expect(done()).toBe(true)
  })

  test('goes after a while all the same', async () => {
    const calm = createCalm(30, 500)
    calm.disturb()
    const done = await settled(calm.wait())
    for (let ms = 0; ms < 480; ms += 10) {
      await jest.advanceTimersByTimeAsync(10)
      calm.disturb()
    }
    expect(done()).toBe(false)
    await jest.advanceTimersByTimeAsync(30)
    expect(done()).toBe(true)
  })

  test('goes at once when somebody needs it', async () => {
    const calm = createCalm(30, 500)
    calm.disturb()
    const both = [await settled(calm.wait()), await settled(calm.wait())]
    calm.skip()
    await Promise.resolve()
    expect(both.map((done) => done())).toEqual([true, true])
  })
})
