import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { forwardMessages } from '../../../src/cli/mcp/forward-messages.ts'
import { eventually } from '../../support/eventually.ts'
import { loadServices } from '../../support/load-services.ts'
import { makeKey } from '../../support/make-key.ts'
import {
  BEFORE,
  type McpAnswer,
  type Message,
  requestOfToday,
  sendMessage,
  TODAY,
  type ToolAnswer,
} from '../../support/mcp-client.ts'
import { startPlatform, testRoot, type TestPlatform } from '../../support/platform.ts'

type Headers = Record<string, string>

let platform: TestPlatform
let other: { url: string; close: () => Promise<unknown> }
let ada: Headers
let grace: Headers

beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'required' })
  const { startApi, loadConfig, pino } = await loadServices()
  other = await startApi(loadConfig(testRoot, platform.env), testRoot, pino({ level: 'silent' }))
  ada = await makeKey(platform, 'ada', { scopes: ['jobs', 'sessions'] })
  grace = await makeKey(platform, 'grace', { scopes: ['jobs', 'sessions'] })
})
afterAll(async () => {
  await other.close()
  await platform.close()
})

let turn = 0
/** The two gateways in turn. */
const gateway = (): string => (turn++ % 2 === 0 ? platform.url : other.url)

/** Calls a tool as a client of today does. */
function call(
  name: string,
  args: object,
  { headers = ada, meta = {}, signal }: { headers?: Headers; meta?: object; signal?: AbortSignal } = {},
): Promise<McpAnswer> {
  const request = requestOfToday('tools/call', { name, arguments: args }, meta)
  return sendMessage(gateway(), request.message, { ...headers, ...request.headers }, signal)
}

async function resultOf(answer: Promise<McpAnswer>): Promise<ToolAnswer & { text: string }> {
  const { message, status } = await answer
  const result = message?.result
  if (!result) throw new Error(`no result, ${status}: ${JSON.stringify(message)}`)
  return { ...result, text: (result.content ?? []).map(({ text }) => text ?? '').join('\n') }
}

/** Calls a tool as a client of before does, in its session of the protocol. */
const callBefore = (id: number, name: string, args: object, session: string, headers = ada): Promise<McpAnswer> =>
  sendMessage(
    gateway(),
    { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } },
    { ...headers, 'mcp-protocol-version': BEFORE, 'mcp-session-id': session },
  )

