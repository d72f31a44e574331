import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import type { RunningApi } from '../../src/api/serve.ts'
import { startApi } from '../../src/api/start.ts'
import { serviceCommand } from '../../src/host/service-command.ts'
import type { ApiKey, Scope } from '../../src/shared/access/api-key.ts'
import { type ApiKeys, createApiKeys } from '../../src/shared/access/api-keys.ts'
import { formatKey, newKeyText, parseKey } from '../../src/shared/access/key-text.ts'
import type { NewApiKey } from '../../src/shared/access/new-api-key.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import type { Job } from '../../src/shared/job.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'
import { get, post, runJob } from '../support/client.ts'
import { startPlatform, type TestPlatform, testRoot } from '../support/platform.ts'
import { problemOf, type RawAnswer, send } from '../support/send.ts'

const UNKNOWN_JOB = '01999999-9999-7999-8999-999999999999'
const HELLO = { language: 'python', code: 'print("hello")' }
const FOREVER = { language: 'python', code: 'import time\nprint("ready", flush=True)\ntime.sleep(60)' }

let platform: TestPlatform
/** More gateways on the same Redis; they log everything to `logged`. */
let second: RunningApi
let optional: RunningApi
let open: RunningApi
let logged = ''
let redis: Redis
let apiKeys: ApiKeys
let keysAtStart: string[]

beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'required', POOL_READY: '1', KILL_GRACE_MS: '300' })
  redis = new Redis(process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? '')
  keysAtStart = await redis.keys(`{${platform.namespace}}:key*`)
  apiKeys = createApiKeys(redis, createKeys(platform.namespace))
  const log = pino(
    { level: 'trace' },
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        logged += chunk.toString()
        done()
      },
    }),
  )
  const gateway = (env: Record<string, string>) =>
    startApi(
      loadConfig(testRoot, {
        REDIS_URL: process.env['RUNYARD_TEST_REDIS'],
        RUNYARD_NAMESPACE: platform.namespace,
        PORT: '0',
        RATE_PER_MINUTE: '100000000',
        RATE_BURST: '1000000',
        READ_RATE_PER_MINUTE: '100000000',
        READ_RATE_BURST: '1000000',
        ...env,
      }),
      testRoot,
      log,
    )
  second = await gateway({ AUTH: 'required' })
  optional = await gateway({ AUTH: 'optional', TRUST_PROXY: 'loopback' })
  open = await gateway({ AUTH: 'none' })
})

afterAll(async () => {
  redis.disconnect()
  await Promise.all([second, optional, open].map((gateway) => gateway.close()))
  await platform.close()
})

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

async function made(tenant: string, scopes: Scope[] = ['jobs'], more: Partial<NewApiKey> = {}) {
  const { record, secretKey } = await apiKeys.create({ name: `key of ${tenant}`, tenant, scopes, ...more })
  return { id: record.id, key: secretKey, headers: bearer(secretKey) }
}

interface Route {
  method: string
  path: string
  body?: string
}

const json = { 'content-type': 'application/json' }
const ask = (url: string, { method, path, body }: Route, headers: Record<string, string>): Promise<RawAnswer> =>
  send(`${url}${path}`, { ...json, ...headers }, { method, ...(body !== undefined && { body }) })

/** What anybody could try, but for health. */
const ROUTES: Route[] = [
  { method: 'POST', path: '/v1/jobs', body: JSON.stringify(HELLO) },
  { method: 'GET', path: '/v1/jobs' },
  { method: 'GET', path: `/v1/jobs/${UNKNOWN_JOB}` },
  { method: 'DELETE', path: `/v1/jobs/${UNKNOWN_JOB}` },
  { method: 'GET', path: `/v1/jobs/${UNKNOWN_JOB}/events` },
  { method: 'GET', path: '/v1/runtimes' },
  { method: 'POST', path: '/api/repl/execute', body: JSON.stringify(HELLO) },
  { method: 'POST', path: '/api/repl/execute/stream', body: JSON.stringify(HELLO) },
  { method: 'GET', path: '/api/repl/languages' },
  { method: 'POST', path: '/api/containers/create', body: JSON.stringify({ image: 'python', command: ['true'] }) },
  {
    method: 'POST',
    path: '/api/containers/create/stream',
    body: JSON.stringify({ image: 'python', command: ['true'] }),
  },
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/' },
  { method: 'GET', path: '/nowhere' },
]
const ADMIN_ROUTES: Route[] = [
  { method: 'GET', path: '/v1/admin/keys' },
  { method: 'POST', path: '/v1/admin/keys', body: JSON.stringify({ name: 'x', tenant: 'x', scopes: ['admin'] }) },
  { method: 'DELETE', path: '/v1/admin/keys/000000000000' },
  { method: 'GET', path: '/v1/admin/security/events' },
  { method: 'GET', path: '/v1/admin/nowhere' },
]
const title = ({ method, path }: Route) => `${method} ${path.replace(UNKNOWN_JOB, ':id')}`

