import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { createReplies, type Replies } from '../../../src/api/events/replies.ts'
import { readEnded } from '../../../src/api/jobs/job-submission.ts'
import type { JobSummary, StageSummary } from '../../../src/shared/job.ts'
import { connectRedis } from '../../../src/shared/redis/connect.ts'
import { openTestRedis, type TestRedis } from '../../shared/security/test-redis.ts'
import {
  admit,
  createJobRecords,
  endedJob,
  type JobRecords,
  RETENTION,
  submittedJob,
} from '../../support/job-records.ts'
import { openRedisLink, type RedisLink } from '../../support/redis-link.ts'
import { eventually } from '../../support/eventually.ts'

let own: TestRedis
let link: RedisLink
let subscriber: Redis
let records: JobRecords
let replies: Replies
beforeEach(async () => {
  own = await openTestRedis()
  link = await openRedisLink(process.env['RUNYARD_TEST_REDIS'] ?? '')
  subscriber = connectRedis(link.address, 'wait', 'test-replies', pino({ level: 'silent' }))
  await once(subscriber, 'ready')
  records = createJobRecords(own.redis, own.keys, RETENTION)
  replies = createReplies(subscriber, own.keys, (id) => readEnded(records, id))
  await listening()
})
afterEach(async () => {
  subscriber.disconnect()
  await link.close()
  await own.close()
})

async function listening(): Promise<void> {
  await eventually('replies listen', () => {
    const watch = replies.watch('none')
    watch?.cancel()
    return watch
  })
}

const never = new AbortController().signal
const submit = async (id: string) => {
  await admit(records, submittedJob(id, 'a', { replyTo: replies.address }))
  await records.start(submittedJob(id))
}
const stage = (stdoutBytes: number): StageSummary => ({
  name: 'run',
  status: 'succeeded',
  exitCode: 0,
  signal: null,
  wallMs: 1,
  cpuMs: 1,
  memoryPeakBytes: 1,
  stdoutBytes,
  stderrBytes: 0,
  truncated: false,
  limitsMet: [],
})
const wrote = (id: string, text: string): { job: JobSummary; outputs: { bytes: Buffer; order: Buffer }[] } => {
  const length = Buffer.byteLength(text)
  const order = Buffer.from([(length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14])
  return { job: { ...endedJob(id), stages: [stage(length)] }, outputs: [{ bytes: Buffer.from(text), order }] }
}

test('short output comes with the job, long output is left to be read', async () => {
  for (const [id, text] of [
    ['short', 'x'.repeat(16 * 1024)],
    ['long', 'x'.repeat(16 * 1024 + 1)],
  ] as const) {
    const watch = replies.watch(id)
    await submit(id)
    const { job, outputs } = wrote(id, text)
    await records.finish(job, 'a', { attempt: 1 }, { outputs, replies: true })
    const ended = await watch?.wait(5000, never)
    expect(ended).toMatchObject({ id, status: 'succeeded' })
    const whole = { stdout: text, stderr: '', output: text, encoding: 'utf-8' }
    expect(ended?.stages).toEqual([id === 'short' ? { ...stage(text.length), ...whole } : stage(text.length)])
  }
})

test('the end comes whoever ends the job, without its output where that is not at hand', async () => {
  const watch = replies.watch('x')
  await submit('x')
  await records.finish({ ...endedJob('x'), state: 'cancelled', status: 'cancelled' }, 'a', {})
  expect(await watch?.wait(5000, never)).toMatchObject({ id: 'x', state: 'cancelled' })
})

test('a job that nobody waits for is told to nobody', async () => {
  const heard: string[] = []
  const listener = own.redis.duplicate({ enableOfflineQueue: true })
  try {
    await listener.psubscribe(own.keys.replies('*'))
    listener.on('pmessage', (_pattern, channel: string) => heard.push(channel))
    await admit(records, submittedJob('quiet'))
    await records.finish(endedJob('quiet'), 'a', {})
    await submit('told')
    await records.finish(endedJob('told'), 'a', {})
    await eventually('a reply was heard', () => heard.length !== 0)
    expect(heard).toEqual([own.keys.replies(replies.address)])
  } finally {
    listener.disconnect()
  }
})

test('an end that passes while the connection is lost is found when it is back', async () => {
  const watch = replies.watch('x')
  await submit('x')
  const waiting = watch?.wait(20_000, never)
  link.cut()
  await once(subscriber, 'close')
  expect(replies.watch('y')).toBeUndefined()
  await records.finish(endedJob('x'), 'a', {})
  link.mend()
  expect(await waiting).toMatchObject({ id: 'x', status: 'succeeded' })
})

test('a watch ends with its time and with its signal, and leaves nothing behind', async () => {
  await submit('x')
  expect(await replies.watch('x')?.wait(10, never)).toBeUndefined()
  expect(await replies.watch('x')?.wait(60_000, AbortSignal.abort())).toBeUndefined()
  const gone = new AbortController()
  const waiting = replies.watch('x')?.wait(60_000, gone.signal)
  gone.abort()
  expect(await waiting).toBeUndefined()
})
