import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import type { Environment, EnvironmentRecord } from '../../src/shared/environments/environment.ts'
import type { Job } from '../../src/shared/job.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createJobQueue, type JobQueue } from '../../src/shared/redis/job-queue.ts'
import { createKeys, type Keys } from '../../src/shared/redis/keys.ts'
import { get, post, runJob } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { startPackageIndex, type TestIndex, wheel } from '../support/package-index.ts'
import { monitorRedis } from '../support/redis-monitor.ts'
import { startPlatform, testRoot, type TestPlatform } from '../support/platform.ts'

/** Longer than the record of an environment that nobody uses. */
const RESULT_TTL_SECONDS = 60 * 24 * 3600
/** Hashes of so many files of a package make its lock long. */
const OTHER_FILES = 400
const elsewhere = { ...wheel('kept', '1.0', [['elsewhere.py', '']]), file: 'kept-1.0-cp313-cp313-win32.whl' }
/** Times have more or fewer digits. */
const NOISE_BYTES = 200

let index: TestIndex
let platform: TestPlatform
let data: string
let admin: { authorization: string }
let redis: Redis
let keys: Keys
let queue: JobQueue
beforeAll(async () => {
  index = await startPackageIndex()
  const build = (number: number) => ({
    ...wheel('lot', '1.0', [
      ['lot.py', 'X = 1\n'],
      [`lot_${number}.py`, ''],
    ]),
    file: `lot-1.0-${number}-py3-none-any.whl`,
  })
  index.add(...['few', 'kept'].map((name) => wheel(name, '1.0', [[`${name}.py`, 'X = 1\n']])))
  index.add(...Array.from({ length: OTHER_FILES }, (_, number) => build(number)), elsewhere)
  data = await mkdtemp('/tmp/ry-lock-')
  platform = await startPlatform({
    RUNYARD_DATA_DIR: data,
    PACKAGE_INDEX_PYPI: index.url,
    PACKAGE_INDEX_REACH: '127.0.0.1',
    RESULT_TTL_SECONDS: String(RESULT_TTL_SECONDS),
  })
  admin = await makeKey(platform, 'ops', { scopes: ['admin'] })
  const { redis: address } = loadConfig(testRoot, platform.env)
  if (!address) throw new Error('the platform has no Redis')
  redis = connectRedis(address, 'wait', 'test-kept-lock', pino({ level: 'silent' }))
  keys = createKeys(platform.namespace)
  queue = createJobQueue(redis, keys)
})
afterAll(async () => {
  await queue.close()
  redis.disconnect()
  await platform.close()
  await index.close()
  await rm(data, { recursive: true, force: true })
})

const using = (name: string) => ({ language: 'python', code: `import ${name}`, dependencies: [name] })
const readJob = async (id: string) => (await get<Job>(`${platform.url}/v1/jobs/${id}`)).body
const readEnvironment = async ({ environment }: Job) =>
  (await get<Environment>(`${platform.url}/v1/environments/${environment?.id}`)).body
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

/** Runs a job with a package, and has another wait. @returns what there is of them, in bytes */
async function traces(name: string) {
  const answer = await runJob(platform.url, using(name))
  expect(answer.status).toBe('succeeded')
  const { body: waiting } = await post<Job>(`${platform.url}/v1/jobs`, { ...using(name), delayMs: 600_000 })
  const queued = (await queue.getJob(waiting.id))?.data
  await fetch(`${platform.url}/v1/jobs/${waiting.id}`, { method: 'DELETE' })
  const record = await redis.hgetall(keys.job(answer.id))
  // How many steps of the installation it was told depends on how long that took.
  const all = await redis.xrange(keys.events(answer.id), '-', '+')
  const events = all.filter(([, [, type]]) => type !== 'packages')
  expect(queued?.environment).toBe(answer.environment?.id)
  const { lock } = await readEnvironment(answer)
  // Of all this, only the answer has it.
  expect(answer.environment?.lock).toBe(lock)
  const bytes = { queued, record, events }
  return {
    lockBytes: lock?.length ?? 0,
    bytes: Object.fromEntries(Object.entries(bytes).map(([what, value]) => [what, bytesOf(value)])),
  }
}

