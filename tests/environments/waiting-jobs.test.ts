import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { EnvironmentRecord } from '../../src/shared/environments/environment.ts'
import { createEnvironmentRecords, type EnvironmentRecords } from '../../src/shared/environments/environment-records.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'

let own: TestRedis
let records: EnvironmentRecords
beforeAll(async () => {
  own = await openTestRedis()
  records = createEnvironmentRecords(own.redis, own.keys)
})
afterAll(() => own.close())

async function environment(): Promise<EnvironmentRecord> {
  const origin = { tenant: 'me', keyId: null, address: '127.0.0.1' }
  const asked = { language: 'python', version: '3', dependencies: ['x'], manifest: 'x\n', hash: randomUUID(), origin }
  const made = await records.request(asked)
  const record = await records.read(made?.id ?? '')
  if (!record) throw new Error('there is no record')
  return record
}
const update = (record: EnvironmentRecord, changes: Partial<EnvironmentRecord['view']>) =>
  records.update({ ...record, view: { ...record.view, ...changes } })
async function jobIn(state: string): Promise<string> {
  const id = randomUUID()
  await own.redis.hset(own.keys.job(id), { state, summary: '' })
  return id
}
/** What a job was told of its packages. */
async function told(jobId: string): Promise<unknown[]> {
  const entries = await own.redis.xrange(own.keys.events(jobId), '-', '+')
  return entries.map(([, [, type, , data]]) => {
    expect(type).toBe('packages')
    return JSON.parse(data ?? '') as unknown
  })
}

test('a job that waits for its packages is told how far they are, each step once, until they are ready', async () => {
  const record = await environment()
  const { id } = record.view
  await update(record, { state: 'building', progress: 'resolving' })
  const waiting = await jobIn('queued')
  expect([await records.wait(id, waiting), await records.wait(id, waiting)]).toEqual([true, true])
  await update(record, { state: 'building', progress: 'installing x 1.0' })
  await update(record, { state: 'ready', progress: null })
  const at = (state: string, progress: string | null) => ({ environment: id, state, progress, error: null })
  expect(await told(waiting)).toEqual([
    at('building', 'resolving'),
    at('building', 'installing x 1.0'),
    at('ready', null),
  ])
  expect(await records.takeWaiting(id)).toEqual([waiting])
})

test('why packages cannot be had is told to those that wait', async () => {
  const record = await environment()
  const waiting = await jobIn('queued')
  await records.wait(record.view.id, waiting)
  const error = { code: 'package-unknown' as const, detail: 'x is in no index' }
  await update(record, { state: 'failed', progress: null, error })
  expect((await told(waiting)).at(-1)).toEqual({ environment: record.view.id, state: 'failed', progress: null, error })
})

test('a job that nobody put aside is told as well, and not let go when its packages are ready', async () => {
  const record = await environment()
  const { id } = record.view
  const due = await jobIn('queued')
  await records.follow(id, due)
  await update(record, { state: 'ready' })
  expect((await told(due)).map((data) => (data as { state: string }).state)).toEqual(['queued', 'ready'])
  expect(await records.takeWaiting(id)).toEqual([])
  await records.follow(id, due)
  expect(await told(due)).toHaveLength(2)
})

test('of many jobs the first 500 are told, and all that were put aside are let go', async () => {
  const record = await environment()
  const { id } = record.view
  const jobs = await Promise.all(Array.from({ length: 501 }, () => jobIn('queued')))
  for (const job of jobs) expect(await records.wait(id, job)).toBe(true)
  await update(record, { state: 'ready' })
  const counts = await Promise.all(jobs.map(async (job) => (await told(job)).length))
  expect(counts).toEqual([...Array<number>(500).fill(2), 0])
  expect((await records.takeWaiting(id)).toSorted()).toEqual(jobs.toSorted())
})

test('what a second build of the same is doing does not take the place of what the first one gave', async () => {
  const record = await environment()
  const { id } = record.view
  await update(record, { state: 'ready', lock: 'x==1.0' })
  await update(record, { state: 'building', progress: 'installing x 1.0' })
  expect((await records.read(id))?.view).toMatchObject({ state: 'ready', lock: 'x==1.0', progress: null })
})

test('a job that runs, has ended or is gone is told nothing', async () => {
  const record = await environment()
  const others = [await jobIn('running'), await jobIn('finished'), randomUUID()]
  for (const job of others) expect(await records.wait(record.view.id, job)).toBe(true)
  await update(record, { state: 'building', progress: 'resolving' })
  expect(await Promise.all(others.map(told))).toEqual([[], [], []])
})

test('nothing waits for packages that are ready, failed or gone', async () => {
  const ready = await environment()
  await update(ready, { state: 'ready' })
  const failed = await environment()
  await update(failed, { state: 'failed' })
  const gone = await environment()
  await own.redis.del(own.keys.environment(gone.view.id))
  const job = await jobIn('queued')
  for (const { view } of [ready, failed, gone]) expect(await records.wait(view.id, job)).toBe(false)
  expect(await told(job)).toEqual([])
  expect(await records.takeWaiting(ready.view.id)).toEqual([])
})
