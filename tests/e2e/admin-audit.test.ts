import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { loadConfig } from '../../src/shared/config/config.ts'
import { createEnvironmentRecords } from '../../src/shared/environments/environment-records.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'
import type { Installation } from '../../src/shared/redis/installations.ts'
import type { Job } from '../../src/shared/job.ts'
import type { Delivery } from '../../src/shared/webhooks/delivery.ts'
import type { SecurityEventKind, StoredSecurityEvent } from '../../src/shared/security/security-event.ts'
import { appBehind, routesOf } from '../api/openapi/routes-of.ts'
import { tar } from '../support/archives.ts'
import { get, post } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform, testRoot } from '../support/platform.ts'
import { makePrivateRoot } from '../support/private-root.ts'
import { send } from '../support/send.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'runyard-audit-'))
/** A language that cannot be installed: what an operator does with it changes no image. */
const broken = `broken${randomBytes(3).toString('hex')}`
let place: ReturnType<typeof makePrivateRoot>
let platform: TestPlatform
let receiver: Server
let key: { authorization: string }
/** What an operator's browser sends with everything. */
let session: Record<string, string>
beforeAll(async () => {
  // What it is sent stays pending.
  const busy = { 'retry-after': '3600' }
  receiver = createServer((req, res) => void req.resume().on('end', () => res.writeHead(503, busy).end()))
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  place = makePrivateRoot([broken], { [broken]: 'RUN exit 3' })
  writeFileSync(
    join(place.root, 'languages/groups.json'),
    JSON.stringify({ groups: [{ id: 'odd', name: 'Odd', languages: [broken] }] }),
  )
  const settings = { WORKER_CONCURRENCY: '1', WEBHOOK_ALLOW: '127.0.0.0/8', RUNYARD_DATA_DIR: dataDir }
  platform = await startPlatform(settings, undefined, place.root)
  key = await makeKey(platform, 'ops', { scopes: ['admin'] })
})
afterAll(async () => {
  await platform.close()
  receiver.close()
  place.remove()
  rmSync(dataDir, { recursive: true, force: true })
})

const inside = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
const act = (method: string, path: string, body?: unknown) =>
  send(
    `${platform.url}${path}`,
    { ...inside, ...session },
    { method, ...(body !== undefined && { body: JSON.stringify(body) }) },
  )
