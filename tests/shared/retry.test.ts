import { describe, expect, test } from '@jest/globals'
import { retry } from '../../src/shared/retry.ts'

/** Fails so often, with its number each time, then gives its number. */
function failing(times: number): () => Promise<number> {
  let tries = 0
  return async () => {
    if (++tries <= times) throw new Error(String(tries))
    return tries
  }
}

describe('what is tried again', () => {
  test('gives what the first try that works gives, after the pauses it was told', async () => {
    const told: [unknown, number][] = []
    const options = {
      pauseMs: (tries: number) => tries - 1,
      failed: (error: unknown, pauseMs: number) => told.push([(error as Error).message, pauseMs]),
    }
    expect(await retry(failing(3), options)).toBe(4)
    expect(told).toEqual([
      ['1', 0],
      ['2', 1],
      ['3', 2],
    ])
  })

  test.each([undefined, null])('throws what the last try threw when the pauses end with %s', async (end) => {
    await expect(retry(failing(9), { pauseMs: (tries) => (tries < 3 ? 0 : end) })).rejects.toThrow('3')
  })

  test('throws at once what no further try can help', async () => {
    const when = (error: unknown) => (error as Error).message !== '2'
    await expect(retry(failing(9), { pauseMs: () => 0, when })).rejects.toThrow('2')
  })

  test('ends its pause when the signal aborts', async () => {
    const controller = new AbortController()
    const failed = () => controller.abort()
    const trying = retry(failing(9), { pauseMs: () => 2 ** 30, failed, signal: controller.signal })
    await expect(trying).rejects.toMatchObject({ name: 'AbortError' })
  })
})