test('nothing that is kept, queued or told of a job grows with the lock of its packages', async () => {
  const few = await traces('few')
  const lot = await traces('lot')
  expect(lot.lockBytes - few.lockBytes).toBeGreaterThan(OTHER_FILES * 64)
  for (const [what, bytes] of Object.entries(lot.bytes)) {
    expect({ what, more: Math.abs(bytes - (few.bytes[what] ?? 0)) < NOISE_BYTES }).toEqual({ what, more: true })
  }
})

test('a job that is read has its lock, null until it runs, also when its packages were evicted', async () => {
  const { body: waiting } = await post<Job>(`${platform.url}/v1/jobs`, { ...using('few'), delayMs: 600_000 })
  expect((await readJob(waiting.id)).environment).toEqual({ id: expect.any(String), lock: null })
  await fetch(`${platform.url}/v1/jobs/${waiting.id}`, { method: 'DELETE' })

  const job = await runJob(platform.url, using('few'))
  const { id, lock } = await readEnvironment(job)
  expect(lock).toMatch(/^few==1\.0 .*--hash=sha256:[0-9a-f]{64}/s)
  const evicted = await fetch(`${platform.url}/v1/admin/environments/${id}`, { method: 'DELETE', headers: admin })
  expect(evicted.status).toBe(204)
  expect((await readJob(job.id)).environment).toEqual({ id, lock })
  const { body: shown } = await get<Job>(`${platform.url}/v1/admin/jobs/${job.id}`, admin)
  expect(shown.environment).toEqual({ id, lock })
})

test('a lock that was kept with the hashes of other machines, as they once were, is installed as it stands', async () => {
  const asked = { language: 'python', dependencies: ['kept'] }
  const { body: made } = await post<Environment>(`${platform.url}/v1/environments`, asked, { prefer: 'wait=60' })
  const text = await redis.get(keys.environment(made.id))
  const { fileId: _, ...record } = JSON.parse(text ?? '') as EnvironmentRecord
  const hash = createHash('sha256').update(elsewhere.content).digest('hex')
  const hashes = `${record.view.lock} --hash=sha256:${hash}`.match(/--hash=\S+/g) ?? []
  expect(hashes).toHaveLength(2)
  const lock = ['kept==1.0', ...hashes.toSorted().map((one) => `    ${one}`), ''].join(' \\\n').replace(/ \\\n$/, '\n')
  await redis.set(keys.environment(made.id), JSON.stringify({ ...record, view: { ...record.view, lock } }), 'KEEPTTL')
  const byId = { language: 'python', code: 'import kept', environment: made.id }
  const job = await runJob(platform.url, byId)
  expect(job).toMatchObject({ status: 'succeeded', environment: { id: made.id, lock } })
})

test('a lock is kept as long as a job that names it, however its environment is used later', async () => {
  const job = await runJob(platform.url, using('few'))
  const environment = job.environment?.id ?? ''
  const isKept = async () => (await redis.ttl(keys.environment(environment))) >= (await redis.ttl(keys.job(job.id)))
  expect(await isKept()).toBe(true)
  await post(`${platform.url}/v1/environments`, { language: 'python', dependencies: ['few'] })
  const { body: waiting } = await post<Job>(`${platform.url}/v1/jobs`, { ...using('few'), delayMs: 600_000 })
  expect(waiting.environment?.id).toBe(environment)
  expect(await isKept()).toBe(true)
  await fetch(`${platform.url}/v1/jobs/${waiting.id}`, { method: 'DELETE' })
})

test('a job whose environment is known reads nothing of its record', async () => {
  const byName = using('lot')
  const { environment } = await runJob(platform.url, byName)
  const byId = { language: 'python', code: 'import lot', environment: environment?.id }
  await runJob(platform.url, byId)
  const monitor = await monitorRedis(process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? '')
  try {
    for (const request of [byName, byId]) expect((await runJob(platform.url, request)).status).toBe('succeeded')
    const mark = `${platform.namespace} is over`
    await redis.echo(mark)
    await eventually('all commands were seen', () => monitor.commands.some(([, word]) => word === mark))
  } finally {
    monitor.close()
  }
  const record = keys.environment(environment?.id ?? '')
  const names = monitor.commands.filter(([, key]) => key === record).map(([name = '']) => name)
  // It is looked for and kept longer; that it is seen at all shows that the commands of scripts are.
  expect(names).toEqual(expect.arrayContaining(['exists', 'ttl']))
  expect(names).not.toContain('get')
})
