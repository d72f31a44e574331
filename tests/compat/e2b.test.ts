import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { frameOf } from '../../src/api/compat/e2b/connect-protocol.ts'
import { signatureOf } from '../../src/api/compat/e2b/sandbox-access.ts'
import { createSandboxRecords } from '../../src/api/compat/e2b/sandbox-records.ts'
import { createKeys } from '../../src/shared/redis/keys.ts'
import { eventually } from '../support/eventually.ts'
import { sessionIdOf } from '../../src/api/compat/e2b/sandbox-ids.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const DOMAIN = 'sandboxes.example.com'

let platform: TestPlatform
let base: string
let key: string
let runyardKey: string
let other: string
let sandbox: { sandboxID: string; envdAccessToken: string; trafficAccessToken: string }
beforeAll(async () => {
  platform = await startPlatform({
    AUTH: 'required',
    COMPAT: 'e2b',
    SESSION_POOL_READY: '0',
    E2B_SANDBOX_DOMAIN: DOMAIN,
    TENANT_MAX_SESSIONS: '2',
  })
  const { makeKey } = await import('../support/make-key.ts')
  const shown = async (tenant: string, scopes: ('jobs' | 'sessions')[]) =>
    (await makeKey(platform, tenant, { scopes })).authorization.slice('Bearer '.length)
  base = `${platform.url}/e2b`
  runyardKey = await shown('one', ['sessions'])
  // As E2B's own keys are spelled.
  key = runyardKey.replace('ry_', 'e2b_').replace(/_(?=[0-9a-f]{64})/, '')
  other = await shown('two', ['sessions'])
  const made = await api('POST', '/v2/sandboxes', {
    templateID: 'code-interpreter-v1',
    timeout: 600,
    metadata: { of: 'tests' },
    envVars: { OF: 'sandbox' },
    unknown: { to: 'us' },
  })
  expect(made).toMatchObject({
    status: 201,
    body: { sandboxID: expect.stringMatching(/^[0-9a-f]{32}$/), domain: DOMAIN },
  })
  sandbox = made.body as typeof sandbox
})
afterAll(() => platform.close())

async function send(
  method: string,
  url: string,
  headers: Record<string, string>,
  body?: NonNullable<RequestInit['body']>,
) {
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) })
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
}

async function api(method: string, path: string, body?: unknown, as = key) {
  const headers = { 'x-api-key': as, 'content-type': 'application/json' }
  const answer = await send(method, `${base}${path}`, headers, body === undefined ? undefined : JSON.stringify(body))
  const text = answer.bytes.toString()
  return { ...answer, body: (text === '' ? undefined : JSON.parse(text)) as unknown }
}

const headersOf = (port: number, token = sandbox.envdAccessToken, id = sandbox.sandboxID) => ({
  'e2b-sandbox-id': id,
  'e2b-sandbox-port': String(port),
  ...(token !== '' && { 'x-access-token': token }),
})
const ENVD = 49983
const INTERPRETER = 49999

async function unary(method: string, body: unknown) {
  const headers = { ...headersOf(ENVD), 'content-type': 'application/json', 'connect-protocol-version': '1' }
  const { status, bytes } = await send('POST', `${base}/${method}`, headers, JSON.stringify(body))
  return { status, body: JSON.parse(bytes.toString()) as Record<string, unknown> }
}

async function stream(
  method: string,
  body: unknown,
  more: Record<string, string> = {},
): Promise<Record<string, unknown>[]> {
  const headers = { ...headersOf(ENVD), 'content-type': 'application/connect+json', ...more }
  const { status, bytes } = await send('POST', `${base}/${method}`, headers, new Uint8Array(frameOf(body)))
  expect(status).toBe(200)
  return messagesIn(bytes)
}

/** All messages of a stream, with the last frame's. */
function messagesIn(bytes: Buffer): Record<string, unknown>[] {
  const messages: Record<string, unknown>[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1)
    messages.push(JSON.parse(bytes.subarray(at + 5, end).toString()) as Record<string, unknown>)
    at = end
  }
  return messages
}

const shell = (line: string, more: object = {}) => ({
  process: { cmd: '/bin/bash', args: ['-l', '-c', line] },
  stdin: false,
  ...more,
})