async function initialize(headers = ada): Promise<{ session: string; answer: McpAnswer }> {
  const params = { protocolVersion: BEFORE, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  const answer = await sendMessage(gateway(), { jsonrpc: '2.0', id: 0, method: 'initialize', params }, headers)
  return { session: answer.headers.get('mcp-session-id') ?? '', answer }
}

const FOREVER = 'import time\nwhile True: time.sleep(1)'
const states = async (headers: Headers): Promise<string[]> => {
  const response = await fetch(`${platform.url}/v1/jobs?limit=20`, { headers })
  return ((await response.json()) as { jobs: { state: string }[] }).jobs.map(({ state }) => state)
}
const oneRuns = (headers: Headers) =>
  eventually('a job that runs', async () => (await states(headers)).includes('running') || undefined)
const noneRuns = (headers: Headers) =>
  eventually(
    'the end of the job',
    async () => (await states(headers)).every((state) => state === 'cancelled') || undefined,
  )

describe('the protocol', () => {
  test('today, a server tells what it is, and lists its tools with their schemas', async () => {
    const discover = requestOfToday('server/discover')
    const { message } = await sendMessage(gateway(), discover.message, { ...ada, ...discover.headers })
    expect(message?.result).toMatchObject({
      resultType: 'complete',
      supportedVersions: [TODAY],
      capabilities: { tools: {} },
    })
    const list = requestOfToday('tools/list')
    const { message: listed, headers } = await sendMessage(gateway(), list.message, { ...ada, ...list.headers })
    expect(headers.get('mcp-session-id')).toBeNull()
    expect(listed?.result).toMatchObject({ cacheScope: 'private' })
    const tools = listed?.result?.['tools'] as {
      name: string
      inputSchema: { properties: { language?: { enum: string[] } } }
    }[]
    expect(tools.map(({ name }) => name)).toEqual([
      'run_code',
      'get_run',
      'list_languages',
      'create_session',
      'run_in_session',
      'run_command',
      'write_file',
      'read_file',
      'list_files',
      'list_sessions',
      'close_session',
    ])
    expect(tools[0]?.inputSchema.properties.language?.enum).toEqual(expect.arrayContaining(['bash', 'python']))
  })

  test('before, it answers the handshake and what follows on any gateway', async () => {
    const { session, answer } = await initialize()
    expect(answer.message?.result).toMatchObject({ protocolVersion: BEFORE, serverInfo: { name: 'runyard' } })
    expect(session).toMatch(/^[0-9a-f-]{36}$/)
    const known = { ...ada, 'mcp-protocol-version': BEFORE, 'mcp-session-id': session }
    const initialized = await sendMessage(gateway(), { jsonrpc: '2.0', method: 'notifications/initialized' }, known)
    expect(initialized.status).toBe(202)
    const ping = await sendMessage(gateway(), { jsonrpc: '2.0', id: 1, method: 'ping' }, known)
    expect(ping.message?.result).toEqual({})
    const ran = await resultOf(callBefore(2, 'run_code', { language: 'python', code: 'print(6 * 7)' }, session))
    expect(ran.text).toContain('stdout:\n42')
  })

  test('what it does not know is an error of the protocol, and GET has nothing to listen to', async () => {
    const unknown = requestOfToday('tools/call', { name: 'no_such_tool', arguments: {} })
    expect((await sendMessage(gateway(), unknown.message, { ...ada, ...unknown.headers })).message?.error?.code).toBe(
      -32602,
    )
    const method = requestOfToday('no/such')
    expect(await sendMessage(gateway(), method.message, { ...ada, ...method.headers })).toMatchObject({
      status: 404,
      message: { error: { code: -32601 } },
    })
    const list = requestOfToday('tools/list')
    expect(await sendMessage(gateway(), list.message, { ...ada, ...list.headers, 'mcp-method': 'ping' })).toMatchObject(
      { status: 400, message: { error: { code: -32020 } } },
    )
    expect(await sendMessage(gateway(), [list.message], { ...ada, ...list.headers })).toMatchObject({
      status: 400,
      message: { error: { code: -32600 } },
    })
    const got = await fetch(`${gateway()}/mcp`, { headers: { ...ada, accept: 'text/event-stream' } })
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
    const listen = requestOfToday('subscriptions/listen', { notifications: { toolsListChanged: true } })
    expect((await sendMessage(gateway(), listen.message, { ...ada, ...listen.headers })).message?.error).toBeDefined()
  })
})

describe('access', () => {
  test('without a key it is 401, with nothing to log in to, and pages of other origins are refused', async () => {
    const { message, headers } = requestOfToday('tools/list')
    const refused = await sendMessage(gateway(), message, headers)
    expect(refused).toMatchObject({ status: 401, message: { error: { data: { code: 'unauthenticated' } } } })
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect((await fetch(`${gateway()}/.well-known/oauth-protected-resource/mcp`)).status).toBe(404)
    expect(
      (await sendMessage(gateway(), message, { ...ada, ...headers, origin: 'https://elsewhere.example' })).status,
    ).toBe(403)
  })

  test('a key has the tools of its scopes, and no others', async () => {
    const jobs = await makeKey(platform, 'ada', { scopes: ['jobs'] })
    const { message, headers } = requestOfToday('tools/list')
    const listed = (await sendMessage(gateway(), message, { ...jobs, ...headers })).message?.result?.['tools']
    expect((listed as { name: string }[]).map(({ name }) => name)).toEqual(['run_code', 'get_run', 'list_languages'])
    const refused = await call('create_session', {}, { headers: jobs })
    expect(refused).toMatchObject({ status: 403, message: { error: { data: { code: 'insufficient-scope' } } } })
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_scope')
    const files = await makeKey(platform, 'ada', { scopes: ['files'] })
    expect((await sendMessage(gateway(), message, { ...files, ...headers })).status).toBe(403)
  })

  test('a call that runs something takes from the submissions of its key, and a refusal is a result', async () => {
    const slow = await makeKey(platform, 'slow', { scopes: ['jobs'], rate: { perMinute: 1, burst: 1 } })
    const args = { language: 'python', code: 'print(1)' }
    expect((await resultOf(call('run_code', args, { headers: slow }))).isError).toBeUndefined()
    const refused = await resultOf(call('run_code', args, { headers: slow }))
    expect(refused).toMatchObject({ isError: true, text: expect.stringMatching(/Try again in \d+ s/) })
    expect((await resultOf(call('list_languages', {}, { headers: slow }))).text).toContain('python')
  })
})

describe('run_code', () => {
  test('shows output, exit code and files, and images as images', async () => {
    const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    const code = [
      'import base64, sys',
      `open("plot.png", "wb").write(base64.b64decode("${png}"))`,
      'print(open("in.txt").read(), sys.argv[1], input())',
      'print("hm", file=sys.stderr); sys.exit(3)',
    ].join('\n')
    const files = [{ path: 'in.txt', content: 'data' }]
    const ran = await resultOf(call('run_code', { language: 'python', code, files, args: ['x'], stdin: 'line' }))
    expect(ran.text).toMatch(/^exit 3 after \d+\.\d\d s\nstdout:\ndata x line\n\nstderr:\nhm\n\nfiles:\nplot.png/)
    expect(ran.content?.[1]).toEqual({ type: 'image', data: png, mimeType: 'image/png' })
    expect(ran.structuredContent).toMatchObject({ status: 'failed', exit_code: 3, files: [{ path: 'plot.png' }] })
    expect(ran.isError).toBe(true)
  })

  test('its result is read again by its tenant, and by nobody else', async () => {
    const ran = await resultOf(call('run_code', { language: 'python', code: 'print("mine")' }))
    const run_id = ran.structuredContent?.['run_id']
    expect((await resultOf(call('get_run', { run_id }))).text).toBe(ran.text)
    const refused = await resultOf(call('get_run', { run_id }, { headers: grace }))
    expect(refused).toMatchObject({ isError: true, text: expect.stringContaining('does not exist') })
  })

  test('what is wrong with its arguments is told where it is, and screening refuses as everywhere', async () => {
    const bad = await resultOf(call('run_code', { language: 'python', timeout_seconds: 0 }))
    expect(bad).toMatchObject({ isError: true, text: expect.stringMatching(/- code: .*\n?.*- timeout_seconds: /s) })
    const unknown = await resultOf(call('run_code', { language: 'brainmelt', code: '' }))
    expect(unknown).toMatchObject({ isError: true, text: expect.stringContaining('list_languages') })
    const long = await resultOf(call('run_code', { language: 'python', code: 'print(1)', timeout_seconds: 3600 }))
    expect(long).toMatchObject({
      isError: true,
      text: expect.stringContaining('timeout_seconds: is 3600; at most 120'),
    })
    const strict = await makeKey(platform, 'ada', { scopes: ['jobs', 'sessions'], screening: 'strict' })
    const hostile = 'import os\nos.system("rm -rf /")'
    const refused = await resultOf(call('run_code', { language: 'python', code: hostile }, { headers: strict }))
    expect(refused).toMatchObject({ isError: true, text: expect.stringContaining('screening') })
  })

  test('progress rises while it runs, before the result', async () => {
    const code = 'import time\nfor i in range(4):\n    print("step", i, flush=True)\n    time.sleep(0.3)'
    const { notifications, message } = await call(
      'run_code',
      { language: 'python', code },
      { meta: { progressToken: 'p' } },
    )
    expect(message?.result?.structuredContent).toMatchObject({ status: 'succeeded' })
    const told = notifications.map(
      ({ params }) => params as { progressToken: string; progress: number; message: string },
    )
    expect(told.every(({ progressToken }) => progressToken === 'p')).toBe(true)
    expect(told.map(({ progress }) => progress)).toEqual(told.map((_, index) => index + 1))
    expect(told.some(({ message: text }) => text.startsWith('step'))).toBe(true)
  })

  test('a client of today cancels its job by going away', async () => {
    const headers = await makeKey(platform, 'today', { scopes: ['jobs'] })
    const ends = new AbortController()
    const answer = call('run_code', { language: 'python', code: FOREVER }, { headers, signal: ends.signal })
    await oneRuns(headers)
    ends.abort()
    await expect(answer).rejects.toThrow()
    await noneRuns(headers)
  })

  test('a client of before cancels it by a notification, on whichever gateway; nobody else can', async () => {
    const headers = await makeKey(platform, 'before', { scopes: ['jobs'] })
    const { session } = await initialize(headers)
    const answer = callBefore(7, 'run_code', { language: 'python', code: FOREVER }, session, headers)
    await oneRuns(headers)
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } }
    const known = { 'mcp-protocol-version': BEFORE, 'mcp-session-id': session }
    for (const url of [platform.url, other.url]) {
      expect((await sendMessage(url, cancel, { ...grace, ...known })).status).toBe(202)
    }
    expect(await states(headers)).toEqual(['running'])
    // This is sent to the gateway that does not have the call.
    expect((await sendMessage(gateway(), cancel, { ...headers, ...known })).status).toBe(202)
    expect((await answer).message).toBeUndefined()
    await noneRuns(headers)
  })
})