test('an installation begins without any key, so that no default one can open it', async () => {
  expect(keysAtStart).toEqual([])
  const guesses = ['admin', 'changeme', 'runyard', formatKey({ id: '0'.repeat(12), secret: '0'.repeat(64) })]
  for (const guess of guesses) {
    expect((await ask(platform.url, { method: 'GET', path: '/v1/admin/keys' }, bearer(guess))).status).toBe(401)
  }
})

describe('nobody is served without a valid key:', () => {
  test.each([...ROUTES, ...ADMIN_ROUTES].map((route) => ({ name: title(route), route })))(
    '$name',
    async ({ route }) => {
      const { id, key } = await made('acme', ['jobs', 'containers', 'admin'])
      const revoked = await made('acme', ['jobs', 'containers', 'admin'])
      await apiKeys.revoke(revoked.id)
      const past = createApiKeys(redis, createKeys(platform.namespace), () => Date.now() - 1000)
      const expired = await past.create({
        name: 'x',
        tenant: 'acme',
        expiresAt: new Date(Date.now() - 1).toISOString(),
      })
      const shown = [
        formatKey(newKeyText()),
        formatKey({ id, secret: newKeyText().secret }),
        revoked.key,
        expired.secretKey,
        'malformed',
        key.slice(0, -1),
      ]
      const answers = await Promise.all(shown.map((one) => ask(second.url, route, bearer(one))))
      expect(answers.map(({ status }) => status)).toEqual(shown.map(() => 401))
      // One body for them all: it does not tell a wrong secret from an unknown key.
      expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
      const without = await ask(second.url, route, {})
      expect(without.status).toBe(401)
      for (const { headers } of [...answers, without]) {
        expect(headers['www-authenticate']).toBe('Bearer realm="runyard"')
        expect(headers['content-type']).toContain('application/problem+json')
      }
    },
  )

  test('but who asks whether it lives', async () => {
    expect((await get(`${second.url}/healthz`)).status).toBe(200)
    expect((await get(`${second.url}/readyz`)).status).toBe(200)
  })
})

test('with its key a caller runs a job, which belongs to its tenant', async () => {
  const acme = await made('acme')
  const job = await runJob(platform.url, HELLO, acme.headers)
  expect(job.status).toBe('succeeded')
  const colleague = await made('acme')
  expect((await get(`${second.url}/v1/jobs/${job.id}`, colleague.headers)).status).toBe(200)
})

test('a revoked key opens nothing from then on, on any gateway, and its open event stream ends', async () => {
  const [used, spared, admin] = await Promise.all([made('acme'), made('acme'), made('ops', ['admin'])])
  const { body: job } = await post<Job>(`${platform.url}/v1/jobs`, FOREVER, used.headers)
  const streamOf = async (url: string, headers: Record<string, string>) => {
    const leave = new AbortController()
    const response = await fetch(`${url}/v1/jobs/${job.id}/events`, { headers, signal: leave.signal })
    return { status: response.status, all: response.text(), leave }
  }
  const streams = await Promise.all([streamOf(platform.url, used.headers), streamOf(second.url, used.headers)])
  const goesOn = await streamOf(second.url, spared.headers)
  expect([...streams, goesOn].map(({ status }) => status)).toEqual([200, 200, 200])

  const revoked = await ask(second.url, { method: 'DELETE', path: `/v1/admin/keys/${used.id}` }, admin.headers)
  expect(revoked.status).toBe(200)
  for (const url of [platform.url, second.url, optional.url, open.url]) {
    expect((await get(`${url}/v1/jobs/${job.id}`, used.headers)).status).toBe(401)
    expect((await post(`${url}/v1/jobs`, HELLO, used.headers)).status).toBe(401)
  }
  for (const { all } of streams) expect(await all).not.toContain('event: result')

  await ask(second.url, { method: 'DELETE', path: `/v1/jobs/${job.id}` }, spared.headers)
  expect(await goesOn.all).toContain('event: result')
})

