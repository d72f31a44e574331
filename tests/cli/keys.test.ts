import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { Command } from 'commander'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import type { CliContext } from '../../src/cli/context.ts'
import { parseExpiry } from '../../src/cli/key-options.ts'
import { addKeyCommands } from '../../src/cli/keys.ts'
import { operator } from '../../src/cli/operator.ts'
import { probeHost, usableHost } from '../../src/cli/up/hosts.ts'
import { withOwnKey } from '../../src/cli/up/first-job.ts'
import { withRedis } from '../../src/cli/with-redis.ts'
import { startRedis } from '../../src/host/redis.ts'
import { makeSocketFolder } from '../../src/shared/socket-folder.ts'
import type { ApiKey } from '../../src/shared/access/api-key.ts'
import { createApiKeys } from '../../src/shared/access/api-keys.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'
import { createSecurityEvents } from '../../src/shared/security/security-events.ts'

const root = packageRoot()
const namespace = `cli-${randomBytes(4).toString('hex')}`
const redis = new Redis(process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? '')
const apiKeys = createApiKeys(redis, createKeys(namespace))

afterAll(async () => {
  await redis.del(...(await redis.keys(`{${namespace}}:*`)))
  redis.disconnect()
})

function contextOf(env: Record<string, string | undefined> = {}): { context: CliContext; printed: () => string } {
  const lines: string[] = []
  const settings = { REDIS_URL: process.env['RUNYARD_TEST_REDIS'], RUNYARD_NAMESPACE: namespace, ...env }
  const context = { root, config: loadConfig(root, settings), print: (text: string) => void lines.push(text) }
  return { context, printed: () => lines.join('\n') }
}

/** What `runyard keys ...` prints. @throws what it fails of */
async function run(args: string[], env: Record<string, string | undefined> = {}): Promise<string> {
  const { context, printed } = contextOf(env)
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} })
  addKeyCommands(program, async () => context)
  for (const command of program.commands)
    for (const one of command.commands) one.exitOverride().copyInheritedSettings(program)
  await program.parseAsync(['keys', ...args], { from: 'user' })
  return printed()
}

const CREATE = ['create', '--name', 'a laptop', '--tenant', 'acme']

test('`create --json` prints id and key, once and nothing else, and the key opens', async () => {
  const text = await run([...CREATE, '--json'])
  const { id, key, ...rest } = JSON.parse(text) as { id: string; key: string }
  expect(rest).toEqual({})
  expect(text).toBe(`{"id":"${id}","key":"${key}"}`)
  expect(await apiKeys.verify(key)).toMatchObject({ id, name: 'a laptop', tenant: 'acme', scopes: ['jobs'] })
})

test('`create` shows the key with a line to try it, and says that it is not shown again', async () => {
  const text = await run(CREATE, { PORT: '4321' })
  const key = /^Key {6}(ry_\S+)$/m.exec(text)?.[1] ?? ''
  expect(await apiKeys.verify(key)).toBeDefined()
  expect(text).toContain('cannot show it again')
  expect(text).toContain(`curl -s http://127.0.0.1:4321/v1/runtimes -H 'authorization: Bearer ${key}'`)
})

test('`create` takes all that a key can have', async () => {
  const options = [
    '--scope',
    'admin,jobs',
    '--rate',
    '10/s',
    '--burst',
    '20',
    '--max-running',
    '3',
    '--max-sessions',
    '2',
    '--json',
  ]
  const limits = ['--limit', 'wallMs=10000', '--limit', 'memoryBytes=67108864']
  const text = await run([...CREATE, ...options, ...limits, '--screening', 'off', '--expires', '2100-01-31'])
  const { key } = JSON.parse(text) as { key: string }
  expect(await apiKeys.verify(key)).toMatchObject({
    scopes: ['jobs', 'admin'],
    rate: { perMinute: 600, burst: 20 },
    maxRunningJobs: 3,
    maxSessions: 2,
    limits: { wallMs: 10_000, memoryBytes: 67_108_864 },
    screening: 'off',
    expiresAt: '2100-01-31T00:00:00.000Z',
  })
})

test('half a rate is filled up with that of the service', async () => {
  const made = async (...options: string[]) => {
    const text = await run([...CREATE, ...options, '--json'], { RATE_PER_MINUTE: '90', RATE_BURST: '9' })
    return (await apiKeys.verify((JSON.parse(text) as { key: string }).key))?.rate
  }
  expect(await made('--rate', '600/min')).toEqual({ perMinute: 600, burst: 9 })
  expect(await made('--burst', '50')).toEqual({ perMinute: 90, burst: 50 })
  expect(await made()).toBeNull()
})

