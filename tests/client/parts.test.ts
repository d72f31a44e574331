import { describe, expect, test } from '@jest/globals'
import { createClient } from '../../src/client/client.ts'
import { createInputQueue } from '../../src/client/input-queue.ts'
import { readEvents } from '../../src/client/event-stream.ts'
import { pauseBefore, retry } from '../../src/client/retry.ts'
import { RunyardError } from '../../src/client/runyard-error.ts'

describe('events', () => {
  const text =
    ': hello\r\nretry: 1000\n\nevent: stdout\nid: 1-0\ndata: {"a":\ndata: "é"}\n\nid: 1-1\revent:result\rdata:{}\r\rdata: {}\n\n'
  const events = [
    { type: 'stdout', id: '1-0', data: { a: 'é' } },
    { type: 'result', id: '1-1', data: {} },
  ]
  const bodyOf = (...pieces: Uint8Array[]) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece)
        controller.close()
      },
    })
  const read = async (...pieces: Uint8Array[]) => {
    const found: unknown[] = []
    for await (const event of readEvents(bodyOf(...pieces), () => undefined)) found.push(event)
    return found
  }

  test('are the same wherever their bytes are cut, and those without a name or an id are none', async () => {
    const bytes = new TextEncoder().encode(text)
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(await read(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(events)
    }
  })

  test('that are not complete are not given', async () => {
    expect(await read(new TextEncoder().encode('event: stdout\nid: 1-0\ndata: {}\n'))).toEqual([])
  })

  test('whose data is not JSON fail the reading', async () => {
    await expect(read(new TextEncoder().encode('event: stdout\nid: 1-0\ndata: {\n\n'))).rejects.toThrow(SyntaxError)
  })

  test('let go of the response when nobody reads on', async () => {
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(text)),
      cancel: () => {
        cancelled = true
      },
    })
    for await (const _event of readEvents(body, () => undefined)) break
    expect(cancelled).toBe(true)
  })
})

describe('an attempt', () => {
  /** Passes, and asks for next to no pause. */
  const passing = () => new RunyardError({ code: 'unavailable', status: 503, detail: 'later', retryAfterMs: 1 })

  test('is made again as often as was asked for, and each pause is told before it', async () => {
    let made = 0
    const told: number[] = []
    const work = retry(
      () => {
        made += 1
        return Promise.reject(passing())
      },
      { retries: 2, onRetry: (_error, pauseMs) => void told.push(pauseMs) },
    )
    await expect(work).rejects.toMatchObject({ code: 'unavailable' })
    expect(made).toBe(3)
    expect(told).toHaveLength(2)
  })

  test('that got somewhere begins to count anew', async () => {
    let made = 0
    const work = retry(
      (progressed) => {
        made += 1
        if (made < 5) progressed()
        return Promise.reject(passing())
      },
      { retries: 1 },
    )
    await expect(work).rejects.toMatchObject({ code: 'unavailable' })
    expect(made).toBe(5)
  })

  test('is final where the caller says so, and where it is no failure of the service', async () => {
    let made = 0
    const failing = (error: Error) => () => {
      made += 1
      return Promise.reject(error)
    }
    const shouldRetry = ({ code }: RunyardError) => code === 'rate-limited'
    await expect(retry(failing(passing()), { retries: 8, shouldRetry })).rejects.toMatchObject({ code: 'unavailable' })
    await expect(retry(failing(new TypeError('a bug')), { retries: 8 })).rejects.toThrow('a bug')
    expect(made).toBe(2)
  })

  test('is put to the caller only where it would be made again', async () => {
    const asked: number[] = []
    const shouldRetry = ({ status }: RunyardError) => {
      asked.push(status)
      return true
    }
    for (const status of [404, 422]) {
      const final = () => Promise.reject(new RunyardError({ code: 'not-found', status, detail: 'no' }))
      await expect(retry(final, { retries: 8, shouldRetry })).rejects.toMatchObject({ status })
    }
    await expect(retry(() => Promise.reject(passing()), { retries: 1, shouldRetry })).rejects.toMatchObject({
      status: 503,
    })
    expect(asked).toEqual([503])
  })

  test('is not made again once the signal has aborted, not even out of a pause', async () => {
    const controller = new AbortController()
    const reason = new Error('no longer')
    let made = 0
    const work = retry(
      () => {
        made += 1
        return Promise.reject(
          new RunyardError({ code: 'unavailable', status: 503, detail: 'later', retryAfterMs: 50_000 }),
        )
      },
      { retries: 8, signal: controller.signal, onRetry: () => queueMicrotask(() => controller.abort(reason)) },
    )
    await expect(work).rejects.toBe(reason)
    expect(made).toBe(1)
  })
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
    expect(sent.map(({ n, seq }) => [n, seq])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ])
    const signal = queue.add([{ message: { type: 'signal' }, bytes: 0 }], true)
    expect(sent.at(-1)).toEqual({ type: 'signal', seq: 4 })
    queue.taken(4)
    await signal
    expect(sent.slice(4).map(({ n, seq }) => [n, seq])).toEqual([
      [4, 5],
      [5, 6],
    ])
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
    expect(sent.map(({ n, seq }) => [n, seq])).toEqual([
      [1, 1],
      [2, 2],
      [2, 2],
      [3, 3],
    ])
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

test.each([
  [undefined, ['60', '60', '60']],
  [() => undefined, ['1', '10', '10']],
])('a batch of a thousand jobs is not read anew each second', async (onProgress, expected) => {
  const waits: (string | null)[] = []
  const jobs = Array.from({ length: 1000 }, (_, index) => ({ id: String(index) }))
  const answer = async (url: string | URL | Request) => {
    waits.push(new URL(url instanceof Request ? url.url : url).searchParams.get('wait'))
    const running = waits.length < 3 ? 1 : 0
    const counts = { queued: 0, running, finished: 1000 - running, cancelled: 0 }
    return Response.json({ id: 'batch', createdAt: '', counts, jobs })
  }
  const client = createClient({ url: 'http://127.0.0.1:1', fetch: answer })
  await client.waitBatch('batch', onProgress && { onProgress })
  expect(waits).toEqual(expected)
})