describe('sessions', () => {
  let session_id = ''
  beforeAll(async () => {
    const created = await resultOf(call('create_session', { language: 'python' }))
    expect(created.structuredContent).toMatchObject({ language: 'python', state: 'running', has_interpreter: true })
    session_id = String(created.structuredContent?.['session_id'])
  })

  test('remember, show images, have files and commands', async () => {
    await resultOf(call('run_in_session', { session_id, code: 'x = 40' }))
    const value = await resultOf(call('run_in_session', { session_id, code: 'print("so")\nx + 2' }))
    expect(value.text).toMatch(/^ok after .*\nstdout:\nso\n\nresult:\n42$/)
    const failed = await resultOf(call('run_in_session', { session_id, code: '1 / 0' }))
    expect(failed).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^ZeroDivisionError.*division by zero/s),
    })

    const png = Buffer.from('89504e470d0a1a0a', 'hex').toString('base64')
    const written = await resultOf(
      call('write_file', { session_id, path: 'out/plot.png', content: png, encoding: 'base64' }),
    )
    expect(written.structuredContent).toEqual({ path: 'out/plot.png', bytes: 8 })
    const shown = await resultOf(
      call('run_in_session', { session_id, code: 'from IPython.display import Image\nImage("out/plot.png")' }),
    )
    expect(shown.content?.[1]).toEqual({ type: 'image', data: png, mimeType: 'image/png' })
    expect((await resultOf(call('read_file', { session_id, path: 'out/plot.png' }))).content?.[1]).toMatchObject({
      type: 'image',
    })

    await resultOf(call('write_file', { session_id, path: 'long.txt', content: 'é'.repeat(100) }))
    const piece = await resultOf(call('read_file', { session_id, path: 'long.txt', limit: 101 }))
    expect(piece.structuredContent).toEqual({ path: 'long.txt', bytes: 200, encoding: 'utf-8', next_offset: 100 })
    const counted = await resultOf(call('run_command', { session_id, command: 'wc -c < long.txt; exit 4' }))
    expect(counted.text).toMatch(/^exit 4 after .*\nstdout:\n200\n/)
    const listed = await resultOf(call('list_files', { session_id }))
    expect(listed.structuredContent).toMatchObject({
      complete: true,
      entries: expect.arrayContaining([{ name: 'long.txt', kind: 'file', bytes: 200 }]),
    })
    expect(await resultOf(call('read_file', { session_id, path: '../etc/passwd' }))).toMatchObject({
      isError: true,
      text: expect.stringContaining('path'),
    })
  })

  test('a cancelled cell is interrupted, and its variables remain', async () => {
    const ends = new AbortController()
    const code = 'y = 5\nopen("begun", "w").close()\nimport time\nwhile True: time.sleep(0.1)'
    const answer = call('run_in_session', { session_id, code, timeout_seconds: 600 }, { signal: ends.signal })
    await eventually('that it runs', async () => {
      const { structuredContent } = await resultOf(call('list_files', { session_id }))
      return JSON.stringify(structuredContent).includes('begun') || undefined
    })
    ends.abort()
    await expect(answer).rejects.toThrow()
    const after = await resultOf(call('run_in_session', { session_id, code: 'y' }))
    expect(after.text).toContain('result:\n5')
  })

  test("are nobody else's, are listed, and end", async () => {
    for (const [tool, args] of [
      ['run_in_session', { code: 'x' }],
      ['run_command', { command: 'ls' }],
      ['read_file', { path: 'long.txt' }],
      ['close_session', {}],
    ] as const) {
      const refused = await resultOf(call(tool, { session_id, ...args }, { headers: grace }))
      expect(refused).toMatchObject({ isError: true, text: expect.stringContaining('does not exist') })
    }
    expect((await resultOf(call('list_sessions', {}, { headers: grace }))).structuredContent).toEqual({ sessions: [] })
    expect((await resultOf(call('list_sessions', {}))).structuredContent).toMatchObject({ sessions: [{ session_id }] })

    expect((await resultOf(call('close_session', { session_id }))).structuredContent).toMatchObject({ state: 'ended' })
    const gone = await resultOf(call('run_in_session', { session_id, code: 'x' }))
    expect(gone).toMatchObject({ isError: true, text: expect.stringContaining('create_session') })
  })
})

