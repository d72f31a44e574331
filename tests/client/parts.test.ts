import { describe, expect, test } from '@jest/globals'
import { createInputQueue } from '../../src/client/input-queue.ts'
import { pauseBefore } from '../../src/client/retry.ts'
import { createSseParser } from '../../src/client/sse.ts'

describe('events', () => {
  const text =
    ': hello\r\nretry: 1000\n\nevent: stdout\nid: 1-0\ndata: {"a":\ndata: 1}\n\nid: 1-1\revent:result\rdata:{}\r\r'
  const events = [
    { type: 'stdout', id: '1-0', data: { a: 1 } },
    { type: 'result', id: '1-1', data: {} },
  ]

  test('are the same wherever their text is cut', () => {
    for (let cut = 0; cut <= text.length; cut++) {
      const parse = createSseParser()
      expect([...parse(text.slice(0, cut)), ...parse(text.slice(cut)), ...parse('\n')]).toEqual(events)
    }
  })

  test('that are not complete are not given', () => expect(createSseParser()('event: stdout\ndata: {}\n')).toEqual([]))
})

describe('a request is made again', () => {
  const error = (status: number, more = {}) => ({ code: 'unknown' as const, status, retryAfterMs: null, ...more })

  test.each([429, 502, 503, 504])('after %i', (status) => expect(pauseBefore(error(status), 1, 1, 1)).toBe(500))

  test('when no answer came', () => expect(pauseBefore({ ...error(0), code: 'unreachable' }, 1, 1, 0)).toBe(250))

  test.each([400, 401, 403, 404, 408, 422, 500])('never after %i', (status) =>
    expect(pauseBefore(error(status), 1, 8)).toBeUndefined(),
  )

  test('after twice as long each time, to 8 s, and only so often', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7].map((failures) => pauseBefore(error(503), failures, 6, 1))
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 8000, undefined])
  })

  test('no sooner than the service says, and not at all when it says more than a minute', () => {
    expect(pauseBefore(error(429, { retryAfterMs: 3000 }), 1, 8, 0)).toBe(3000)
    expect(pauseBefore(error(429, { retryAfterMs: 61_000 }), 1, 8)).toBeUndefined()
  })

  test('and for a refused rate eight times, however impatient the caller is, unless nothing is to be made again', () => {
    const refused = { ...error(429, { retryAfterMs: 1000 }), code: 'rate-limited' as const }
    expect(pauseBefore(refused, 8, 3, 0)).toBe(1000)
    expect(pauseBefore(refused, 9, 3, 0)).toBeUndefined()
    expect(pauseBefore(refused, 1, 0, 0)).toBeUndefined()
    // So many at once are never allowed.
    expect(pauseBefore({ ...refused, retryAfterMs: null }, 1, 8)).toBeUndefined()
  })
})

describe('input', () => {
  const piece = (n: number, bytes = 32 * 1024) => ({ message: { n }, bytes })

  function open() {
    const sent: { n?: number; type?: string; seq: number }[] = []
    let connected = true
    const queue = createInputQueue((text) => connected && sent.push(JSON.parse(text) as { seq: number }) > 0)
    return { sent, queue, connect: (on: boolean) => (connected = on) }
  }

  test('of more than 128 KiB waits until some was acknowledged, and a signal passes it', async () => {
    const { sent, queue } = open()
    const all = queue.add([1, 2, 3, 4, 5].map((n) => piece(n)))
    expect(sent.map(({ n, seq }) => [n, seq])).toEqual([[1, 1], [2, 2], [3, 3]]) // prettier-ignore
    const signal = queue.add([{ message: { type: 'signal' }, bytes: 0 }], true)
    expect(sent.at(-1)).toEqual({ type: 'signal', seq: 4 })
    queue.taken(4)
    await signal
    expect(sent.slice(4).map(({ n, seq }) => [n, seq])).toEqual([[4, 5], [5, 6]]) // prettier-ignore
    queue.taken(6)
    await all
  })

  test('that was not acknowledged is sent again under its number', async () => {
    const { sent, queue, connect } = open()
    const first = queue.add([piece(1, 1), piece(2, 1)])
    queue.taken(1)
    connect(false)
    const later = queue.add([piece(3, 1)])
    connect(true)
    queue.again()
    expect(sent.map(({ n, seq }) => [n, seq])).toEqual([[1, 1], [2, 2], [2, 2], [3, 3]]) // prettier-ignore
    queue.taken(3)
    await Promise.all([first, later])
  })

  test('that is refused fails alone', async () => {
    const { queue } = open()
    const [one, two] = [queue.add([piece(1, 1)]), queue.add([piece(2, 1)])]
    queue.taken(2, new Error('closed'))
    await one
    await expect(two).rejects.toThrow('closed')
    queue.refuse(new Error('over'))
    await expect(queue.add([piece(3, 1)])).rejects.toThrow('over')
  })
})
