import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { KIB } from '../../src/shared/limits.ts'
import {
  BEFORE_ALL,
  createJobInputs,
  INPUT_LIMIT_BYTES,
  INPUT_WINDOW_BYTES,
  type InputAnswer,
  type InputMessage,
  type JobInputs,
  MESSAGE_COST_BYTES,
} from '../../src/shared/redis/job-input.ts'
import type { SubmittedJob } from '../../src/shared/jobs/job-admission.ts'
import { createWakeUps } from '../../src/shared/redis/wake-ups.ts'
import { admit, createJobRecords, endedJob, type JobRecords, RETENTION, submittedJob } from '../support/job-records.ts'
import { openTestRedis, type TestRedis } from './security/test-redis.ts'

let test0: TestRedis
let inputs: JobInputs
let records: JobRecords
beforeAll(async () => {
  test0 = await openTestRedis()
  inputs = createJobInputs(test0.redis, test0.keys)
  records = createJobRecords(test0.redis, test0.keys, RETENTION)
})
afterAll(() => test0.close())

let count = 0
let job: SubmittedJob
let id: string
beforeEach(async () => {
  id = `job-${++count}`
  job = submittedJob(id)
  job.head.interactive = true
  await admit(records, job)
})

const finish = (attempt: number) => records.finish({ ...endedJob(id, attempt), interactive: true }, 'a', {})

const stdin = (data: string | Buffer, seq: number | null = null): InputMessage => ({
  kind: 'stdin',
  data: Buffer.from(data),
  seq,
})
const eof = (seq: number | null = null): InputMessage => ({ kind: 'eof', data: Buffer.alloc(0), seq })
const signal = (seq: number | null = null): InputMessage => ({ kind: 'signal', data: Buffer.from('SIGINT'), seq })
const send = (message: InputMessage) => inputs.send(id, message)
const sendAll = async (messages: InputMessage[]) => {
  const answers: InputAnswer[] = []
  for (const message of messages) answers.push(await send(message))
  return answers
}
const PIECE = Buffer.alloc(64 * KIB - MESSAGE_COST_BYTES, 0xff)

