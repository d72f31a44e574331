import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createClient, type RunyardError, type SessionHandle } from '../../src/client/client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
let client: ReturnType<typeof createClient>
let session: SessionHandle
beforeAll(async () => {
  platform = await startPlatform({})
  client = createClient({ url: platform.url })
  session = await client.sessions.create({ language: 'python' })
})
afterAll(() => platform.close())

const failure = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: RunyardError) => error,
  )

test('code keeps its state, and what fails is no error of the call', async () => {
  expect(await session.runCode('x = 40')).toMatchObject({ status: 'succeeded', results: [] })
  expect((await session.runCode('x + 2')).results[0]?.data['text/plain']).toBe('42')
  expect(await session.runCode('1 / 0')).toMatchObject({ status: 'failed', error: { name: 'ZeroDivisionError' } })
})

test('code is interrupted when it has used the CPU time that it is given', async () => {
  const spun = await session.runCode('while True: pass', { limits: { cpuMs: 200 }, timeoutMs: 600_000 })
  expect(spun.status).toBe('cpu-time-limit')
})

test('output comes to callbacks as it is written, and `input()` is answered', async () => {
  const seen: string[] = []
  const execution = await session.runCode(
    'import sys\nprint("a")\nprint("b", file=sys.stderr)\nprint(input("who? "))\n"value"',
    {
      onStdout: (text) => seen.push(`out ${text}`),
      onStderr: (text) => seen.push(`err ${text}`),
      onResult: ({ data }) => seen.push(`result ${String(data['text/plain'])}`),
      onInput: (prompt, { password }) => (seen.push(`asked ${prompt}${password}`), Promise.resolve('ada')),
    },
  )
  expect(execution).toMatchObject({ status: 'succeeded', stdout: 'a\nada\n', stderr: 'b\n' })
  expect(seen).toEqual(
    expect.arrayContaining(['out a\n', 'err b\n', 'asked who? false', 'out ada\n', "result 'value'"]),
  )
})

test('code whose answer was lost runs once', async () => {
  let sent = 0
  const lossy: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init)
    if (init?.method !== 'POST' || ++sent > 2) return answer
    await answer.arrayBuffer()
    throw new TypeError('fetch failed')
  }
  const again = createClient({ url: platform.url, fetch: lossy }).sessions.open(session.id)
  await session.runCode('count = 0')
  expect((await again.runCode('count += 1; count')).results[0]?.data['text/plain']).toBe('1')
  expect(sent).toBe(3)
  const idempotencyKey = 'same'
  const one = await session.runCode('count', { idempotencyKey })
  expect((await session.runCode('count', { idempotencyKey })).id).toBe(one.id)
  expect(await failure(session.runCode('other', { idempotencyKey }))).toMatchObject({ code: 'idempotency-mismatch' })
  const key = { idempotencyKey: 'once' }
  const ran = await session.commands.run('echo x >> once; cat once', key)
  expect(await session.commands.run('echo x >> once; cat once', key)).toEqual(ran)
  expect(ran.stdout).toBe('x\n')
})

test('a signal ends the call, an interrupt the execution, and the state stays', async () => {
  const { id } = await session.executions.start('import time; kept = 1; time.sleep(600)')
  const reason = new Error('enough')
  expect(await failure(session.executions.wait(id, { signal: AbortSignal.abort(reason) }))).toBe(reason)
  await session.contexts.interrupt()
  expect(await session.executions.wait(id)).toMatchObject({ status: 'interrupted' })
  expect((await session.runCode('kept')).status).toBe('succeeded')
  const listed = (await session.executions.list()).find((one) => one.id === id)
  expect(listed).toMatchObject({ status: 'interrupted', context: 'default' })
  expect(listed).not.toHaveProperty('stdout')
})

test('names are completed and described by what the code has made', async () => {
  await session.runCode('class Wagon:\n  "Rolls."\n  wheels = 4\nwagon = Wagon()')
  expect(await session.complete('wagon.wh + 1', { cursor: 8 })).toMatchObject({ matches: ['wheels'], start: 6, end: 8 })
  expect(JSON.stringify((await session.inspect('Wagon')).data)).toContain('Rolls.')
  expect(await session.inspect('nonesuch')).toMatchObject({ found: false })
  expect(await failure(session.complete('x', { cursor: 2 }))).toMatchObject({ code: 'invalid-request' })
  const { id } = await session.executions.start('import time; time.sleep(600)')
  expect(await failure(session.complete('x'))).toMatchObject({ code: 'session-busy' })
  await session.contexts.interrupt()
  await session.executions.wait(id)
})

test('what the kernel keeps to complete names sooner is not among the files of the session', async () => {
  expect((await session.complete('import collections; collections.Ordered')).matches).toContain('OrderedDict')
  expect((await session.files.list()).map(({ name }) => name)).not.toContain('.cache')
})

test('contexts have states of their own', async () => {
  const context = (await session.contexts.create()).id
  await session.runCode('y = 1', { context })
  expect((await session.contexts.restart(context)).state).toBe('idle')
  expect((await session.runCode('y', { context })).error?.name).toBe('NameError')
  await session.contexts.remove(context)
  expect((await session.contexts.list()).map(({ id }) => id)).toEqual(['default'])
})

