import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createEnvironmentRecords } from '../../../src/shared/environments/environment-records.ts'
import { PATH, type PathParameter } from '../../../src/api/http/parameters.ts'
import { ROUTES } from '../../../src/api/routes.ts'
import { newDelivery } from '../../../src/shared/webhooks/new-delivery.ts'
import { createDeliveries } from '../../../src/shared/webhooks/deliveries.ts'
import { finishedJob } from '../../shared/webhooks/job.ts'
import { problemArchive } from '../../support/archives.ts'
import { get, post } from '../../support/client.ts'
import { connectIo, refusedIo } from '../../support/io-client.ts'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'
import { type RawAnswer, send } from '../../support/send.ts'

const JOB = { language: 'bash', code: 'read -r line', interactive: true, keepRequest: true }
const SCOPES = ['jobs', 'containers', 'files', 'sessions'] as const
const UNKNOWN = '01999999-9999-7999-8999-999999999999'

type Headers = { authorization: string }

let gateway: LoneGateway
let mine: Headers
let colleague: Headers
let theirs: Headers
/** What is mine: a job, a batch, a problem, a stored file, a session, a webhook delivery. */
let job: string
let batch: string
let problem: string
let file: string
let environment: string
let session: string
let delivery: string
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required' })
  ;[mine, colleague, theirs] = (
    await Promise.all(['acme', 'acme', 'other'].map((tenant) => gateway.makeKey(tenant, { scopes: [...SCOPES] })))
  ).map(({ headers }) => headers) as [Headers, Headers, Headers]
  job = String((await post(`${gateway.url}/v1/jobs`, JOB, mine)).body['id'])
  batch = String((await post(`${gateway.url}/v1/batches`, { jobs: [JOB] }, mine)).body['id'])
  const archive = problemArchive().toString('base64')
  problem = String((await post(`${gateway.url}/v1/problems`, { name: 'Sum', archive }, mine)).body['id'])
  file = (JSON.parse((await ask('POST', '/v1/files', mine, 'mine')).text) as { id: string }).id
  session = String((await post(`${gateway.url}/v1/sessions`, { language: 'python' }, mine)).body['id'])
  const asked = { language: 'python', version: '3.13.5', dependencies: ['a'], manifest: 'a\n', hash: 'a' }
  const origin = { tenant: 'acme', keyId: null, address: '192.0.2.1' }
  const environments = createEnvironmentRecords(gateway.redis, gateway.keys)
  environment = (await environments.request({ ...asked, origin }))?.id ?? ''
  const ended = finishedJob()
  const noted = newDelivery(ended, 'job.finished')
  delivery = noted[0]
  await createDeliveries(gateway.redis, gateway.keys, 600).add(noted, ended.id, 'acme', 'https://example.com/hook')
})
afterAll(() => gateway.close())

test('a tenant has at most five environments in the making', async () => {
  const environments = createEnvironmentRecords(gateway.redis, gateway.keys)
  const origin = { tenant: 'builder', keyId: null, address: '192.0.2.1' }
  const asked = { language: 'python', version: '3', dependencies: ['a'], manifest: 'a\n' }
  const request = (hash: string, by = origin) => environments.request({ ...asked, hash, origin: by })
  const made = await Promise.all(['b', 'c', 'd', 'e', 'f'].map((hash) => request(hash)))
  expect(await request('g')).toBeUndefined()
  // What is in the making already is joined, and another tenant has a share of its own.
  expect((await request('b'))?.id).toBe(made[0]!.id)
  expect(await request('g', { ...origin, tenant: 'other' })).toMatchObject({ isDecided: false })
  const first = (await environments.read(made[0]!.id))!
  expect(await environments.undecided(Date.now())).toContain(first.view.id)
  first.view.state = 'failed'
  await environments.update(first)
  expect(await environments.undecided(Date.now())).not.toContain(first.view.id)
  expect(await request('h')).toMatchObject({ isDecided: false })
})

const ask = (method: string, path: string, headers: Headers, body?: string): Promise<RawAnswer> =>
  send(
    `${gateway.url}${path}`,
    { 'content-type': 'application/json', ...headers },
    { method, ...(body !== undefined && { body }) },
  )