describe('`create` refuses', () => {
  test.each([
    { args: ['create', '--name', 'x'], words: '--tenant' },
    { args: ['create', '--name', 'x', '--tenant', 'Local'], words: '--tenant' },
    {
      args: ['create', '--name', 'x', '--tenant', 'local'],
      words: '--tenant is a name that callers without a key have',
    },
    { args: ['create', '--name', ' ', '--tenant', 'x'], words: '--name is blank' },
    { args: [...CREATE, '--scope', 'jobs,root'], words: 'jobs, containers, files, sessions, admin' },
    { args: [...CREATE, '--scope', ''], words: 'jobs, containers, files, sessions, admin' },
    { args: [...CREATE, '--rate', '600'], words: '600/min' },
    { args: [...CREATE, '--rate', '0/min'], words: '--rate perMinute' },
    { args: [...CREATE, '--max-running', '0'], words: '--max-running' },
    { args: [...CREATE, '--max-running', '-1'], words: 'whole number' },
    { args: [...CREATE, '--limit', 'wall=1'], words: 'wallMs' },
    { args: [...CREATE, '--limit', 'wallMs=999999999'], words: '--limit wallMs is 999999999; the most' },
    { args: [...CREATE, '--limit', 'memoryBytes=1'], words: '--limit memoryBytes' },
    { args: [...CREATE, '--screening', 'none'], words: 'strict' },
    { args: [...CREATE, '--expires', 'soon'], words: '30d' },
    { args: [...CREATE, '--expires', '2001-01-01'], words: '--expires is not in the future' },
    { args: [...CREATE, '--expires', '0d'], words: '--expires is not in the future' },
  ])('$args', async ({ args, words }) => {
    const before = await apiKeys.list()
    await expect(run(args)).rejects.toThrow(words)
    expect(await apiKeys.list()).toEqual(before)
  })
})

test.each([
  { text: '30d', is: '2026-01-31T00:00:00.000Z' },
  { text: '12h', is: '2026-01-01T12:00:00.000Z' },
  { text: '10m', is: '2026-01-01T00:10:00.000Z' },
  { text: '2027-01-31', is: '2027-01-31T00:00:00.000Z' },
  { text: '2027-01-31T01:00:00+01:00', is: '2027-01-31T00:00:00.000Z' },
])('--expires $text is $is at the beginning of 2026', ({ text, is }) =>
  expect(parseExpiry(text, Date.parse('2026-01-01T00:00:00Z'))).toBe(is),
)

test.each(['2027-02-31', '31.1.2027', '1y', '-1d', '2027-01-31T00:00:00', ''])('--expires %j is no time', (text) =>
  expect(() => parseExpiry(text)).toThrow('30d'),
)

test('`list` shows what there is and how it stands, never a key or what is stored of it', async () => {
  const fields = { name: 'for the list', tenant: 'acme' }
  const valid = await apiKeys.create(fields)
  const revoked = await apiKeys.create(fields)
  const ending = await apiKeys.create({ ...fields, expiresAt: '2100-01-31T12:34:00Z' })
  const old = createApiKeys(redis, createKeys(namespace), () => Date.parse('2020-01-01T00:00:00Z'))
  const expired = await old.create({ ...fields, expiresAt: '2020-01-02T00:00:00Z' })
  await apiKeys.revoke(revoked.record.id)
  const text = await run(['list'])
  const lineOf = ({ record }: { record: ApiKey }) => text.split('\n').find((line) => line.startsWith(record.id))
  expect(text.split('\n')[0]).toMatch(/^ID +NAME +TENANT +SCOPES +STATE +CREATED$/)
  expect(lineOf(valid)).toMatch(/for the list +acme +jobs +valid +\d{4}-\d\d-\d\d$/)
  expect(lineOf(revoked)).toMatch(/ revoked \d{4}-\d\d-\d\d /)
  expect(lineOf(ending)).toContain(' until 2100-01-31 12:34 ')
  expect(lineOf(expired)).toContain(' expired 2020-01-02 00:00 ')

  const json = await run(['list', '--json'])
  const { keys } = JSON.parse(json) as { keys: ApiKey[] }
  expect(keys).toEqual(await apiKeys.list())
  for (const shown of [text, json]) expect(shown).not.toMatch(/ry_|[0-9a-f]{64}/)
})