describe('a job of another tenant', () => {
  let job: Job
  let mine: Record<string, string>
  let theirs: Record<string, string>

  beforeAll(async () => {
    ;[mine, theirs] = (await Promise.all([made('acme'), made('other')])).map(({ headers }) => headers) as [never, never]
    job = (await post<Job>(`${platform.url}/v1/jobs`, FOREVER, mine)).body
  })
  afterAll(() => ask(platform.url, { method: 'DELETE', path: `/v1/jobs/${job.id}` }, mine))

  test.each<{ name: string; method: string; path: (id: string) => string }>([
    { name: 'read', method: 'GET', path: (id) => `/v1/jobs/${id}` },
    { name: 'waited for', method: 'GET', path: (id) => `/v1/jobs/${id}?wait=5` },
    { name: 'streamed', method: 'GET', path: (id) => `/v1/jobs/${id}/events` },
    { name: 'asked for with HEAD', method: 'HEAD', path: (id) => `/v1/jobs/${id}/events` },
    { name: 'cancelled', method: 'DELETE', path: (id) => `/v1/jobs/${id}` },
  ])('cannot be $name, and is no other than one that does not exist', async ({ method, path }) => {
    const found = await ask(platform.url, { method, path: path(job.id) }, theirs)
    const missing = await ask(platform.url, { method, path: path(UNKNOWN_JOB) }, theirs)
    expect(found.status).toBe(404)
    expect(found.text).toBe(missing.text)
  })

  test('is in no list, and still runs', async () => {
    const list = await get<{ jobs: Job[] }>(`${platform.url}/v1/jobs`, theirs)
    expect(list.status).toBe(200)
    expect(JSON.stringify(list.body)).not.toContain(job.id)
    expect(JSON.stringify((await get(`${platform.url}/v1/jobs`, mine)).body)).toContain(job.id)
    const { body } = await get<Job>(`${platform.url}/v1/jobs/${job.id}`, mine)
    expect(['queued', 'running']).toContain(body.state)
  })

  test('is none for callers without a key either, nor is theirs one for each other or for a key', async () => {
    const from = (address: string) => ({ 'x-forwarded-for': address })
    const theirJob = (await post<Job>(`${optional.url}/v1/jobs`, HELLO, { ...from('203.0.113.7'), prefer: 'wait=30' }))
      .body
    const statusOf = async (id: string, headers: Record<string, string>) =>
      (await get(`${optional.url}/v1/jobs/${id}`, headers)).status
    expect(await statusOf(theirJob.id, from('203.0.113.7'))).toBe(200)
    expect(await statusOf(theirJob.id, from('203.0.113.8'))).toBe(404)
    expect(await statusOf(theirJob.id, from('2001:db8::1'))).toBe(404)
    expect(await statusOf(theirJob.id, mine)).toBe(404)
    expect(await statusOf(job.id, from('203.0.113.7'))).toBe(404)
    expect((await get(`${open.url}/v1/jobs/${job.id}`)).status).toBe(404)
  })
})

describe('a scope that a key has not is refused:', () => {
  test.each([
    ...ADMIN_ROUTES.map((route) => ({ name: title(route), route, scopes: ['jobs', 'containers'] as Scope[] })),
    ...[
      { method: 'POST', path: '/api/containers/create', scopes: ['jobs'] as Scope[] },
      { method: 'POST', path: '/api/containers/create/stream', scopes: ['jobs'] as Scope[] },
      { method: 'POST', path: '/api/repl/execute', scopes: ['containers'] as Scope[] },
      { method: 'POST', path: '/api/repl/execute/stream', scopes: ['containers'] as Scope[] },
      { method: 'POST', path: '/v1/jobs', scopes: ['containers'] as Scope[] },
      { method: 'GET', path: '/v1/jobs', scopes: ['admin'] as Scope[] },
      { method: 'GET', path: '/metrics', scopes: ['jobs'] as Scope[] },
    ].map(({ method, path, scopes }) => ({
      name: `${method} ${path} with ${scopes.join()}`,
      route: ROUTES.find((one) => one.method === method && one.path === path) ?? { method, path },
      scopes,
    })),
  ])('$name', async ({ route, scopes }) => {
    const { headers } = await made('acme', scopes)
    const answer = await ask(platform.url, route, headers)
    expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status: 403, code: 'insufficient-scope' })
  })

  test('admin routes want a key, not a scope, from a caller without one', async () => {
    for (const route of ADMIN_ROUTES) {
      for (const { url } of [optional, open]) expect((await ask(url, route, {})).status).toBe(401)
    }
  })
})

test('a key cannot go above its own ceilings, and not above those of the service', async () => {
  const { headers } = await made('acme', ['jobs'], { limits: { wallMs: 2000 } })
  const submit = (wallMs: number) => post(`${platform.url}/v1/jobs`, { ...HELLO, limits: { wallMs } }, headers)
  expect((await submit(2001)).status).toBe(422)
  expect((await submit(2000)).status).toBe(202)
})

test('a key in a URL is not honoured, on no route', async () => {
  const { key, headers } = await made('acme', ['jobs', 'containers', 'admin'])
  for (const route of [...ROUTES, ...ADMIN_ROUTES]) {
    for (const query of [`?api_key=${key}`, `?${key}`, `?wait=1&x=${key}`]) {
      for (const shown of [{}, headers]) {
        const answer = await ask(second.url, { ...route, path: route.path + query }, shown)
        expect({ status: answer.status, leaks: answer.text.includes(key) }).toEqual({ status: 401, leaks: false })
        expect(problemOf(answer).detail).toContain('URL')
      }
    }
  }
})

