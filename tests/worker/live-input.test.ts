import { expect, test } from '@jest/globals'
import { pino } from 'pino'
import { KIB } from '../../src/shared/limits.ts'
import { BEFORE_ALL, INPUT_WINDOW_BYTES, type InputEntry } from '../../src/shared/redis/job-input.ts'
import { createLiveInput } from '../../src/worker/jobs/live-input.ts'

/** The stream of one job as an array, and a stage that notes what reaches it. */
function stage() {
  const entries: InputEntry[] = []
  const reached: string[] = []
  const told: number[] = []
  let wake = () => {}
  let listening = 0
  let failures = 0
  let total = 0
  let onRead = () => {}
  const noted = new Set<() => void>()
  const note = (what: string) => {
    reached.push(what)
    for (const look of noted) look()
  }
  const live = createLiveInput({
    inputs: {
      read: async (_id, after) => {
        onRead()
        await new Promise((resolve) => setImmediate(resolve))
        if (failures > 0 && failures-- > 0) throw new Error('away')
        return entries.slice(after === BEFORE_ALL ? 0 : Number(after)).slice(0, 3)
      },
      taken: async (_id, upTo) => void told.push(upTo),
    },
    wakeUps: {
      listen: async (_channel, listener) => {
        listening++
        wake = listener
        return () => void listening--
      },
    },
    keys: { input: (id) => id },
    log: pino({ level: 'silent' }),
  })
  return {
    reached,
    told,
    listening: () => listening,
    /** Resolves when a read has begun, and is not over. */
    readBegins: () => new Promise<void>((resolve) => (onRead = resolve)),
    fail: (times: number) => (failures = times),
    add: (kind: InputEntry['kind'], data = '', attempt = 1) => {
      total += data.length + 64
      entries.push({ id: String(entries.length + 1), kind, data: Buffer.from(data), attempt, total })
      wake()
      return total
    },
    start: (attempt = 1, before = 0) =>
      live('job', attempt)(
        {
          input: (bytes) => note(Buffer.from(bytes).toString()),
          endInput: () => note('<eof>'),
          resize: ({ columns, rows }) => note(`<${columns}x${rows}>`),
          signal: (number) => note(`<${number}>`),
        },
        before,
      ),
    until: (text: string) =>
      new Promise<void>((resolve) => {
        const look = () => reached.join('') === text && resolve()
        noted.add(look)
        look()
      }),
  }
}

test('another size of the terminal comes in its place among the input', async () => {
  const { add, start, until } = stage()
  add('stdin', 'a')
  add('resize', '{"columns":100,"rows":40}')
  add('stdin', 'b')
  const feed = start()
  await until('a<100x40>b')
  feed.stop()
})

test('what was sent before the stage and during it reaches it in order', async () => {
  const { add, start, until, listening } = stage()
  for (const letter of 'abcdefg') add('stdin', letter)
  const feed = start()
  await until('abcdefg')
  add('stdin', 'h')
  add('signal', 'SIGINT')
  add('stdin', 'i')
  add('eof')
  await until('abcdefgh<2>i<eof>')
  feed.stop()
  expect(listening()).toBe(0)
})

test('signals of an earlier attempt are not repeated; input is', async () => {
  const { add, start, until } = stage()
  add('stdin', 'a')
  add('signal', 'SIGKILL', 1)
  add('signal', 'SIGUSR1', 2)
  const feed = start(2)
  await until('a<10>')
  feed.stop()
})

test('nothing reaches a sandbox after the stop: it may be another job’s', async () => {
  const { add, start, reached, listening, readBegins } = stage()
  add('stdin', 'secret')
  start().stop()
  const begun = readBegins()
  const feed = start()
  await begun
  add('stdin', 'secret')
  feed.stop()
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
  expect([reached, listening()]).toEqual([[], 0])
})

test('a failed read is tried again, with nothing lost or doubled', async () => {
  const { add, start, until, fail } = stage()
  fail(1)
  add('stdin', 'a')
  const feed = start()
  add('stdin', 'b')
  await until('ab')
  feed.stop()
})

test('senders are told of room by quarters of the window, never of what the program did not take', async () => {
  const { add, start, until, told } = stage()
  const before = 1000
  const feed = start(1, before)
  const piece = 'x'.repeat(32 * KIB)
  const totals: number[] = []
  for (let i = 0; i < 32; i++) totals.push(add('stdin', piece))
  await until(piece.repeat(32))
  feed.taken(before)
  feed.taken(piece.length * 7)
  expect(told).toEqual([])
  feed.taken(piece.length - 1)
  expect(told).toEqual([])
  feed.taken(1)
  expect(told).toEqual([totals[7]])
  feed.taken(piece.length * 24)
  expect(told).toEqual([totals[7], totals[31]])
  feed.stop()
})

test('room is told of as well for many tiny messages, however they are acknowledged', async () => {
  const { add, start, until, told } = stage()
  const feed = start()
  let last = 0
  while (last < INPUT_WINDOW_BYTES) last = add('stdin', 'x')
  const count = last / 65
  await until('x'.repeat(count))
  for (let i = 0; i < count; i++) feed.taken(1)
  // What is not told is less than the window, so nobody waits for ever.
  expect(last - (told.at(-1) ?? 0)).toBeLessThan(INPUT_WINDOW_BYTES / 2)
  expect(told).toEqual(told.toSorted((a, b) => a - b))
  feed.stop()
})