async function run(body: object): Promise<Record<string, unknown>[]> {
  const headers = { ...headersOf(INTERPRETER), 'content-type': 'application/json' }
  const { status, bytes } = await send('POST', `${base}/execute`, headers, JSON.stringify(body))
  if (status !== 200) return [{ status, ...(JSON.parse(bytes.toString()) as object) }]
  const lines = bytes.toString().split('\n')
  expect(lines.pop()).toBe('')
  const messages = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return messages.filter(({ type }) => type !== 'keepalive')
}

describe('the service', () => {
  test('tells of a sandbox, lists it, and nothing of it to others', async () => {
    const place = `/sandboxes/${sandbox.sandboxID}`
    const found = await api('GET', place)
    expect(found.body).toMatchObject({ templateID: 'code-interpreter-v1', state: 'running', metadata: { of: 'tests' } })
    const list = await api(
      'GET',
      `/v2/sandboxes?limit=1&state=running,paused&metadata=${encodeURIComponent('of=tests')}`,
    )
    expect(list.body).toMatchObject([{ sandboxID: sandbox.sandboxID }])
    expect((await api('GET', '/v2/sandboxes?state=paused')).body).toEqual([])
    expect((await api('GET', `/v2/sandboxes?metadata=${encodeURIComponent('of=others')}`)).body).toEqual([])
    expect((await api('GET', '/sandboxes', undefined, other)).body).toEqual([])
    expect(await api('GET', place, undefined, other)).toMatchObject({
      status: 404,
      body: { code: 404, message: expect.any(String) },
    })
    expect((await api('DELETE', place, undefined, other)).status).toBe(404)
  })

  test('changes when a sandbox ends, and connects to it with the same token', async () => {
    const place = `/sandboxes/${sandbox.sandboxID}`
    const end = async () => Date.parse(((await api('GET', place)).body as { endAt: string }).endAt)
    const first = await end()
    expect((await api('POST', `${place}/timeout`, { timeout: 60 })).status).toBe(204)
    const second = await end()
    expect(second).toBeLessThan(first)
    const connected = await api('POST', `/v2${place}/connect`, { timeout: 900 })
    expect(connected).toMatchObject({ status: 200, body: { envdAccessToken: sandbox.envdAccessToken } })
    expect(await end()).toBeGreaterThan(first)
    await api('POST', `${place}/connect`, { timeout: 1 })
    expect(await end()).toBeGreaterThan(first)
    expect(await api('POST', `${place}/timeout`, { timeout: 1e8 })).toMatchObject({ status: 400, body: { code: 400 } })
  })

  test('refuses what it cannot do in the shape of its clients', async () => {
    const create = (body: object, as?: string) => api('POST', '/sandboxes', body, as)
    expect(await create({ templateID: 'nonesuch' })).toMatchObject({ status: 404, body: { code: 404 } })
    expect(await create({})).toMatchObject({ status: 400, body: { code: 400 } })
    expect(await create({ templateID: 'base', autoPause: true })).toMatchObject({ status: 400 })
    expect(await create({ templateID: 'base' }, 'e2b_0000')).toMatchObject({ status: 401, body: { code: 401 } })
    const place = `/sandboxes/${sandbox.sandboxID}`
    const fields = { status: 501, body: { code: 501, message: expect.stringContaining('cannot be kept') } }
    // What runs would be lost without a word.
    for (const body of [{}, { memory: true }]) expect(await api('POST', `${place}/pause`, body)).toMatchObject(fields)
    expect(await api('POST', `${place}/snapshots`, { memory: true })).toMatchObject(fields)
    expect(await api('POST', `${place}/fork`, {})).toMatchObject(fields)
    for (const name of ['../x', 'python', 'base']) {
      expect(await api('POST', `${place}/snapshots`, { name })).toMatchObject({ status: 400, body: { code: 400 } })
    }
    expect((await api('GET', '/templates')).status).toBe(404)
  })

  test('tells what a sandbox uses now, and nothing of times that are past', async () => {
    const place = `/sandboxes/${sandbox.sandboxID}/metrics`
    const { body } = (await api('GET', place)) as { body: Record<string, number>[] }
    expect(body).toEqual([
      expect.objectContaining({ cpuCount: 1, memTotal: expect.any(Number), cpuUsedPct: expect.any(Number) }),
    ])
    const [metric = {}] = body
    // Its kernel alone takes more.
    expect(metric['memUsed']).toBeGreaterThan(10 * 1024 * 1024)
    expect(metric['memUsed']).toBeLessThan(metric['memTotal'] ?? 0)
    expect(metric['diskTotal']).toBeGreaterThan(metric['diskUsed'] ?? NaN)
    expect((await api('GET', `${place}?start=1&end=2`)).body).toEqual([])
    // Whatever its processes are called.
    const rename = (name: string) =>
      run({
        // PR_SET_NAME: prctl(2).
        code: `import ctypes; ctypes.CDLL(None).prctl(15, b${JSON.stringify(name)}); open("/proc/self/comm").read()`,
      })
    const renamed = { type: 'result', text: expect.stringContaining('a\\n\\nb') }
    expect(await rename('a\n\nb')).toContainEqual(expect.objectContaining(renamed))
    expect((await api('GET', place)).body).toMatchObject([{ memUsed: expect.any(Number) }])
    await rename('python')
    expect((await api('GET', place, undefined, other)).status).toBe(404)
  })
})

