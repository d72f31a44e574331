import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { decodeMessage, encodeMessage, type JupyterMessage, V1_PROTOCOL } from '../../src/api/compat/jupyter/framing.ts'
import { createJupyterRecords, MAX_NOTEBOOKS } from '../../src/api/compat/jupyter/jupyter-records.ts'
import { openTestRedis } from '../shared/security/test-redis.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let token: string
let other: string
let log = ''
/** A kernel that tests share which leave it as it was. */
let kernel: string

interface Answer {
  status: number
  headers: Headers
  body: never
}
async function call(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${platform.url}/jupyter${path}`, {
    method,
    headers: { authorization: `token ${token}`, ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: (text === '' ? null : JSON.parse(text)) as never }
}

/** A client's socket to a kernel. */
async function connect(id: string, isV1 = false, session = randomUUID()) {
  const query = new URLSearchParams({ session_id: session, token })
  const url = `${platform.url.replace('http', 'ws')}/jupyter/api/kernels/${id}/channels?${query.toString()}`
  const socket = new WebSocket(url, isV1 ? [V1_PROTOCOL] : [])
  const messages: JupyterMessage[] = []
  const waiting = new Set<() => void>()
  const heard = () => {
    for (const wake of waiting) wake()
    waiting.clear()
  }
  let closed: { code: number; reason: string } | undefined
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    messages.push(decodeMessage(data, isBinary, isV1))
    heard()
  })
  socket.on('close', (code, reason) => {
    closed = { code, reason: reason.toString() }
    heard()
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  expect(socket.protocol).toBe(isV1 ? V1_PROTOCOL : '')
  const send = (channel: string, type: string, content: object = {}, buffers: Uint8Array[] = []): string => {
    const id = randomUUID()
    const header = { msg_id: id, msg_type: type, username: 'u', session, date: '', version: '5.3' }
    const message = { channel, header, parent_header: {}, metadata: {}, content: content as never, buffers }
    socket.send(encodeMessage(message, isV1))
    return id
  }
  /** The messages about a request, to its end. */
  const about = async (id: string, isEnd = isIdle): Promise<JupyterMessage[]> => {
    for (;;) {
      const found = messages.filter(({ parent_header: parent }) => parent['msg_id'] === id)
      if (found.some(isEnd)) return found
      if (closed) throw new Error(`the socket closed with ${closed.code} ${closed.reason}`)
      await new Promise<void>((resolve) => waiting.add(resolve))
    }
  }
  const run = (code: string, more: object = {}) =>
    about(send('shell', 'execute_request', { code, silent: false, store_history: true, allow_stdin: false, ...more }))
  const ended = () => eventually('the socket closes', () => closed)
  return { socket, session, messages, send, about, run, ended, close: () => socket.close() }
}

/** A target of comms that doubles what it is told, and the bytes with it. */
const DOUBLING = `
def opened(comm, message):
    def heard(message):
        print('heard')
        data, (part,) = message['content']['data'], message['buffers']
        comm.send({'doubled': 2 * data['value']}, buffers=[2 * bytes(part)])
    comm.on_msg(heard)
get_ipython().kernel.comm_manager.register_target('doubling', opened)`

const isIdle = ({ header, content }: JupyterMessage): boolean =>
  header['msg_type'] === 'status' && content['execution_state'] === 'idle'
const typesOf = (messages: JupyterMessage[]) => messages.map(({ header }) => header['msg_type'])
const contentOf = (messages: JupyterMessage[], type: string) =>
  messages.find(({ header }) => header['msg_type'] === type)?.content

beforeAll(async () => {
  platform = await startPlatform(
    { AUTH: 'required', TENANT_MAX_SESSIONS: '6', LOG_LEVEL: 'info' },
    (line) => (log += line),
  )
  const keyOf = async (tenant: string) =>
    (await makeKey(platform, tenant, { scopes: ['sessions'] })).authorization.slice('Bearer '.length)
  ;[token, other] = await Promise.all([keyOf('ada'), keyOf('bob')])
  // Bodies may be empty.
  const made = await call('POST', '/api/kernels')
  expect(made).toMatchObject({ status: 201, body: { name: 'python3', execution_state: 'idle', connections: 0 } })
  kernel = (made.body as { id: string }).id
  expect(made.headers.get('location')).toBe(`/jupyter/api/kernels/${kernel}`)
})
afterAll(() => platform.close())

describe('routes', () => {
  test('ask for a token in the header or the query, which stays out of the log', async () => {
    const without = await fetch(`${platform.url}/jupyter/api/kernels`)
    expect([without.status, await without.json()]).toMatchObject([403, { message: expect.any(String) as unknown }])
    const wrong = await call('GET', '/api/kernels', undefined, { authorization: 'token nosuch' })
    expect(wrong.status).toBe(403)
    const byQuery = await fetch(`${platform.url}/jupyter/api/kernels?token=${token}&1765`)
    expect(byQuery.status).toBe(200)
    expect(log).not.toContain(token)
    expect((await fetch(`${platform.url}/v1/sessions?token=${token}`)).status).toBe(401)
  })

  test('list kernels and what they are of, to their owner alone', async () => {
    expect(await call('GET', '/api')).toMatchObject({ status: 200, body: { version: expect.any(String) as unknown } })
    const specs = await call('GET', '/api/kernelspecs')
    expect(specs.body).toMatchObject({
      default: 'python3',
      kernelspecs: { python3: { name: 'python3', spec: { argv: [], language: 'python' }, resources: {} } },
    })
    const list = await call('GET', '/api/kernels')
    expect(list.body).toEqual([expect.objectContaining({ id: kernel, name: 'python3' })])
    const others = { authorization: `token ${other}` }
    expect((await call('GET', '/api/kernels', undefined, others)).body).toEqual([])
    expect((await call('GET', `/api/kernels/${kernel}`, undefined, others)).status).toBe(404)
    expect((await call('DELETE', `/api/kernels/${kernel}`, undefined, others)).status).toBe(404)
    expect((await call('POST', '/api/kernels', { name: 'cobol' })).body).toMatchObject({
      message: expect.stringContaining('python3') as unknown,
    })
  })

  test('keep one kernel for a notebook, until it is deleted', async () => {
    const asked = { path: 'a/b.ipynb', type: 'notebook', name: 'b', kernel: { id: kernel } }
    const made = await call('POST', '/api/sessions', asked)
    expect(made).toMatchObject({
      status: 201,
      body: { path: 'a/b.ipynb', name: 'b', type: 'notebook', kernel: { id: kernel }, notebook: { path: 'a/b.ipynb' } },
    })
    const { id } = made.body as { id: string }
    expect((await call('POST', '/api/sessions', { ...asked, kernel: {} })).body).toMatchObject({
      id,
      kernel: { id: kernel },
    })
    const renamed = await call('PATCH', `/api/sessions/${id}`, { path: 'c.ipynb' })
    expect(renamed).toMatchObject({ status: 200, body: { id, path: 'c.ipynb', kernel: { id: kernel } } })
    expect((await call('GET', '/api/sessions')).body).toHaveLength(1)
    const another = await call('POST', '/api/sessions', { path: 'd', type: 'console', kernel: { name: 'python3' } })
    const { id: own, kernel: started } = another.body as { id: string; kernel: { id: string } }
    expect((await call('DELETE', `/api/sessions/${own}`)).status).toBe(204)
    expect((await call('GET', `/api/kernels/${started.id}`)).status).toBe(404)
    expect((await call('GET', `/api/sessions/${own}`)).status).toBe(404)
    expect((await call('POST', '/api/sessions', { type: 'notebook' })).status).toBe(400)
  })

  test('keep no more notebooks of a tenant than it may have', async () => {
    const { redis, keys, close } = await openTestRedis()
    try {
      const { putNotebook, notebooks } = createJupyterRecords(redis, keys, 60)
      const put = (id: number) =>
        putNotebook('ada', { id: `${id}`, path: `${id}`, name: '', type: 'notebook', kernel: 'k' })
      await Promise.all(Array.from({ length: MAX_NOTEBOOKS }, (_none, index) => put(index)))
      await expect(put(MAX_NOTEBOOKS)).rejects.toMatchObject({ code: 'too-many-sessions' })
      await put(0)
      expect(await notebooks('ada')).toHaveLength(MAX_NOTEBOOKS)
    } finally {
      await close()
    }
  })

  test('read and write the folder of a kernel', async () => {
    const place = `/api/contents/${kernel}`
    const text = { type: 'file', format: 'text', content: 'a,b\n' }
    expect(await call('PUT', `${place}/in/data.csv`, text)).toMatchObject({ status: 201, body: { size: 4 } })
    expect((await call('GET', `${place}/in/data.csv`)).body).toMatchObject({ format: 'text', content: 'a,b\n' })
    expect((await call('GET', `${place}/in`)).body).toMatchObject({
      type: 'directory',
      content: [{ name: 'data.csv' }],
    })
    expect((await call('PATCH', `${place}/in/data.csv`, { path: `${kernel}/in/e.csv` })).status).toBe(200)
    expect((await call('GET', `${place}/in/data.csv`)).status).toBe(404)
    expect((await call('GET', `${place}/../x`)).status).toBe(404)
    expect((await call('DELETE', `${place}/in`)).status).toBe(204)
    expect((await call('GET', '/api/contents')).body).toMatchObject({ content: [{ name: kernel, type: 'directory' }] })
  })
})

describe.each([
  ['the default framing', false],
  [V1_PROTOCOL, true],
] as const)('a socket that speaks %s', (_name, isV1) => {
  test('tells of an execution in order', async () => {
    const client = await connect(kernel, isV1)
    const info = await client.about(client.send('shell', 'kernel_info_request'))
    expect(contentOf(info, 'kernel_info_reply')).toMatchObject({ status: 'ok', language_info: { name: 'python' } })
    const told = await client.run('print("so"); 40 + 2')
    expect(typesOf(told)).toEqual(['status', 'execute_input', 'stream', 'execute_result', 'execute_reply', 'status'])
    expect(contentOf(told, 'stream')).toEqual({ name: 'stdout', text: 'so\n' })
    expect(contentOf(told, 'execute_result')).toMatchObject({ data: { 'text/plain': '42' } })
    const { execution_count: count } = contentOf(told, 'execute_reply') as { execution_count: number }
    expect(contentOf(told, 'execute_input')).toMatchObject({ code: 'print("so"); 40 + 2', execution_count: count })
    const silent = await client.run('1', { silent: true, store_history: false })
    expect(typesOf(silent)).toEqual(['status', 'execute_reply', 'status'])
    client.close()
  })

  test('drops what waits behind an error, and asks for input', async () => {
    const client = await connect(kernel, isV1)
    const sent = ['1 / 0', 'print("not run")'].map((code) =>
      client.send('shell', 'execute_request', { code, silent: false, stop_on_error: true }),
    )
    const [failed = [], dropped = []] = await Promise.all(sent.map((id) => client.about(id)))
    expect(contentOf(failed, 'error')).toMatchObject({ ename: 'ZeroDivisionError' })
    expect(contentOf(failed, 'execute_reply')).toMatchObject({ status: 'error', ename: 'ZeroDivisionError' })
    expect(contentOf(dropped, 'execute_reply')).toMatchObject({ status: 'aborted' })
    const asking = client.send('shell', 'execute_request', { code: 'print(input("who? ").upper())', allow_stdin: true })
    const asked = await client.about(asking, ({ header }) => header['msg_type'] === 'input_request')
    expect(contentOf(asked, 'input_request')).toEqual({ prompt: 'who? ', password: false })
    client.send('stdin', 'input_reply', { value: 'ada' })
    expect(contentOf(await client.about(asking), 'stream')).toMatchObject({ text: 'ADA\n' })
    client.close()
  })

  test('carries what a widget and its code say to each other', async () => {
    const client = await connect(kernel, isV1)
    const { session: comm_id } = client
    const shown = await client.run(
      `${DOUBLING}\nComm = __import__('comm').create_comm\nshown = Comm('view', {'value': 1})`,
    )
    expect(typesOf(shown)).toEqual(['status', 'execute_input', 'comm_open', 'execute_reply', 'status'])
    expect(contentOf(shown, 'comm_open')).toMatchObject({ target_name: 'view', data: { value: 1 } })
    await client.about(client.send('shell', 'comm_open', { comm_id, target_name: 'doubling', data: {} }))
    const moved = await client.about(
      client.send('shell', 'comm_msg', { comm_id, data: { value: 21 } }, [Buffer.from([7])]),
    )
    expect(new Set(typesOf(moved))).toEqual(new Set(['status', 'comm_msg', 'stream']))
    expect(typesOf(moved).at(-1)).toBe('status')
    const answer = moved.find(({ header }) => header['msg_type'] === 'comm_msg')
    expect(answer).toMatchObject({ content: { comm_id, data: { doubled: 42 } } })
    expect(answer?.buffers.map((bytes) => [...bytes])).toEqual([[7, 7]])
    const known = await client.about(client.send('shell', 'comm_info_request', { target_name: 'doubling' }))
    expect(contentOf(known, 'comm_info_reply')).toMatchObject({ comms: { [comm_id]: { target_name: 'doubling' } } })
    client.close()
  })
})

test('completes, inspects, and answers what it does not know', async () => {
  const client = await connect(kernel)
  await client.run('import math')
  const completed = await client.about(client.send('shell', 'complete_request', { code: 'math.fl', cursor_pos: 7 }))
  expect(contentOf(completed, 'complete_reply')).toMatchObject({
    status: 'ok',
    matches: expect.arrayContaining([expect.stringContaining('floor')]) as unknown,
  })
  const content = { code: 'math.floor', cursor_pos: 10, detail_level: 0 }
  expect(
    contentOf(await client.about(client.send('shell', 'inspect_request', content)), 'inspect_reply'),
  ).toMatchObject({ status: 'ok', found: true })
  expect(
    contentOf(
      await client.about(client.send('shell', 'comm_open', { comm_id: 'c', target_name: 'none' })),
      'comm_close',
    ),
  ).toMatchObject({ comm_id: 'c' })
  expect(contentOf(await client.about(client.send('control', 'debug_request')), 'debug_reply')).toMatchObject({
    status: 'error',
  })
  client.socket.send('{"no": "message"}')
  expect(await client.ended()).toMatchObject({ code: 1007 })
})

test('is interrupted and restarted by its routes, and its messages are of another life then', async () => {
  const client = await connect(kernel)
  const [first] = await client.run('kept = 1')
  const sleeping = client.send('shell', 'execute_request', { code: 'import time; time.sleep(1000)' })
  await client.about(sleeping, ({ header }) => header['msg_type'] === 'execute_input')
  expect((await call('POST', `/api/kernels/${kernel}/interrupt`)).status).toBe(204)
  expect(contentOf(await client.about(sleeping), 'execute_reply')).toMatchObject({ ename: 'KeyboardInterrupt' })
  expect((await call('POST', `/api/kernels/${kernel}/restart`, {})).body).toMatchObject({ id: kernel })
  const after = await client.run('kept')
  expect(contentOf(after, 'error')).toMatchObject({ ename: 'NameError' })
  expect(after[0]?.header['session']).not.toBe(first?.header['session'])
  client.close()
})

test('what runs while nobody is connected is told to the socket that comes back', async () => {
  const client = await connect(kernel)
  const code = 'import time, pathlib\nwhile not pathlib.Path("go").exists(): time.sleep(0.01)\nprint("done")'
  const running = client.send('shell', 'execute_request', { code })
  await client.about(running, ({ header }) => header['msg_type'] === 'execute_input')
  client.close()
  await client.ended()
  await call('PUT', `/api/contents/${kernel}/go`, { type: 'file', format: 'text', content: '' })
  const again = await connect(kernel, true, client.session)
  const told = await again.about(running)
  expect(typesOf(told)).toEqual(['stream', 'execute_reply', 'status'])
  expect(contentOf(told, 'stream')).toEqual({ name: 'stdout', text: 'done\n' })
  again.close()
})

test('all sockets of a kernel are told what happens, and that it has ended', async () => {
  const made = (await call('POST', '/api/kernels', { name: 'python3', env: { KERNEL_USERNAME: 'x', MINE: 'y' } }))
    .body as { id: string }
  const [one, two] = [await connect(made.id), await connect(made.id, true)]
  expect((await call('GET', `/api/kernels/${made.id}`)).body).toMatchObject({ connections: 2 })
  const id = one.send('shell', 'execute_request', {
    code: 'import os; print(os.environ["MINE"], os.environ.get("KERNEL_USERNAME"))',
  })
  const told = await two.about(id)
  expect(typesOf(told)).toEqual(['status', 'execute_input', 'stream', 'status'])
  expect(contentOf(told, 'stream')).toMatchObject({ text: 'y None\n' })
  const replaced = await connect(made.id, true, two.session)
  expect(await two.ended()).toMatchObject({ code: 1000 })
  expect((await call('DELETE', `/api/kernels/${made.id}`)).status).toBe(204)
  expect(await replaced.ended()).toMatchObject({ code: 1000 })
  expect(replaced.messages.at(-1)?.content).toEqual({ execution_state: 'dead' })
  expect((await call('GET', `/api/kernels/${made.id}`)).status).toBe(404)
})

test("SandboxFusion's cells run in a kernel of their own, which ends with the answer", async () => {
  const live = async () => ((await call('GET', '/api/kernels')).body as unknown[]).length
  const before = await live()
  const ask = async (body: object) => {
    const response = await fetch(`${platform.url}/sandboxfusion/run_jupyter`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as unknown }
  }
  const cells = ['x = open("a").read()', 'x', '1 / 0', '_ = open("b", "w").write(x + "!")']
  const files = { a: Buffer.from('hi').toString('base64') }
  expect(await ask({ cells, files, fetch_files: ['b', 'none'] })).toMatchObject({
    status: 200,
    body: {
      status: 'Success',
      driver: { status: 'Finished', return_code: 0 },
      cells: [
        { stdout: '', display: [], error: [] },
        { display: [{ 'text/plain': "'hi'" }] },
        { error: [{ ename: 'ZeroDivisionError' }] },
        { error: [] },
      ],
      files: { b: Buffer.from('hi!').toString('base64') },
    },
  })
  expect(await ask({ cells: ['while True: pass'], total_timeout: 1 })).toMatchObject({
    status: 200,
    body: { status: 'Failed', driver: { status: 'TimeLimitExceeded', return_code: null }, cells: [] },
  })
  expect(await ask({ cells: ['1'], kernel: 'bash' })).toMatchObject({
    status: 422,
    body: { detail: expect.any(Array) },
  })
  expect(await live()).toBe(before)
})