/** What is mine, by what a path calls it. */
const OWN = new Map<PathParameter, () => string>([
  [PATH.job, () => job],
  [PATH.batch, () => batch],
  [PATH.problem, () => problem],
  [PATH.storedFile, () => file],
  [PATH.environment, () => environment],
  [PATH.session, () => session],
  [PATH.delivery, () => delivery],
])

/** Every route whose path names what belongs to a tenant. */
const NAMING = ROUTES.filter(({ path, params }) => params?.['id'] && !path.startsWith('/v1/admin/'))
const naming = NAMING.map(({ method, path, params, body }) => ({
  what: `${method.toUpperCase()} ${path}`,
  method: method.toUpperCase(),
  path: (id: string) => path.replace(':id', id).replace('*path', 'a').replaceAll(/:\w+/g, UNKNOWN),
  body: body && JSON.stringify(Object.values(body.examples)[0]?.value),
  id: () => OWN.get(params?.['id'] as PathParameter)?.() ?? `tests/api/access/tenants.test.ts makes none for ${path}`,
}))

describe('what belongs to another tenant is no other than what does not exist:', () => {
  test.each<{
    what: string
    method?: string
    path: (id: string) => string
    body?: string | undefined
    id: () => string
  }>([
    ...naming,
    { what: 'a job that is waited for', path: (id) => `/v1/jobs/${id}?wait=5`, id: () => job },
    {
      what: 'a job whose stream is asked for by HEAD',
      method: 'HEAD',
      path: (id) => `/v1/jobs/${id}/events`,
      id: () => job,
    },
  ])('$what', async ({ method = 'GET', path, body, id }) => {
    const found = await ask(method, path(id()), theirs, body)
    const missing = await ask(method, path(UNKNOWN), theirs, body)
    expect([found.status, found.text]).toEqual([404, missing.text])
    expect([...OWN.values()].map((own) => own())).toContain(id())
  })

  test('a job that is talked to', async () => {
    const answer = await refusedIo(gateway.url, job, { headers: { ...theirs } })
    expect([answer.status, answer.body['code']]).toEqual([404, 'not-found'])
  })

  test('and after all of that it is as it was, for those of its own tenant', async () => {
    expect((await get(`${gateway.url}/v1/jobs/${job}`, colleague)).body).toMatchObject({ state: 'queued' })
    expect((await get(`${gateway.url}/v1/jobs/${job}/request`, colleague)).body).toEqual(JOB)
    expect((await get(`${gateway.url}/v1/batches/${batch}`, colleague)).status).toBe(200)
    expect((await get(`${gateway.url}/v1/problems/${problem}`, colleague)).status).toBe(200)
    expect((await get(`${gateway.url}/v1/files/${file}`, colleague)).status).toBe(200)
    expect((await get(`${gateway.url}/v1/environments/${environment}`, colleague)).status).toBe(200)
    expect((await get(`${gateway.url}/v1/sessions/${session}`, colleague)).body).toMatchObject({ state: 'starting' })
    expect((await get(`${gateway.url}/v1/webhook-deliveries/${delivery}`, colleague)).status).toBe(200)
    const socket = await connectIo(gateway.url, job, { headers: { ...colleague } })
    socket.socket.terminate()
  })
})

test('lists show what belongs to the tenant, and nothing else', async () => {
  for (const [path, id] of [
    ['/v1/jobs', job],
    ['/v1/files', file],
    ['/v1/environments', environment],
    ['/v1/sessions', session],
    ['/v1/webhook-deliveries', delivery],
  ] as const) {
    expect((await ask('GET', path, colleague)).text).toContain(id)
    const { status, text } = await ask('GET', path, theirs)
    expect(status).toBe(200)
    expect(text).not.toContain(id)
  }
})

test('webhooks of two tenants are signed with secrets of their own', async () => {
  const secretOf = async (headers: Headers) => (await get(`${gateway.url}/v1/webhook-secret`, headers)).body['secret']
  expect(await secretOf(mine)).toBe(await secretOf(colleague))
  expect(await secretOf(theirs)).not.toBe(await secretOf(mine))
})