describe('a snapshot of a sandbox', () => {
  const write = (id: string, token: string, text: string) =>
    send(
      'POST',
      `${base}/files?path=kept/a.txt`,
      { ...headersOf(ENVD, token, id), 'content-type': 'application/octet-stream' },
      text,
    )
  const read = async (id: string, token: string) => {
    const { status, bytes } = await send('GET', `${base}/files?path=kept/a.txt`, headersOf(ENVD, token, id))
    return [status, bytes.toString()]
  }
  interface Made {
    sandboxID: string
    envdAccessToken: string
  }
  const create = async (body: object) => {
    const made = await api('POST', '/v2/sandboxes', { timeout: 300, ...body })
    return { status: made.status, made: made.body as Made }
  }
  const end = async (id: string) => expect((await api('DELETE', `/sandboxes/${id}`)).status).toBe(204)

  test("has its files, is listed, begins other sandboxes by its id and its name, and is its tenant's alone", async () => {
    const { made } = await create({ templateID: 'base', metadata: { of: 'snapshots' } })
    await write(made.sandboxID, made.envdAccessToken, 'kept')
    const place = `/sandboxes/${made.sandboxID}/snapshots`
    expect((await api('POST', place, {}, other)).status).toBe(404)
    const plain = (await api('POST', place, {})).body as { snapshotID: string }
    const named = await api('POST', place, { name: 'nightly' })
    expect(named).toMatchObject({ status: 201, body: { snapshotID: expect.any(String), names: ['nightly'] } })
    await end(made.sandboxID)

    const list = async (query: string, as?: string) => (await api('GET', `/snapshots?${query}`, undefined, as)).body
    expect(await list(`sandboxID=${made.sandboxID}`)).toEqual([named.body, { ...plain, names: [] }])
    expect(await list('name=nightly')).toEqual([named.body])
    expect(await list('sandboxID=0')).toEqual([])
    expect(await list('', other)).toEqual([])

    for (const templateID of [plain.snapshotID, 'nightly']) {
      expect((await api('POST', '/sandboxes', { templateID }, other)).status).toBe(404)
      const copy = await create({ templateID })
      expect(copy.status).toBe(201)
      expect(await read(copy.made.sandboxID, copy.made.envdAccessToken)).toEqual([200, 'kept'])
      await end(copy.made.sandboxID)
    }
    const remove = (as?: string) => api('DELETE', `/templates/${plain.snapshotID}`, undefined, as)
    expect((await remove(other)).status).toBe(404)
    expect((await remove()).status).toBe(204)
    expect((await remove()).status).toBe(404)
    expect((await api('DELETE', '/templates/nightly')).status).toBe(204)
    expect(await list('')).toEqual([])
    expect((await create({ templateID: plain.snapshotID })).status).toBe(404)
  })

  test('lets a sandbox pause and go on under its id, with its token, variables and files', async () => {
    const { made } = await create({ templateID: 'base', metadata: { of: 'pauses' }, envVars: { OF: 'pause' } })
    const { sandboxID: id, envdAccessToken: token } = made
    await write(id, token, 'before')
    const place = `/sandboxes/${id}`
    const states = async (query = '') =>
      (
        (await api('GET', `/v2/sandboxes?metadata=of%3Dpauses${query}`)).body as { sandboxID: string; state: string }[]
      ).map(({ sandboxID, state }) => [sandboxID, state])
    const pause = () => api('POST', `${place}/pause`, { memory: false })
    expect((await pause()).status).toBe(204)
    expect(await pause()).toMatchObject({ status: 409, body: { code: 409 } })
    expect((await api('GET', place)).body).toMatchObject({ state: 'paused', metadata: { of: 'pauses' } })
    expect(await states()).toEqual([[id, 'paused']])
    expect(await states('&state=running')).toEqual([])
    expect((await api('GET', place, undefined, other)).status).toBe(404)
    expect((await api('POST', `/v2${place}/connect`, {}, other)).status).toBe(404)
    expect((await read(id, token))[0]).toBe(502)

    const connected = await api('POST', `/v2${place}/connect`, { timeout: 200 })
    expect(connected).toMatchObject({ status: 201, body: { sandboxID: id, envdAccessToken: token } })
    expect(await read(id, token)).toEqual([200, 'before'])
    expect(await states()).toEqual([[id, 'running']])
    const messages = await stream('process.Process/Start', shell('printf %s "$OF"'), headersOf(ENVD, token, id))
    expect(JSON.stringify(messages)).toContain(Buffer.from('pause').toString('base64'))

    // Once more, by the older routes; then it is ended while it is paused.
    await write(id, token, 'again')
    expect((await pause()).status).toBe(204)
    expect((await api('POST', `${place}/resume`, { timeout: 200 })).status).toBe(201)
    expect((await api('POST', `${place}/resume`, { timeout: 200 })).status).toBe(409)
    expect(await read(id, token)).toEqual([200, 'again'])
    expect((await pause()).status).toBe(204)
    await end(id)
    expect((await api('GET', place)).status).toBe(404)
    expect((await api('POST', `${place}/connect`, {})).status).toBe(404)
  })
})