test('no answer lets a page of another origin read it, and no preflight is honoured', async () => {
  const { headers } = await made('acme', ['jobs', 'containers', 'admin'])
  const origin = { origin: 'https://attacker.example' }
  const preflight = {
    ...origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'x-api-key',
  }
  for (const route of [...ROUTES.filter(({ method }) => method === 'GET'), ...ADMIN_ROUTES]) {
    const answers = [
      await ask(platform.url, route, { ...origin, ...headers }),
      await ask(platform.url, route, origin),
      await ask(open.url, route, origin),
      await ask(open.url, { method: 'OPTIONS', path: route.path }, preflight),
      await ask(platform.url, { method: 'OPTIONS', path: route.path }, preflight),
    ]
    const names = answers.flatMap((answer) => Object.keys(answer.headers))
    expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([])
    expect(answers.slice(3).every(({ status }) => status >= 400)).toBe(true)
  }
})

test('no answer may be shown inside a page of another site', async () => {
  for (const path of ['/', '/healthz', '/nowhere']) {
    const { headers } = await send(`${open.url}${path}`)
    expect(headers['content-security-policy']).toMatch(/frame-ancestors '(self|none)'/)
    expect(headers['x-frame-options']).toMatch(/^(SAMEORIGIN|DENY)$/)
  }
})

test('a gateway without authentication answers to no name but its own, and takes nothing from other sites', async () => {
  const jobs = { method: 'POST', path: '/v1/jobs', body: JSON.stringify(HELLO) }
  expect((await ask(open.url, jobs, { host: 'attacker.example' })).status).toBe(421)
  expect((await ask(open.url, jobs, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  expect((await ask(open.url, jobs, { origin: 'https://attacker.example' })).status).toBe(403)
  expect((await ask(open.url, jobs, { host: 'localhost' })).status).toBe(202)
})

describe('a gateway that others can reach refuses to start without authentication:', () => {
  test.each(['0.0.0.0', '::', '192.0.2.1', 'example.org', ''])('HOST="%s"', (HOST) => {
    expect(() => loadConfig(testRoot, { HOST })).toThrow(/^HOST is ".*no authentication is configured/)
    expect(() => loadConfig(testRoot, { HOST, AUTH: 'none' })).toThrow('AUTH=required')
    expect(loadConfig(testRoot, { HOST, AUTH: 'required' }).http.host).toBe(HOST)
  })

  test('its process ends with the reason, and listens nowhere', async () => {
    const { NODE_OPTIONS: _, ...env } = process.env
    const [program = '', ...args] = serviceCommand(testRoot, 'api')
    const child = spawn(program, args, {
      cwd: testRoot,
      env: { ...env, HOST: '0.0.0.0', PORT: '0', REDIS_URL: process.env['RUNYARD_TEST_REDIS'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(1)
    expect(`${output}${errors}`).toContain('no authentication is configured')
    expect(output).not.toContain('gateway ready')
  })
})

test('keys are made and listed by the admin API without showing what is stored of them', async () => {
  const { headers } = await made('ops', ['admin'])
  const asked = { name: 'by the API', tenant: 'acme', scopes: ['jobs'] }
  const { status, body } = await post<ApiKey & { key: string }>(`${second.url}/v1/admin/keys`, asked, headers)
  expect(status).toBe(201)
  expect((await get(`${platform.url}/v1/runtimes`, bearer(body.key))).status).toBe(200)
  const list = JSON.stringify((await get(`${second.url}/v1/admin/keys`, headers)).body)
  expect(list).toContain(body.id)
  expect(list).not.toContain(parseKey(body.key)?.secret)
  const { secretHash } = JSON.parse((await redis.get(`{${platform.namespace}}:key:${body.id}`)) ?? '{}') as {
    secretHash: string
  }
  expect(secretHash).toHaveLength(64)
  for (const shown of [list, JSON.stringify(body), logged]) expect(shown).not.toContain(secretHash)
})

test('after all of this no line of the log and no security event holds a key', async () => {
  expect(logged).toContain('"path":"/v1/jobs"')
  const events = JSON.stringify(await redis.xrange(`{${platform.namespace}}:security-events`, '-', '+'))
  expect(events).toContain('authentication-failed')
  for (const kept of [logged, events]) {
    expect(kept).not.toMatch(/ry_[0-9a-f]/)
    expect(kept).not.toMatch(/[0-9a-f]{64}/)
    expect(kept.toLowerCase()).not.toContain('"authorization"')
  }
})