describe('runyard mcp', () => {
  /** Lines to and from the forwarder, and what ends it. */
  function start(headers: Headers) {
    const lines = new PassThrough()
    const received: Message[] = []
    const key = headers['authorization']?.slice('Bearer '.length)
    const write = (line: string) => void received.push(JSON.parse(line) as Message)
    const over = forwardMessages(lines, write, { url: platform.url, key }, new AbortController().signal)
    const send = (message: object) => void lines.write(`${JSON.stringify(message)}\n`)
    const answerTo = (id: number) => eventually(`the answer to ${id}`, () => received.find((one) => one.id === id))
    return { send, answerTo, received, write: (text: string) => void lines.write(text), end: () => (lines.end(), over) }
  }

  test('carries messages of both revisions, and says what cannot be read', async () => {
    const { send, answerTo, received, write, end } = start(ada)
    const params = { protocolVersion: BEFORE, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
    send({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
    send({ jsonrpc: '2.0', method: 'notifications/initialized' })
    send({ jsonrpc: '2.0', id: 2, method: 'tools/list' })
    write('no message\n')
    const args = { language: 'python', code: 'print(1 + 1)' }
    send({ ...requestOfToday('tools/call', { name: 'run_code', arguments: args }).message, id: 3 })
    expect((await answerTo(1)).result).toMatchObject({ protocolVersion: BEFORE })
    expect((await answerTo(2)).result?.['tools']).toHaveLength(11)
    expect((await answerTo(3)).result).toMatchObject({ resultType: 'complete', structuredContent: { exit_code: 0 } })
    await end()
    expect(received.filter(({ id }) => id === null)).toMatchObject([{ error: { code: -32700 } }])
  })

  test('a refused key is the answer to each request', async () => {
    const { send, answerTo, end } = start({ authorization: 'Bearer ry_wrong' })
    send({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    expect((await answerTo(1)).error).toMatchObject({ message: expect.stringContaining('key') })
    await end()
  })

  test.each(['today', 'before'])('what runs when its client of %s ends is cancelled', async (era) => {
    const headers = await makeKey(platform, `ended-${era}`, { scopes: ['jobs'] })
    const { send, answerTo, end } = start(headers)
    const params = { protocolVersion: BEFORE, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
    send({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
    await answerTo(1)
    const of = { name: 'run_code', arguments: { language: 'python', code: FOREVER } }
    if (era === 'today') send({ ...requestOfToday('tools/call', of).message, id: 2 })
    else send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: of })
    await oneRuns(headers)
    await end()
    await noneRuns(headers)
  })
})