test('what is done to keys is put on record, with who did it, and never with the key', async () => {
  const log = pino({ level: 'silent' })
  const events = createSecurityEvents(redis, createKeys(namespace), contextOf().context.config.abuse, log)
  const { id, key } = JSON.parse(await run([...CREATE, '--json'])) as { id: string; key: string }
  await run(['revoke', id])
  const { events: found } = await events.list({ limit: 2 })
  const what = `key ${id} ("a laptop") of the tenant acme was`
  expect(found).toMatchObject([
    { kind: 'key-revoked', keyId: null, detail: `${what} revoked by the ${operator()}` },
    { kind: 'key-created', keyId: null, detail: `${what} made by the ${operator()}` },
  ])
  expect(JSON.stringify(found)).not.toContain(key.slice(16))
  await events.close()
})

test('`list` of nothing says how to make a key', async () => {
  expect(await run(['list'], { RUNYARD_NAMESPACE: `${namespace}-empty` })).toContain('runyard keys create')
})

test('`revoke` ends keys, names those there are not, and takes an id again', async () => {
  const made = await Promise.all([1, 2].map(() => apiKeys.create({ name: 'x', tenant: 'acme' })))
  const [one, two] = made.map(({ record }) => record.id) as [string, string]
  expect(await run(['revoke', one])).toBe(`${one} (x) is revoked`)
  await expect(run(['revoke', one, '000000000000', two])).rejects.toThrow('no key has the id 000000000000')
  for (const { secretKey } of made) expect(await apiKeys.verify(secretKey)).toBeUndefined()
  const { keys } = JSON.parse(await run(['revoke', one, '--json'])) as { keys: ApiKey[] }
  expect(keys).toEqual([await apiKeys.find(one)])
})

test('`revoke` with a whole key says what it takes and does not repeat the key', async () => {
  const { secretKey } = await apiKeys.create({ name: 'x', tenant: 'acme' })
  const failure = await run(['revoke', secretKey]).catch((error: Error) => error.message)
  expect(failure).toContain('give the id')
  expect(failure).not.toContain('ry_')
})

describe('Redis is', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'runyard-cli-'))
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

  test('that of `npm start` on this data directory when REDIS_URL is not set', async () => {
    const server = await startRedis({
      dataDir,
      socketFolder: await makeSocketFolder(dataDir),
      logFile: join(dataDir, 'redis.log'),
    })
    try {
      const env = { REDIS_URL: undefined, RUNYARD_DATA_DIR: dataDir }
      const { id } = JSON.parse(await run([...CREATE, '--json'], env)) as { id: string }
      expect(await run(['list'], env)).toContain(id)
      expect(await apiKeys.find(id)).toBeUndefined()
    } finally {
      await server.close()
    }
  })

  test('asked for when there is none', async () => {
    const started = run(['list'], { REDIS_URL: undefined, RUNYARD_DATA_DIR: join(dataDir, 'nobody') })
    await expect(started).rejects.toThrow(/no Runyard runs on .*nobody; start it with npm start, or set REDIS_URL/)
    const set = run(['list'], { REDIS_URL: 'redis://127.0.0.1:1' })
    await expect(set).rejects.toThrow(/the Redis of REDIS_URL does not answer \(.*ECONNREFUSED.*\); start it/)
  })

  test('let go of when the work fails', async () => {
    const { context } = contextOf()
    let used: Redis | undefined
    const failing = withRedis(context, async (one) => {
      used = one
      throw new Error(await one.ping())
    })
    await expect(failing).rejects.toThrow('PONG')
    if (used?.status !== 'end') await once(used as Redis, 'end')
  })
})

test('`npm start` uses no key without authentication, else one of its own that is gone afterwards', async () => {
  expect(await withOwnKey(contextOf().context, (headers) => Promise.resolve(headers))).toEqual({})
  const before = await apiKeys.list()
  const { context } = contextOf({ AUTH: 'required' })
  let key = ''
  const work = withOwnKey(context, async ({ authorization = '' }) => {
    key = authorization.replace('Bearer ', '')
    expect(await apiKeys.verify(key)).toMatchObject({ tenant: 'runyard-first-job', scopes: ['jobs'] })
    throw new Error('the job failed')
  })
  await expect(work).rejects.toThrow('the job failed')
  expect(await apiKeys.verify(key)).toBeUndefined()
  expect(await apiKeys.list()).toEqual(before)
})

test('a gateway on every address is shown with one that others can reach', () => {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const addresses = own.filter(({ family }) => family === 'IPv4').map(({ address }) => address)
  for (const host of ['0.0.0.0', '::']) expect(addresses).toContain(usableHost(host))
  expect([probeHost('0.0.0.0'), probeHost('::')]).toEqual(['127.0.0.1', '[::1]'])
  for (const hostOf of [usableHost, probeHost]) {
    expect([hostOf('127.0.0.1'), hostOf('::1'), hostOf('192.0.2.1')]).toEqual(['127.0.0.1', '[::1]', '192.0.2.1'])
  }
})