describe('a sandbox', () => {
  test('is reached by headers or by its host name, and by its token alone', async () => {
    const health = (port: number, headers: Record<string, string>) =>
      send('GET', `${base}/health`, headersOf(port, '')).then((answer) => [
        answer.status,
        answer.bytes.toString(),
        headers,
      ])
    expect(await health(ENVD, {})).toEqual([204, '', {}])
    expect(await health(INTERPRETER, {})).toEqual([200, '"OK"', {}])
    const closed = await send('GET', `${base}/files?path=x`, headersOf(3000))
    expect([closed.status, JSON.parse(closed.bytes.toString())]).toMatchObject([502, { port: 3000, code: 502 }])
    const file = `${base}/files?path=x`
    expect((await send('GET', file, headersOf(ENVD, ''))).status).toBe(401)
    expect((await send('GET', file, headersOf(ENVD, 'wrong'))).status).toBe(401)
    expect((await send('GET', file, { 'x-api-key': other })).status).toBe(400)
    expect((await send('GET', file, headersOf(ENVD, sandbox.envdAccessToken, '0'.repeat(32)))).status).toBe(502)
    const { request } = await import('node:http')
    const byName = (host: string, path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = request(`${platform.url}${path}`, { headers: { host, 'x-api-key': key } }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
        asked.on('error', reject).end()
      })
    expect(await byName(`${ENVD}-${sandbox.sandboxID}.${DOMAIN}`, '/health')).toBe(204)
    expect(await byName(`api.${DOMAIN}`, `/sandboxes/${sandbox.sandboxID}`)).toBe(200)
    expect(await byName(`${ENVD}-${'0'.repeat(32)}.${DOMAIN}`, '/health')).toBe(502)
  })

  test('runs code with state, rich results and errors, each a line of ASCII', async () => {
    expect(await run({ code: 'x = 40', context_id: null, language: null })).toMatchObject([
      { type: 'number_of_executions', execution_count: expect.any(Number) },
      { type: 'end_of_execution' },
    ])
    const code =
      'import sys; from IPython.display import HTML, display\nprint("ä"); print("e", file=sys.stderr); display(HTML("<b>"))\nstr(x + 2)'
    const lines = await run({ code, language: 'Python' })
    expect(lines.filter(({ type }) => type === 'stdout')).toMatchObject([
      { text: 'ä\n', timestamp: expect.any(String) },
    ])
    expect(lines.filter(({ type }) => type === 'stderr')).toMatchObject([{ text: 'e\n' }])
    expect(lines.filter(({ type }) => type === 'result')).toMatchObject([
      { is_main_result: false, html: '<b>' },
      { is_main_result: true, text: '42' },
    ])
    expect(await run({ code: '1 / 0' })).toContainEqual({
      type: 'error',
      name: 'ZeroDivisionError',
      value: 'division by zero',
      traceback: expect.stringContaining('ZeroDivisionError'),
    })
    const environment = 'import os; print(os.environ["OF"], os.environ.get("ONE"))'
    const texts = async (body: object) =>
      (await run(body)).filter(({ type }) => type === 'stdout').map(({ text }) => text)
    expect(await texts({ code: environment, env_vars: { OF: 'run "ä"', ONE: '1' } })).toEqual(['run "ä" 1\n'])
    expect(await texts({ code: environment })).toEqual(['sandbox None\n'])
    expect(await run({ code: '1', language: 'r' })).toMatchObject([{ status: 400 }])
    expect(await run({ code: '1', context_id: 'nonesuch' })).toMatchObject([{ status: 404 }])
  })

  test('has contexts of their own', async () => {
    const contexts = async (method: string, path = '', body?: object) => {
      const headers = {
        ...headersOf(INTERPRETER, ''),
        'e2b-traffic-access-token': sandbox.trafficAccessToken,
        'content-type': 'application/json',
      }
      const { status, bytes } = await send(method, `${base}/contexts${path}`, headers, body && JSON.stringify(body))
      return { status, body: JSON.parse(bytes.toString()) as Record<string, unknown> }
    }
    const made = await contexts('POST', '', { language: 'python', cwd: '/home/user' })
    expect(made).toMatchObject({ status: 200, body: { language: 'python', cwd: '/job' } })
    const id = String(made.body['id'])
    expect((await contexts('GET')).body).toMatchObject([{ id: 'default' }, { id }])
    await run({ code: 'y = 1', context_id: id })
    expect(await run({ code: 'y', context_id: id })).toContainEqual(expect.objectContaining({ text: '1' }))
    expect(await run({ code: 'y' })).toContainEqual(expect.objectContaining({ name: 'NameError' }))
    expect(await contexts('DELETE', `/${id}`)).toEqual({ status: 200, body: null })
    expect((await contexts('DELETE', `/${id}`)).status).toBe(404)
  })

  test('stops code whose client leaves, and keeps its state', async () => {
    await run({ code: 'kept = 7' })
    const leaves = new AbortController()
    const headers = { ...headersOf(INTERPRETER), 'content-type': 'application/json' }
    const body = JSON.stringify({ code: 'import time\nprint("on", flush=True)\ntime.sleep(100_000)' })
    const response = await fetch(`${base}/execute`, { method: 'POST', headers, body, signal: leaves.signal })
    const reader = response.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('on')
    leaves.abort()
    await reader?.closed.catch(() => undefined)
    expect(await run({ code: 'kept' })).toContainEqual(expect.objectContaining({ type: 'result', text: '7' }))
  })

  test('takes files in a form, as bytes and packed, and gives them back, also by a signature', async () => {
    const form = new FormData()
    form.append('file', new Blob(['one']), 'in/one.txt')
    form.append('file', new Blob([new Uint8Array(500_000).fill(13)]), '/home/user/in/two.bin')
    const sent = await send('POST', `${base}/files`, headersOf(ENVD), form)
    expect(JSON.parse(sent.bytes.toString())).toEqual([
      { path: '/job/in/one.txt', name: 'one.txt', type: 'file' },
      { path: '/job/in/two.bin', name: 'two.bin', type: 'file' },
    ])
    const read = (path: string, query = '', headers: Record<string, string> = headersOf(ENVD)) =>
      send('GET', `${base}/files?path=${encodeURIComponent(path)}${query}`, headers)
    expect((await read('in/one.txt')).bytes.toString()).toBe('one')
    expect((await read('~/in/two.bin')).bytes.equals(Buffer.alloc(500_000, 13))).toBe(true)
    const { gzipSync } = await import('node:zlib')
    const packed = { ...headersOf(ENVD), 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' }
    await send('POST', `${base}/files?path=packed`, packed, new Uint8Array(gzipSync('plain')))
    expect((await read('packed')).bytes.toString()).toBe('plain')
    await send(
      'POST',
      `${base}/files?path=empty`,
      { ...headersOf(ENVD), 'content-type': 'application/octet-stream' },
      '',
    )
    expect((await read('empty')).headers.get('content-length')).toBe('0')
    expect((await read('nonesuch')).status).toBe(404)
    expect((await read('in')).status).toBe(400)
    const sign = (path: string) =>
      encodeURIComponent(signatureOf({ path, operation: 'read', user: '', token: sandbox.envdAccessToken, until: '' }))
    expect((await read('packed', `&signature=${sign('packed')}`, headersOf(ENVD, ''))).status).toBe(200)
    expect((await read('in/one.txt', `&signature=${sign('packed')}`, headersOf(ENVD, ''))).status).toBe(401)
  })

  test('serves its file system', async () => {
    const call = (method: string, body: object) => unary(`filesystem.Filesystem/${method}`, body)
    expect(await call('MakeDir', { path: 'tree/a' })).toMatchObject({
      status: 200,
      body: { entry: { type: 'FILE_TYPE_DIRECTORY', path: '/job/tree/a' } },
    })
    expect(await call('MakeDir', { path: 'tree/a' })).toMatchObject({ status: 409, body: { code: 'already_exists' } })
    await send(
      'POST',
      `${base}/files?path=tree/a/f`,
      { ...headersOf(ENVD), 'content-type': 'application/octet-stream' },
      '123',
    )
    const paths = async (depth: number) =>
      ((await call('ListDir', { path: '/home/user/tree', depth })).body['entries'] as { path: string }[]).map(
        ({ path }) => path,
      )
    expect(await paths(0)).toEqual(['/job/tree/a'])
    expect(await paths(2)).toEqual(['/job/tree/a', '/job/tree/a/f'])
    expect(await call('Stat', { path: 'tree/a/f' })).toMatchObject({
      body: { entry: { size: '3', permissions: '-rw-r--r--', mode: 420 } },
    })
    expect(await call('Move', { source: 'tree/a/f', destination: 'tree/g' })).toMatchObject({
      body: { entry: { name: 'g' } },
    })
    expect(await call('Stat', { path: 'tree/a/f' })).toMatchObject({ status: 404, body: { code: 'not_found' } })
    expect(await call('Remove', { path: 'tree' })).toEqual({ status: 200, body: {} })
    expect(await call('Remove', { path: 'tree' })).toEqual({ status: 200, body: {} })
    const proto = await send(
      'POST',
      `${base}/filesystem.Filesystem/Stat`,
      { ...headersOf(ENVD), 'content-type': 'application/proto' },
      '',
    )
    expect(proto.status).toBe(415)
  })

  test('watches folders, as a stream and by asking again', async () => {
    const call = (method: string, body: object) => unary(`filesystem.Filesystem/${method}`, body)
    await call('MakeDir', { path: 'watched/deep' })
    const write = (path: string) =>
      send(
        'POST',
        `${base}/files?path=${path}`,
        { ...headersOf(ENVD), 'content-type': 'application/octet-stream' },
        '1',
      )
    const { watcherId } = (await call('CreateWatcher', { path: '/home/user/watched', recursive: true })).body
    const leaves = new AbortController()
    const headers = { ...headersOf(ENVD), 'content-type': 'application/connect+json' }
    const body = new Uint8Array(frameOf({ path: 'watched' }))
    const streamed = await fetch(`${base}/filesystem.Filesystem/WatchDir`, {
      method: 'POST',
      headers,
      body,
      signal: leaves.signal,
    })
    const reader = streamed.body?.getReader()
    let told = Buffer.alloc(0)
    const until = async (text: string) => {
      while (!told.includes(text)) told = Buffer.concat([told, (await reader?.read())?.value ?? Buffer.from(text)])
      return messagesIn(told)
    }
    expect(await until('start')).toEqual([{ start: {} }])
    await write('watched/deep/a')
    const seen: object[] = []
    await eventually('the events of a watcher', async () => {
      seen.push(...((await call('GetWatcherEvents', { watcherId })).body['events'] as object[]))
      return seen.length > 0
    })
    expect(seen).toContainEqual({ name: 'deep/a', type: 'EVENT_TYPE_CREATE' })
    await write('watched/b')
    // Of the folder alone, without what is in its folders.
    const messages = await until('EVENT_TYPE_CREATE')
    expect(messages).toContainEqual({ filesystem: { name: 'b', type: 'EVENT_TYPE_CREATE' } })
    expect(told.toString()).not.toContain('deep/a')
    leaves.abort()
    const place = `${platform.url}/v1/sessions/${sessionIdOf(sandbox.sandboxID)}/watches`
    const watches = async () =>
      (JSON.parse((await send('GET', place, { 'x-api-key': runyardKey })).bytes.toString()) as { watches: object[] })
        .watches
    await eventually('the end of the watch of a client that left', async () => (await watches()).length === 1)
    const late = await stream('filesystem.Filesystem/WatchDir', { path: 'watched' }, { 'connect-timeout-ms': '300' })
    expect(late.at(-1)).toMatchObject({ error: { code: 'deadline_exceeded' } })
    expect(await call('RemoveWatcher', { watcherId })).toEqual({ status: 200, body: {} })
    // As a call does that read of it before.
    const redis = new Redis(process.env['RUNYARD_TEST_REDIS'] ?? '')
    const records = createSandboxRecords(redis, createKeys(platform.namespace), 60_000)
    const session = sessionIdOf(sandbox.sandboxID) ?? ''
    await records.moveWatcher(session, String(watcherId), { path: '/job/watched', position: '0-0' })
    redis.disconnect()
    for (const method of ['GetWatcherEvents', 'RemoveWatcher']) {
      expect(await call(method, { watcherId })).toMatchObject({ status: 404, body: { code: 'not_found' } })
    }
    // Ended by its session, and not by the service of files.
    const { watcherId: second } = (await call('CreateWatcher', { path: 'watched' })).body
    await send('DELETE', `${place}/${String(second)}`, { 'x-api-key': runyardKey })
    await eventually('the end of a watcher', async () => {
      const { status } = await call('GetWatcherEvents', { watcherId: second })
      return status === 404
    })
    expect(await call('RemoveWatcher', { watcherId: second })).toMatchObject({ status: 404 })
    expect(await call('CreateWatcher', { path: 'nonesuch' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    })
    expect(await call('CreateWatcher', {})).toMatchObject({ status: 400, body: { code: 'invalid_argument' } })
  })

  test('runs processes, and tells how each ended', async () => {
    const events = await stream('process.Process/Start', shell('echo out; echo err >&2; cat; exit 3'))
    expect(events[0]).toMatchObject({ event: { start: { pid: expect.any(Number) } } })
    expect(events).toContainEqual({ event: { data: { stdout: Buffer.from('out\n').toString('base64') } } })
    expect(events).toContainEqual({ event: { data: { stderr: Buffer.from('err\n').toString('base64') } } })
    expect(events.slice(-2)).toEqual([
      { event: { end: { exitCode: 3, exited: true, status: 'exit status 3', error: 'exit status 3' } } },
      {},
    ])
    const late = await stream('process.Process/Start', shell('sleep 100000'), { 'connect-timeout-ms': '300' })
    expect(late.at(-1)).toMatchObject({ error: { code: 'deadline_exceeded' } })
    const missing = await stream('process.Process/Start', { process: { cmd: 'nonesuch' } })
    expect(missing).toMatchObject([{ error: { code: 'invalid_argument' } }])
  })

  test('gives a process input, a terminal and signals', async () => {
    const listed = async () =>
      (await unary('process.Process/List', {})).body['processes'] as { pid: number; tag?: string }[]
    const running = (tag: string) =>
      eventually(`the process ${tag}`, async () => (await listed()).find((one) => one.tag === tag))
    const reading = stream(
      'process.Process/Start',
      shell('read line; echo "$line"; cat', { stdin: true, tag: 'reader' }),
    )
    const process = { pid: (await running('reader')).pid }
    const text = (value: string) => Buffer.from(value).toString('base64')
    expect(await unary('process.Process/SendInput', { process, input: { stdin: text('a line\n') } })).toEqual({
      status: 200,
      body: {},
    })
    const input = [
      frameOf({ start: { process: { tag: 'reader' } } }),
      frameOf({ data: { input: { stdin: text('streamed') } } }),
    ]
    const headers = { ...headersOf(ENVD), 'content-type': 'application/connect+json' }
    await send('POST', `${base}/process.Process/StreamInput`, headers, new Uint8Array(Buffer.concat(input)))
    await unary('process.Process/CloseStdin', { process })
    const output = (events: Record<string, unknown>[], name: string) =>
      events
        .flatMap((one) => (one as { event?: { data?: Record<string, string> } }).event?.data?.[name] ?? [])
        .map((data) => Buffer.from(data, 'base64').toString())
        .join('')
    expect(output(await reading, 'stdout')).toBe('a line\nstreamed')

    const terminal = stream('process.Process/Start', {
      ...shell('read go; stty size'),
      stdin: undefined,
      pty: { size: { cols: 90, rows: 20 } },
      tag: 'terminal',
    })
    await running('terminal')
    await unary('process.Process/Update', { process: { tag: 'terminal' }, pty: { size: { cols: 132, rows: 43 } } })
    await unary('process.Process/SendInput', { process: { tag: 'terminal' }, input: { pty: text('\r') } })
    expect(output(await terminal, 'pty')).toContain('43 132')

    const endless = stream('process.Process/Start', shell('sleep 100000', { tag: 'endless' }))
    await running('endless')
    const again = await fetch(`${base}/process.Process/Connect`, {
      method: 'POST',
      headers,
      body: new Uint8Array(frameOf({ process: { tag: 'endless' } })),
    })
    const { pid } = await running('endless')
    expect(await unary('process.Process/SendSignal', { process: { pid }, signal: 'SIGNAL_SIGKILL' })).toEqual({
      status: 200,
      body: {},
    })
    const killed = {
      event: { end: { exitCode: -1, exited: false, status: 'signal: killed', error: 'signal: killed' } },
    }
    expect(await endless).toContainEqual(killed)
    expect(messagesIn(Buffer.from(await again.arrayBuffer()))).toContainEqual(killed)
    expect(await unary('process.Process/SendSignal', { process: { pid }, signal: 'SIGNAL_SIGKILL' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    })
  })

  test('answers what is malformed as what the caller did, in either letter case of a path', async () => {
    const bodies = [
      '',
      '[]',
      '{"process":{"pid":-1}}',
      '{"path":"a\\u0000"}',
      '\0\0\0\0\xff{',
      '{"__proto__":{"code":"1"}}',
    ]
    const ofInterpreter = ['execute', 'Execute/', 'contexts/nonesuch/restart']
    const ofEnvd = [
      'files',
      'FILES/?path=',
      'process.Process/Start',
      'process.Process/SendInput',
      'process.Process/nonesuch',
      'process.process/',
      'filesystem.Filesystem/Stat',
      'filesystem.Filesystem/Move',
    ]
    const types = ['application/json', 'application/connect+json', 'multipart/form-data; boundary=x']
    const paths = [
      ...ofInterpreter.map((path) => [path, INTERPRETER] as const),
      ...ofEnvd.map((path) => [path, ENVD] as const),
    ]
    const asked = paths.flatMap(([path, port]) =>
      bodies.flatMap((body) => types.map((type) => ({ path, port, body, type }))),
    )
    const wrong: unknown[] = []
    for (const { path, port, body, type } of asked) {
      const { status } = await send('POST', `${base}/${path}`, { ...headersOf(port), 'content-type': type }, body)
      if (status >= 500 && status !== 501) wrong.push({ path, body, type, status })
    }
    expect(wrong).toEqual([])
    for (const body of ['{', '[]', '{"timeout":-1}', '{"timeout":"1"}', '{"templateID":"base","timeout":1e99}']) {
      const headers = { 'x-api-key': key, 'content-type': 'application/json' }
      for (const path of ['sandboxes', `Sandboxes/${sandbox.sandboxID}/timeout`]) {
        const { status, bytes } = await send('POST', `${base}/${path}`, headers, body)
        expect({ body, path, status, answer: JSON.parse(bytes.toString()) as unknown }).toMatchObject({
          status: 400,
          answer: { code: 400 },
        })
      }
    }
  })

  test('that is ended cuts what runs in it, and is gone', async () => {
    const headers = { ...headersOf(INTERPRETER), 'content-type': 'application/json' }
    const body = JSON.stringify({ code: 'print("on", flush=True); import time; time.sleep(100_000)' })
    const response = await fetch(`${base}/execute`, { method: 'POST', headers, body })
    const command = stream('process.Process/Start', shell('sleep 100000', { tag: 'last' }))
    await eventually('both to run', async () => {
      const { body: list } = await unary('process.Process/List', {})
      return (list['processes'] as { tag?: string }[]).some(({ tag }) => tag === 'last')
    })
    expect((await api('DELETE', `/sandboxes/${sandbox.sandboxID}`)).status).toBe(204)
    await expect(response.text()).rejects.toThrow('terminated')
    expect((await command).at(-1)).toMatchObject({
      error: { code: 'unavailable', message: 'The sandbox was not found' },
    })
    const gone = await send('GET', `${base}/health`, headersOf(ENVD, ''))
    expect([gone.status, JSON.parse(gone.bytes.toString())]).toEqual([
      502,
      { sandboxId: sandbox.sandboxID, message: 'The sandbox was not found', code: 502 },
    ])
    expect((await api('DELETE', `/sandboxes/${sandbox.sandboxID}`)).status).toBe(404)
  })
})