describe('the input of a job', () => {
  test('is kept in order, byte for byte, whatever its bytes', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 0xc3])
    expect(await sendAll([stdin('a'), stdin(bytes), stdin(''), eof()])).toEqual(['taken', 'taken', 'taken', 'taken'])
    const entries = await inputs.read(id, BEFORE_ALL)
    expect(entries.map(({ kind, data, attempt, total }) => [kind, data.toString('hex'), attempt, total])).toEqual([
      ['stdin', '61', 0, 65],
      ['stdin', bytes.toString('hex'), 0, 134],
      ['stdin', '', 0, 198],
      ['eof', '', 0, 262],
    ])
    expect(await inputs.read(id, entries[1]?.id ?? '')).toEqual(entries.slice(2))
  })

  test('takes a numbered message once, also when numbers are left out', async () => {
    expect(await inputs.lastSeq(id)).toBeNull()
    expect(
      await sendAll([stdin('a', 1), stdin('a', 1), stdin('b', 5), stdin('?', 4), stdin('c'), eof(6), eof(6)]),
    ).toEqual(['taken', 'known', 'taken', 'known', 'taken', 'taken', 'known'])
    expect(await inputs.lastSeq(id)).toBe(6)
    expect((await inputs.read(id, BEFORE_ALL)).map(({ data }) => data.toString()).join('')).toBe('abc')
  })

  test('counts numbers as numbers, up to the largest', async () => {
    const most = Number.MAX_SAFE_INTEGER
    expect(
      await sendAll([stdin('a', 9), stdin('b', 10), stdin('c', most - 1), stdin('d', most), stdin('e', most)]),
    ).toEqual(['taken', 'taken', 'taken', 'taken', 'known'])
  })

  test('ends once', async () => {
    expect(await sendAll([eof(), stdin('late'), eof()])).toEqual(['taken', 'closed', 'closed'])
  })

  test('has no room beyond the window until the program takes some; nothing is lost by that', async () => {
    const most = INPUT_WINDOW_BYTES / (PIECE.length + MESSAGE_COST_BYTES)
    for (let seq = 1; seq <= most; seq++) expect(await send(stdin(PIECE, seq))).toBe('taken')
    expect(await send(stdin('x', most + 1))).toBe('full')
    expect(await inputs.lastSeq(id)).toBe(most)
    await inputs.taken(id, MESSAGE_COST_BYTES + 1)
    expect(await send(stdin('x', most + 1))).toBe('taken')
    expect(await send(stdin('x', most + 2))).toBe('full')
    // An older worker's word does not take room back.
    await inputs.taken(id, 1)
    expect(await send(stdin('', most + 2))).toBe('full')
    expect(await test0.redis.xlen(test0.keys.input(id))).toBe(most + 1)
  })

  test('is bounded in all, for good', async () => {
    const cost = PIECE.length + MESSAGE_COST_BYTES
    for (let sent = 0; sent < INPUT_LIMIT_BYTES; sent += cost) {
      expect(await send(stdin(PIECE))).toBe('taken')
      await inputs.taken(id, sent + cost)
    }
    expect(await sendAll([stdin('x'), eof(), signal()])).toEqual(['limit', 'limit', 'not-running'])
  })

  test('leaves no hole: once something was too much, so is everything after it', async () => {
    const cost = PIECE.length + MESSAGE_COST_BYTES
    for (let sent = 0; sent < INPUT_LIMIT_BYTES - cost; sent += cost) {
      await send(stdin(PIECE))
      await inputs.taken(id, sent + cost)
    }
    expect(await sendAll([stdin('x'), stdin(PIECE), stdin('y')])).toEqual(['taken', 'limit', 'limit'])
  })

  test('is gone when the job has ended, and takes no more', async () => {
    await records.start(job)
    await send(stdin('a', 1))
    await finish(1)
    expect(await test0.redis.exists(test0.keys.input(id))).toBe(0)
    expect(await sendAll([stdin('a', 1), stdin('b', 2), eof(), signal()])).toEqual(['known', 'ended', 'ended', 'ended'])
    await inputs.taken(id, 1000)
    expect(await test0.redis.exists(test0.keys.input(id))).toBe(0)
  })

  test('of a job that is none is refused and makes nothing', async () => {
    expect(await inputs.send('nothing', stdin('a'))).toBe('ended')
    await inputs.taken('nothing', 1)
    expect(await test0.redis.exists(test0.keys.input('nothing'), test0.keys.job('nothing'))).toBe(0)
  })

  test('lives no longer than the record', async () => {
    await send(stdin('a'))
    const { redis, keys } = test0
    expect(await redis.ttl(keys.input(id))).toBeLessThanOrEqual(await redis.ttl(keys.job(id)))
    expect(await redis.ttl(keys.input(id))).toBeGreaterThan(0)
  })
})

test('a signal goes to a running job only, with its attempt, and has numbers of its own, since it overtakes', async () => {
  expect(await send(signal())).toBe('not-running')
  await records.start(job)
  expect(await sendAll([signal(7), stdin('late', 6), signal(7), signal(8)])).toEqual([
    'taken',
    'taken',
    'known',
    'taken',
  ])
  await records.requeue(job, 1, 'draining')
  expect(await send(signal(9))).toBe('not-running')
  await records.start(job)
  await send(signal(9))
  const entries = await inputs.read(id, BEFORE_ALL)
  expect(entries.map(({ kind, attempt }) => [kind, attempt])).toEqual([
    ['signal', 1],
    ['stdin', 1],
    ['signal', 1],
    ['signal', 2],
  ])
})

test('listeners are woken by input, by room, and after a lost connection; not after they left', async () => {
  const subscriber = await test0.connect()
  const wakeUps = createWakeUps(subscriber)
  let wakes = 0
  let heard = () => {}
  const wake = () => {
    wakes++
    heard()
  }
  const until = (number: number) =>
    new Promise<void>((resolve) => {
      heard = () => wakes >= number && resolve()
      heard()
    })
  const leave = await wakeUps.listen(test0.keys.input(id), wake)
  await send(stdin('a'))
  await until(1)
  await inputs.taken(id, 10)
  await until(2)
  subscriber.disconnect(true)
  await until(3)
  await send(stdin('b'))
  await until(4)
  const other = await wakeUps.listen(test0.keys.input(id), () => heard())
  leave()
  const again = new Promise<void>((resolve) => (heard = resolve))
  await send(stdin('c'))
  await again
  expect(wakes).toBe(4)
  other()
})