test('a message of a widget gets to its kernel, and what it causes is told', async () => {
  const { id } = await session.contexts.sendComm({
    type: 'comm_open',
    content: { comm_id: 'c', target_name: 'none', data: {} },
  })
  for await (const { type, data } of session.events()) {
    if (type === 'comm' && data.parent === id && data.type === 'comm_close') {
      expect(data.content).toMatchObject({ comm_id: 'c' })
      return
    }
  }
  throw new Error('it was not told')
})

test('files are written, read in part, listed, moved and removed', async () => {
  const { files } = session
  const content = Uint8Array.from({ length: 500_000 }, (_, index) => (index * 7919) % 251)
  expect(await files.write('in/a b.bin', content, { mode: '0600' })).toEqual({ path: 'in/a b.bin', bytes: 500_000 })
  expect(await files.read('in/a b.bin')).toEqual(content)
  expect(await files.read('in/a b.bin', { start: 100, end: 400_000 })).toEqual(content.slice(100, 400_001))
  expect(await files.read('in/a b.bin', { start: 499_990 })).toEqual(content.slice(499_990))
  expect(await failure(files.read('in/a b.bin', { start: 500_000 }))).toMatchObject({ code: 'range-not-satisfiable' })
  const pieces: number[] = []
  for await (const piece of files.stream('in/a b.bin')) pieces.push(piece.length)
  expect(pieces.reduce((a, b) => a + b)).toBe(500_000)
  await files.makeFolder('out')
  await files.move('in/a b.bin', 'out/c')
  expect(await files.list('out')).toMatchObject([{ name: 'c', mode: '0600' }])
  await files.write('text', 'häh')
  expect(await files.readText('text')).toBe('häh')
  await files.remove('out', { recursive: true })
  expect(await failure(files.read('out/c'))).toMatchObject({ status: 404 })
})

test('commands run, stream, are written to and signalled', async () => {
  const { commands } = session
  expect(await commands.run(['echo', 'a b'])).toMatchObject({ status: 'succeeded', stdout: 'a b\n' })
  const seen: string[] = []
  const onStdout = (text: string) => void seen.push(text)
  expect(await commands.run('cat; exit 3', { stdin: 'abc', onStdout })).toMatchObject({ exitCode: 3, stdout: 'abc' })
  expect(seen.join('')).toBe('abc')
  const cat = await commands.start('cat', { interactive: true, terminal: { columns: 80, rows: 24 } })
  await commands.resize(cat.id, { columns: 100, rows: 30 })
  await commands.write(cat.id, 'x\n')
  await commands.write(cat.id, Uint8Array.of(4), { end: true })
  expect((await commands.wait(cat.id)).stdout).toContain('x')
  const slow = await commands.start(['sleep', '600'], { background: true })
  await commands.signal(slow.id, 'SIGTERM')
  const types: string[] = []
  for await (const { type } of commands.stream(slow.id)) types.push(type)
  expect(types.at(-1)).toBe('command')
  expect(await commands.get(slow.id)).toMatchObject({ signal: 'SIGTERM' })
  const listed = await commands.list()
  expect(listed.length).toBe(5)
  for (const one of listed) expect(one).not.toHaveProperty('stdout')
})

test('a terminal shows what a command writes, and takes what is typed', async () => {
  const { commands } = session
  const { id } = await commands.start(['sh', '-c', 'read -r a; stty size; echo "<$a>"'], {
    terminal: { columns: 80, rows: 24 },
    background: true,
  })
  let screen = ''
  const onData = (bytes: Uint8Array) => void (screen += Buffer.from(bytes).toString())
  const terminal = await commands.terminal(id, { onData })
  terminal.resize({ columns: 90, rows: 20 })
  terminal.write('abc\r')
  expect(await terminal.ended).toMatchObject({ status: 'succeeded', exitCode: 0 })
  expect(screen).toBe('abc\r\n20 90\r\n<abc>\r\n')
  const flat = await commands.run('true')
  const none = await commands.terminal(flat.id, { onData, retries: 0 })
  expect(await failure(none.ended)).toMatchObject({ code: 'not-waiting' })
})

test('a session lasts as long as its block, and its events to its end', async () => {
  const types: string[] = []
  const id = await client.sessions.use({ language: 'bash', kernel: false }, async (own) => {
    expect(await own.extend({ idleTimeoutMs: 60_000 })).toMatchObject({ idleTimeoutMs: 60_000 })
    const listed: string[] = []
    for await (const one of client.sessions.list({ state: 'running', pageSize: 1 })) listed.push(one.id)
    expect(listed).toEqual([own.id, session.id])
    return own.id
  })
  for await (const { type } of client.sessions.open(id).events()) types.push(type)
  expect(types.at(-1)).toBe('ended')
  expect(await client.sessions.get(id)).toMatchObject({ state: 'ended', reason: 'deleted' })
  const other = client.sessions.open((await client.sessions.create({ language: 'bash' })).id)
  await other[Symbol.asyncDispose]()
  expect(await client.sessions.end(other.id)).toMatchObject({ state: 'ended' })
})