const run = async (request: object) =>
  (await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', code: 'true', ...request }, { prefer: 'wait=30' }))
    .body
const events = async () =>
  (await get<{ events: StoredSecurityEvent[] }>(`${platform.url}/v1/admin/security-events?limit=50`, key)).body.events

const untilOver = async ({ id }: Installation) => {
  await (await fetch(`${platform.url}/v1/admin/installations/${id}/events`, { headers: key })).text()
}

/** One that counts as built. @returns its id */
async function recordEnvironment(): Promise<string> {
  const { redis: address } = loadConfig(testRoot, platform.env)
  if (!address) throw new Error('the platform has no Redis')
  const redis = connectRedis(address, 'wait', 'test-environments', pino({ level: 'silent' }))
  try {
    const origin = { tenant: 'local', keyId: null, address: '127.0.0.1' }
    const wanted = {
      language: 'python',
      version: '3',
      dependencies: ['example'],
      manifest: 'example',
      hash: 'h',
      origin,
    }
    const records = createEnvironmentRecords(redis, createKeys(platform.namespace))
    const requested = await records.request(wanted)
    if (!requested) throw new Error('there is no room for another environment')
    const record = await records.read(requested.id)
    if (!record) throw new Error('the environment has no record')
    await records.update({ ...record, view: { ...record.view, state: 'ready', lock: 'example==1' } })
    return requested.id
  } finally {
    redis.disconnect()
  }
}

interface Action {
  /** As the app names it. */
  route: string
  kind: SecurityEventKind
  /** What the record has to name. */
  tells: string
  act: () => Promise<{ status: number; text: string; headers: Record<string, unknown> }>
}

const BLOCKS = '/v1/admin/blocks/address:203.0.113.5'
const ALLOWED = '/v1/admin/allowed/address:203.0.113.6'

test('everything an operator does with a session is on record, with who it was', async () => {
  const keyId = key.authorization.split('_')[1] ?? ''
  const { port } = receiver.address() as AddressInfo
  const ended = await run({ webhook: { url: `http://127.0.0.1:${port}/` } })
  const delayed = (await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', code: 'true', delayMs: 600_000 }))
    .body
  const delivery = await eventually('a delivery that was tried', async () => {
    const { body } = await get<{ deliveries: Delivery[] }>(`${platform.url}/v1/webhook-deliveries`)
    return body.deliveries.find(({ attempts }) => attempts.length > 0)?.id
  })
  const { body: kept } = await post<{ id: string }>(`${platform.url}/v1/sessions`, { language: 'bash' })
  const { body: file } = await post<{ id: string }>(`${platform.url}/v1/files`, 'of a tenant')
  const archive = tar([
    ['1.in', '1\n'],
    ['1.ans', '1\n'],
  ]).toString('base64')
  const { body: problem } = await post<{ id: string }>(`${platform.url}/v1/problems`, { name: 'Echo', archive })
  const environment = await recordEnvironment()
  let made = ''

  const actions: Action[] = [
    {
      route: 'post /v1/admin/session',
      kind: 'admin-login',
      tells: keyId,
      act: async () => {
        const answer = await act('POST', '/v1/admin/session', { key: key.authorization.slice('Bearer '.length) })
        session = { cookie: answer.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '' }
        return answer
      },
    },
    {
      route: 'post /v1/admin/keys',
      kind: 'key-created',
      tells: 'acme',
      act: async () => {
        const answer = await act('POST', '/v1/admin/keys', { name: 'shop', tenant: 'acme' })
        made = (JSON.parse(answer.text) as { id: string }).id
        return answer
      },
    },
    {
      route: 'delete /v1/admin/keys/:id',
      kind: 'key-revoked',
      tells: 'acme',
      act: () => act('DELETE', `/v1/admin/keys/${made}`),
    },
    {
      route: 'put /v1/admin/blocks/:subject',
      kind: 'caller-blocked',
      tells: '203.0.113.5',
      act: () => act('PUT', BLOCKS, {}),
    },
    {
      route: 'delete /v1/admin/blocks/:subject',
      kind: 'caller-unblocked',
      tells: '203.0.113.5',
      act: () => act('DELETE', BLOCKS),
    },
    {
      route: 'put /v1/admin/allowed/:subject',
      kind: 'caller-allowed',
      tells: '203.0.113.6',
      act: () => act('PUT', ALLOWED, {}),
    },
    {
      route: 'delete /v1/admin/allowed/:subject',
      kind: 'caller-disallowed',
      tells: '203.0.113.6',
      act: () => act('DELETE', ALLOWED),
    },
    {
      route: 'delete /v1/admin/sessions/:id',
      kind: 'session-ended',
      tells: kept.id,
      act: () => act('DELETE', `/v1/admin/sessions/${kept.id}`),
    },
    {
      route: 'post /v1/admin/package-bans',
      kind: 'package-banned',
      tells: 'example',
      act: () => act('POST', '/v1/admin/package-bans', { ecosystem: 'pypi', name: 'example' }),
    },
    {
      route: 'delete /v1/admin/package-bans',
      kind: 'package-unbanned',
      tells: 'example',
      act: () => act('DELETE', '/v1/admin/package-bans?ecosystem=pypi&name=example'),
    },
    {
      route: 'delete /v1/admin/environments/:id',
      kind: 'environment-evicted',
      tells: environment,
      act: () => act('DELETE', `/v1/admin/environments/${environment}`),
    },
    {
      route: 'post /v1/admin/problems/:id/similarity',
      kind: 'submissions-compared',
      tells: problem.id,
      act: () => act('POST', `/v1/admin/problems/${problem.id}/similarity?tenant=local`),
    },
    {
      route: 'delete /v1/admin/files/:id',
      kind: 'file-deleted',
      tells: file.id,
      act: () => act('DELETE', `/v1/admin/files/${file.id}`),
    },
    {
      route: 'delete /v1/admin/jobs/:id',
      kind: 'job-cancelled',
      tells: delayed.id,
      act: () => act('DELETE', `/v1/admin/jobs/${delayed.id}`),
    },
    {
      route: 'post /v1/admin/jobs/:id/run-again',
      kind: 'job-run-again',
      tells: ended.id,
      act: () => act('POST', `/v1/admin/jobs/${ended.id}/run-again`),
    },
    {
      route: 'post /v1/admin/webhook-deliveries/:id/cancel',
      kind: 'webhook-cancelled',
      tells: delivery,
      act: () => act('POST', `/v1/admin/webhook-deliveries/${delivery}/cancel`),
    },
    {
      route: 'post /v1/admin/webhook-deliveries/test',
      kind: 'webhook-tested',
      tells: 'http://127.0.0.1:8080',
      act: () => act('POST', '/v1/admin/webhook-deliveries/test', { tenant: 'local', url: 'http://127.0.0.1:8080/' }),
    },
    {
      route: 'post /v1/admin/webhook-deliveries/:id/redeliver',
      kind: 'webhook-redelivered',
      tells: delivery,
      act: () => act('POST', `/v1/admin/webhook-deliveries/${delivery}/redeliver`),
    },
    {
      route: 'post /v1/admin/runtimes/:language/install',
      kind: 'runtime-install',
      tells: 'Bash',
      act: async () => {
        const answer = await act('POST', '/v1/admin/runtimes/bash/install')
        // It is installed already; the worker looks and says so before it closes.
        await untilOver(JSON.parse(answer.text) as Installation)
        return answer
      },
    },
    {
      route: 'post /v1/admin/runtimes/:language/remove',
      kind: 'runtime-remove',
      tells: broken,
      act: async () => {
        const answer = await act('POST', `/v1/admin/runtimes/${broken}/remove`)
        await untilOver(JSON.parse(answer.text) as Installation)
        return answer
      },
    },
    {
      route: 'post /v1/admin/runtime-groups/:group/install',
      kind: 'runtime-install',
      tells: broken,
      act: async () => {
        const answer = await act('POST', '/v1/admin/runtime-groups/odd/install')
        const { installations } = JSON.parse(answer.text) as { installations: Installation[] }
        for (const one of installations) await untilOver(one)
        return answer
      },
    },
    {
      route: 'delete /v1/admin/session',
      kind: 'admin-logout',
      tells: 'logged out',
      act: () => act('DELETE', '/v1/admin/session'),
    },
  ]
  for (const action of actions) {
    const before = (await events())[0]?.id
    const { status } = await action.act()
    expect([action.route, status < 300]).toEqual([action.route, true])
    const news = (await events()).filter(({ id }) => before === undefined || id > before)
    const found = news.find(({ kind }) => kind === action.kind)
    // Of blocks the address is whose they are; who did it stands in the detail.
    const told = [action.route, JSON.stringify(found)]
    expect(told).toEqual([action.route, expect.stringContaining(keyId)])
    expect(told).toEqual([action.route, expect.stringContaining(action.tells)])
  }
  const changing = routesOf(await appBehind(platform.url))
    .filter(([method, path]) => path.startsWith('/v1/admin') && ['post', 'put', 'patch', 'delete'].includes(method))
    .map(([method, path]) => `${method} ${path}`)
  expect(actions.map(({ route }) => route).sort()).toEqual(changing.sort())
})
