import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Execution } from '../../src/shared/sessions/session.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { loadServices } from '../support/load-services.ts'
import { startPlatform, testRoot, type TestPlatform } from '../support/platform.ts'
import { type ReceivedEvent, textOf } from '../support/read-events.ts'
import { type SessionClient, sessionClient } from '../support/session-client.ts'

const MIB = 1024 * 1024
const GIB = 1024 * MIB

let platform: TestPlatform
/** Keeps all sessions, so that a test can close it. */
let worker: { close: () => Promise<void> }
let client: SessionClient
/** A session with a kernel, that tests share which leave its default context as it was. */
let shared: string

beforeAll(async () => {
  platform = await startPlatform({
    AUTH: 'optional',
    TENANT_MAX_SESSIONS: '4',
    SESSIONS_MEMORY_BYTES: '0',
  })
  const { startWorker, loadConfig, pino } = await loadServices()
  const config = loadConfig(testRoot, { ...platform.env, SESSIONS_MEMORY_BYTES: String(8 * GIB) })
  worker = await startWorker(config, testRoot, pino({ level: 'fatal' }))
  const headers = await makeKey(platform, 'ada', { scopes: ['sessions', 'files'] })
  client = sessionClient(platform.url, headers)
  const { status, body } = await client.create({ language: 'python', metadata: { of: 'tests' } })
  expect({ status, state: body.state, kernel: body.kernel }).toEqual({ status: 201, state: 'running', kernel: true })
  shared = body.id
})
afterAll(async () => {
  await worker.close()
  await platform.close()
})

describe('executions', () => {
  test('keep their state, and answer with the value of the last expression', async () => {
    expect((await client.run(shared, 'x = 40')).body).toMatchObject({
      status: 'succeeded',
      results: [],
      executionCount: 1,
    })
    const { status, body } = await client.run(shared, 'print("so"); x + 2')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      status: 'succeeded',
      stdout: 'so\n',
      executionCount: 2,
      results: [{ data: { 'text/plain': '42' }, isMainResult: true }],
      error: null,
      truncated: false,
    })
  })

  test('show rich results', async () => {
    const code = 'from IPython.display import HTML, display\ndisplay(HTML("<b>x</b>")); HTML("<i>y</i>")'
    const { body } = await client.run(shared, code)
    expect(body.results.map(({ data, isMainResult }) => [data['text/html'], isMainResult])).toEqual([
      ['<b>x</b>', false],
      ['<i>y</i>', true],
    ])
  })

  test('tell of errors with their traceback, and standard error apart', async () => {
    const { body } = await client.run(shared, 'import sys; print("hm", file=sys.stderr); 1 / 0')
    expect(body).toMatchObject({ status: 'failed', stderr: 'hm\n', error: { name: 'ZeroDivisionError' } })
    expect(body.error?.traceback.join('')).toContain('division by zero')
  })

  test('show and tell of text that has no encoding, and end', async () => {
    const timeoutMs = 600_000
    const code = 'import os\nprint("a\\ud800b", os.fsdecode(b"n\\xff"))\n"\\ud800"'
    const { body: shown } = await client.run(shared, code, { timeoutMs })
    expect(shown).toMatchObject({ status: 'succeeded', stdout: 'a\\ud800b n\ufffd\n' })
    expect(shown.results[0]?.data['text/plain']).toBe("'\\ud800'")
    const { body: raised } = await client.run(shared, 'raise Exception("\\udfff")', { timeoutMs })
    expect(raised).toMatchObject({ status: 'failed', error: { name: 'Exception', value: '\\udfff' } })
    // In the code itself it is refused, as in every text.
    const { body: refused } = await client.run(shared, 'print("\ud800")', { timeoutMs })
    expect(refused).toMatchObject({ status: 422, errors: [{ pointer: '/code' }] })
  })

  test('are accepted with 202, followed by events and read later', async () => {
    const { status, body, headers } = await client.run(shared, 'for i in range(3): print(i)', {}, 0)
    expect(status).toBe(202)
    const place = headers.get('location') ?? ''
    const events = await client.events(
      `${place}/events`,
      ({ event, data }) => event === 'execution' && data['state'] === 'finished',
    )
    expect(textOf(events, 'stdout')).toBe('0\n1\n2\n')
    const read = await client.call('GET', `${place}?wait=10`)
    expect(read.body).toMatchObject({ id: body.id, state: 'finished', status: 'succeeded', stdout: '0\n1\n2\n' })
  })

  test('are interrupted, by a client and by their time, and the state stays', async () => {
    await client.run(shared, 'kept = 1')
    const { body: runs } = await client.run(shared, 'import time; time.sleep(1000)', {}, 0)
    const { body: waits } = await client.run(shared, 'kept = 2', {}, 0)
    const of = (context: string, id: string) => `/v1/sessions/${shared}/contexts/${context}/interrupt?execution=${id}`
    const read = (id: string, query = '') => client.call('GET', `/v1/sessions/${shared}/executions/${id}${query}`)
    // The id of a UUID counts in either case.
    expect((await client.call('POST', of('default', waits.id.toUpperCase()))).body).toMatchObject({ state: 'busy' })
    expect((await read(waits.id, '?wait=60')).body).toMatchObject({ status: 'cancelled', startedAt: null })
    expect((await read(runs.id)).body).toMatchObject({ state: 'running' })
    expect((await client.call('POST', of('default', randomUUID()))).status).toBe(404)
    await client.call('POST', of('default', runs.id))
    expect((await read(runs.id, '?wait=60')).body).toMatchObject({
      status: 'interrupted',
      error: { name: 'KeyboardInterrupt' },
    })
    expect((await client.call('POST', of('default', runs.id))).status).toBe(200)
    const late = await client.run(shared, 'time.sleep(1000)', { timeoutMs: 300 })
    expect(late.body).toMatchObject({ status: 'wall-time-limit' })
    expect((await client.run(shared, 'kept')).body.results[0]?.data['text/plain']).toBe('1')
  })

  // Whether the kernel heeds that within the grace is the machine's affair: context.test.ts has what follows.
  test('are ended when the session has used their CPU time', async () => {
    const limits = { cpuMs: 300 }
    const spun = await client.run(shared, 'while True: pass', { limits, timeoutMs: 600_000 })
    expect(spun.body).toMatchObject({
      status: 'cpu-time-limit',
      message: expect.stringContaining('300 ms of CPU time') as unknown,
    })
    // What processes use that it started counts, what was used before it does not.
    const code = "import subprocess\nsubprocess.run(['sh', '-c', 'while :; do :; done'])"
    const outside = await client.run(shared, code, { limits, timeoutMs: 600_000 })
    expect(outside.body.status).toBe('cpu-time-limit')
    const most = await client.call('POST', `/v1/sessions/${shared}/executions`, {
      code: '1',
      limits: { cpuMs: 2 ** 40 },
    })
    expect(most).toMatchObject({ status: 422, body: { errors: [{ pointer: '/limits/cpuMs' }] } })
  })

  test('are interrupted while they show more than can be passed on', async () => {
    const code = `from IPython.display import display
import time
kept = 1
shown = 0
while True:
    display({'text/plain': 'x' * 20_000}, raw=True)
    shown += 1
    if shown % 100 == 0:
        open('shown', 'w').write(str(shown))
    # No faster than is let through then, or what waits would take all memory.
    if shown > 3000:
        time.sleep(0.002)`
    const { body } = await client.run(shared, code, { timeoutMs: 60_000 }, 0)
    await eventually('more than is let through at once', async () => {
      const { status, bytes } = await client.get(shared, 'shown')
      return status === 200 && Number(bytes.toString()) >= 3000
    })
    await client.call('POST', `/v1/sessions/${shared}/contexts/default/interrupt`, {})
    const { body: ended } = await client.call<Execution>('GET', `/v1/sessions/${shared}/executions/${body.id}?wait=60`)
    expect(ended).toMatchObject({ status: 'interrupted', truncated: true })
    expect((await client.run(shared, 'kept')).body.results[0]?.data['text/plain']).toBe('1')
  })

  test('ask for input', async () => {
    const { body } = await client.run(shared, 'name = input("who? "); print(name.upper())', { allowInput: true }, 0)
    const place = `/v1/sessions/${shared}/executions/${body.id}`
    const events = await client.events(`${place}/events`, ({ event }) => event === 'input-request')
    expect(events.at(-1)?.data).toMatchObject({ prompt: 'who? ', password: false })
    expect((await client.call('POST', `${place}/input`, { value: 'ada' })).status).toBe(200)
    expect((await client.call('GET', `${place}?wait=60`)).body).toMatchObject({ stdout: 'ADA\n' })
    expect((await client.call('POST', `${place}/input`, { value: 'again' })).status).toBe(404)
  })

  test('pass on what a widget and its code say to each other', async () => {
    const code = `
from comm import create_comm
shown = create_comm('view', {'value': 1})
shown.on_msg(lambda message: shown.send({'doubled': 2 * message['content']['data']['value']}))
shown.comm_id`
    const { body } = await client.run(shared, code)
    const comm_id = String(body.results[0]?.data['text/plain']).slice(1, -1)
    const path = `/v1/sessions/${shared}/contexts/default/comms`
    const { status, body: sent } = await client.call<{ id: string }>('POST', path, {
      type: 'comm_msg',
      content: { comm_id, data: { value: 21 } },
    })
    expect(status).toBe(202)
    const about = (event: ReceivedEvent) => event.data['parent'] === sent.id
    const events = await client.events(
      `/v1/sessions/${shared}/events`,
      (event) => about(event) && event.data['type'] === 'status',
    )
    const comms = events.filter(({ event }) => event === 'comm').map(({ data }) => data)
    const ofContext = { context: 'default', metadata: expect.any(Object) as unknown }
    expect(comms).toEqual([
      {
        ...ofContext,
        type: 'comm_open',
        content: expect.objectContaining({ comm_id, target_name: 'view' }) as unknown,
        execution: body.id,
      },
      {
        ...ofContext,
        type: 'comm_msg',
        content: expect.objectContaining({ comm_id, data: { doubled: 42 } }) as unknown,
        parent: sent.id,
      },
      { ...ofContext, type: 'status', content: { execution_state: 'idle' }, parent: sent.id },
    ])
    const unknown = await client.call('POST', path, { type: 'comm_info_request', content: {} })
    expect(unknown.status).toBe(422)
    const parts = { type: 'comm_msg', content: { comm_id, data: { value: 1 } } }
    const broken = await client.call('POST', path, { ...parts, buffers: ['AAE=', 'A'] })
    expect(broken).toMatchObject({ status: 422, body: { errors: [{ pointer: '/buffers/1' }] } })
    // Without padding it is taken, and the kernel is there afterwards.
    expect((await client.call('POST', path, { ...parts, buffers: ['AAE'] })).status).toBe(202)
    expect((await client.run(shared, 'shown.comm_id')).body.status).toBe('succeeded')
    const nowhere = await client.call('POST', path.replace('default', 'none'), { type: 'comm_close', content: {} })
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'not-found' } })
  })

  test.each([3_000_000, 10_000_000])('are cut at the limit of output, and say so: %d characters', async (count) => {
    const { body } = await client.run(shared, `print("x" * ${count})`)
    expect(body).toMatchObject({ status: 'succeeded', truncated: true })
    expect(body.stdout.length).toBe(MIB)
  })
})

describe('contexts', () => {
  test('have states of their own, and lose them when they are restarted', async () => {
    const made = await client.call('POST', `/v1/sessions/${shared}/contexts`, { id: 'other' })
    expect(made).toMatchObject({ status: 201, body: { id: 'other', state: 'idle' } })
    const again = await client.call('POST', `/v1/sessions/${shared}/contexts`, { id: 'other' })
    expect(again).toMatchObject({
      status: 422,
      body: {
        code: 'invalid-request',
        detail: '/id is "other", and the session has a context of that id',
        errors: [{ pointer: '/id', detail: 'is "other", and the session has a context of that id' }],
      },
    })
    await client.run(shared, 'y = 1', { context: 'other' })
    expect((await client.run(shared, 'y')).body.error?.name).toBe('NameError')
    const restarted = await client.call('POST', `/v1/sessions/${shared}/contexts/other/restart`, {})
    expect(restarted.body).toMatchObject({ state: 'idle' })
    expect((await client.run(shared, 'y', { context: 'other' })).body.error?.name).toBe('NameError')
    expect((await client.call('DELETE', `/v1/sessions/${shared}/contexts/other`)).status).toBe(200)
    expect((await client.contexts(shared)).body.contexts.map(({ id }) => id)).toEqual(['default'])
    expect((await client.run(shared, '1', { context: 'other' })).status).toBe(404)
  })

  test('that die say why, take nothing, and come back by a restart; the session lives on', async () => {
    await client.call('POST', `/v1/sessions/${shared}/contexts`, { id: 'mortal' })
    const { body } = await client.run(shared, 'b = bytearray(2_000_000_000)', { context: 'mortal' })
    expect(body.status).toBe('context-lost')
    expect(body.message).toContain('memory limit')
    expect((await client.run(shared, '1', { context: 'mortal' })).body).toMatchObject({ code: 'context-dead' })
    await client.call('POST', `/v1/sessions/${shared}/contexts/mortal/restart`, {})
    expect((await client.run(shared, '1', { context: 'mortal' })).body.status).toBe('succeeded')
    expect((await client.run(shared, 'kept')).body.status).toBe('succeeded')
    await client.call('DELETE', `/v1/sessions/${shared}/contexts/mortal`)
  })
})

describe('files', () => {
  test('go there and back in pieces, byte for byte', async () => {
    const content = randomBytes(700_001)
    expect(await client.put(shared, 'in/data.bin', content)).toMatchObject({ status: 200, body: { bytes: 700_001 } })
    expect((await client.get(shared, 'in/data.bin')).bytes.equals(content)).toBe(true)
    expect(
      (await client.run(shared, 'len(open("in/data.bin", "rb").read())')).body.results[0]?.data['text/plain'],
    ).toBe('700001')
  })

  test('are listed, moved and deleted', async () => {
    await client.put(shared, 'box/a.txt', 'a')
    expect((await client.call('POST', `/v1/sessions/${shared}/folders`, { path: 'box/sub' })).status).toBe(204)
    const listed = await client.call<{ entries: object[] }>('GET', `/v1/sessions/${shared}/files?path=box`)
    expect(listed.body.entries).toMatchObject([
      { name: 'a.txt', kind: 'file', bytes: 1, mode: '0644' },
      { name: 'sub', kind: 'folder' },
    ])
    const move = { from: 'box/a.txt', to: 'box/sub/deep/b.txt' }
    expect((await client.call('POST', `/v1/sessions/${shared}/moves`, move)).status).toBe(204)
    expect((await client.get(shared, 'box/sub/deep/b.txt')).bytes.toString()).toBe('a')
    expect((await client.call('DELETE', `/v1/sessions/${shared}/files/box`)).body).toMatchObject({
      code: 'file-conflict',
    })
    expect((await client.call('DELETE', `/v1/sessions/${shared}/files/box?recursive=true`)).status).toBe(204)
    expect((await client.get(shared, 'box/sub/deep/b.txt')).status).toBe(404)
  })

  test('that cannot be read or written are told why', async () => {
    expect((await client.get(shared, 'in')).status).toBe(409)
    expect(await client.put(shared, 'big', Buffer.alloc(65 * MIB))).toMatchObject({
      status: 409,
      body: { code: 'file-conflict' },
    })
    await client.call('DELETE', `/v1/sessions/${shared}/files/big`)
    expect((await client.put(shared, 'a%5Cb', 'x')).status).toBe(422)
  })
})

test('a folder is watched, and kept for another session with what it held', async () => {
  const { body: first } = await client.create({ language: 'bash', kernel: false })
  const at = `/v1/sessions/${first.id}`
  const { status, body: watch } = await client.call<{ id: string }>('POST', `${at}/watches`, { recursive: true })
  expect({ status, watch }).toMatchObject({ status: 201, watch: { state: 'watching' } })
  await client.command(first.id, { shell: 'mkdir in; echo kept > in/note; chmod 0444 in/note; cp in/note own' })
  const events = await client.events(`${at}/watches/${watch.id}/events`, ({ data }) =>
    JSON.stringify(data).includes('"own"'),
  )
  expect(events.flatMap(({ data }) => data['changes'] ?? [])).toEqual(
    expect.arrayContaining([expect.objectContaining({ change: 'created', path: 'in/note', bytes: 5 })]),
  )
  const { body: file } = await client.call<{ id: string }>('POST', `${at}/snapshot`, {})
  await client.end(first.id)
  const files = [{ path: 'own', content: 'new' }]
  const { body: second } = await client.create({ language: 'bash', kernel: false, from: file.id, files })
  expect(second).toMatchObject({ state: 'running' })
  expect((await client.get(second.id, 'in/note')).bytes.toString()).toBe('kept\n')
  const look = await client.command(second.id, { shell: 'cat own; stat -c %a in/note' })
  expect(look.body).toMatchObject({ stdout: 'new444\n' })
  await client.end(second.id)
})

describe('commands', () => {
  test('run as an argument vector and as a shell line, with input', async () => {
    expect((await client.command(shared, { argv: ['echo', 'a b'] })).body).toMatchObject({
      status: 'succeeded',
      stdout: 'a b\n',
    })
    const { body } = await client.command(shared, { shell: 'tr a-z A-Z; echo oh >&2; exit 3', stdin: 'abc\n' })
    expect(body).toMatchObject({ status: 'failed', exitCode: 3, stdout: 'ABC\n', stderr: 'oh\n' })
    expect((await client.command(shared, { argv: ['nonesuch'] })).body).toMatchObject({ status: 'start-failed' })
  })

  test('run in the background, with input and signals later', async () => {
    const { status, body } = await client.command(shared, { argv: ['cat'], background: true, interactive: true }, 0)
    expect(status).toBe(202)
    const place = `/v1/sessions/${shared}/commands/${body.id}`
    await client.call('POST', `${place}/stdin`, { data: 'one\n' })
    await eventually(
      'its echo',
      async () => (await client.call<{ stdout: string }>('GET', place)).body.stdout === 'one\n',
    )
    await client.call('POST', `${place}/signals`, { signal: 'SIGTERM' })
    expect((await client.call('GET', `${place}?wait=60`)).body).toMatchObject({
      status: 'signalled',
      signal: 'SIGTERM',
    })
    expect((await client.call('POST', `${place}/stdin`, { data: 'x' })).body).toMatchObject({ code: 'already-ended' })
  })

  test('have a terminal', async () => {
    const size = { columns: 100, rows: 30 }
    const { body } = await client.command(
      shared,
      { shell: 'stty size; read x; stty size', terminal: size, interactive: true },
      0,
    )
    const place = `/v1/sessions/${shared}/commands/${body.id}`
    await eventually('its size', async () =>
      (await client.call<{ stdout: string }>('GET', place)).body.stdout.includes('30 100'),
    )
    await client.call('PUT', `${place}/terminal`, { columns: 132, rows: 43 })
    await client.call('POST', `${place}/stdin`, { data: '\r' })
    expect((await client.call<{ stdout: string }>('GET', `${place}?wait=60`)).body.stdout).toContain('43 132')
  })

  test('end with all that they started by their time, and by too much output', async () => {
    const slow = await client.command(shared, { shell: 'sleep 1000 & sleep 1000', timeoutMs: 300 })
    expect(slow.body).toMatchObject({ status: 'wall-time-limit', signal: 'SIGKILL' })
    const loud = await client.command(shared, { shell: 'yes' })
    expect(loud.body).toMatchObject({ status: 'output-limit', truncated: true })
    expect(loud.body.stdout.length).toBe(MIB)
    const left = await client.command(shared, { shell: 'ps -eo args | grep -c "[s]leep 1000"' })
    expect(left.body.stdout).toBe('0\n')
  })
})

describe('sessions', () => {
  test('find a kernel that waits, once there was one, with their files', async () => {
    const files = [
      { path: 'mine/a.txt', content: 'mine' },
      { path: 'go', content: '#!/bin/sh\necho ran' },
    ]
    const { body } = await client.create({ language: 'python', files })
    const { contexts } = (await client.contexts(body.id)).body
    expect(contexts).toMatchObject([{ id: 'default' }])
    const { results } = (await client.run(body.id, 'open("mine/a.txt").read()')).body
    expect(results[0]?.data['text/plain']).toBe("'mine'")
    expect((await client.command(body.id, { argv: ['./go'] })).body.stdout).toBe('ran\n')
    await client.end(body.id)
  })

  test('without a kernel run commands in any language', async () => {
    const { body } = await client.create({
      language: 'c',
      files: [{ path: 'main.c', content: 'int main(void) { return 7; }' }],
    })
    expect(body).toMatchObject({ state: 'running', kernel: false })
    expect((await client.command(body.id, { shell: 'gcc -o main main.c && ./main' })).body.exitCode).toBe(7)
    expect((await client.run(body.id, '1')).body).toMatchObject({ code: 'no-kernel' })
    await client.end(body.id)
  })

  test('end when their processes have used the CPU time that was asked for', async () => {
    const asked = { language: 'bash', kernel: false }
    const most = await client.create({ ...asked, limits: { cpuMs: 2 ** 40 } })
    expect(most).toMatchObject({ status: 422, body: { errors: [{ pointer: '/limits/cpuMs' }] } })
    const { body } = await client.create({ ...asked, limits: { cpuMs: 1000 } })
    expect(body.limits.cpuMs).toBe(1000)
    await client.command(body.id, { shell: 'while :; do :; done', background: true }, 0)
    const ended = await eventually('its CPU time is used', async () => {
      const now = (await client.read(body.id)).body
      return now.state === 'ended' && now
    })
    expect(ended).toMatchObject({ reason: 'cpu-time-limit', message: expect.stringContaining('1000 ms') as unknown })
  })

  test('are listed and extended, and end with an event', async () => {
    const { body } = await client.create({ language: 'bash', maxLifetimeMs: 60_000 })
    const changed = await client.call('PATCH', `/v1/sessions/${body.id}`, { maxLifetimeMs: 120_000 })
    expect(changed.body).toMatchObject({ maxLifetimeMs: 120_000 })
    const listed = await client.call<{ sessions: { id: string }[] }>('GET', '/v1/sessions?state=running')
    expect(listed.body.sessions.map(({ id }) => id)).toEqual([body.id, shared])
    const followed = client.events(`/v1/sessions/${body.id}/events`, ({ event }) => event === 'ended')
    expect((await client.end(body.id)).body).toMatchObject({ state: 'ended', reason: 'deleted' })
    expect((await followed).at(-1)?.data).toMatchObject({ reason: 'deleted' })
    expect((await client.command(body.id, { argv: ['true'] })).body).toMatchObject({
      status: 410,
      code: 'session-ended',
    })
  })

  test('end when nothing happens, after a warning', async () => {
    const { body } = await client.create({ language: 'bash', idleTimeoutMs: 4000 })
    const events = await client.events(`/v1/sessions/${body.id}/events`, ({ event }) => event === 'ended')
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['session', 'ending', 'ended']))
    expect(events.at(-1)?.data).toMatchObject({ reason: 'idle' })
  })

  test('end with a cause when a program ends their agent', async () => {
    const { body } = await client.create({ language: 'bash' })
    await client.command(body.id, { shell: 'kill -9 $PPID' }, 0)
    const events = await client.events(`/v1/sessions/${body.id}/events`, ({ event }) => event === 'ended')
    expect(events.at(-1)?.data).toMatchObject({ reason: 'agent-lost' })
  })

  test('end with a cause when their variables keep the kernel from starting', async () => {
    const { status, body } = await client.create({ language: 'python', env: { PATH: '/nowhere' } })
    expect({ status, body }).toMatchObject({
      status: 410,
      body: {
        code: 'session-ended',
        detail: expect.stringContaining('the bridge to its kernel needs python3 on PATH'),
      },
    })
  })

  test('are of one tenant, and need the scope', async () => {
    const other = await makeKey(platform, 'eve', { scopes: ['sessions'] })
    const eve = sessionClient(platform.url, other)
    expect((await eve.read(shared)).status).toBe(404)
    expect((await eve.run(shared, '1')).status).toBe(404)
    expect((await eve.get(shared, 'in/data.bin')).status).toBe(404)
    expect((await eve.end(shared)).status).toBe(404)
    const jobs = await makeKey(platform, 'ada', { scopes: ['jobs'] })
    expect((await sessionClient(platform.url, jobs).read(shared)).status).toBe(403)
  })

  test('are as many as the key allows that starts one', async () => {
    const one = sessionClient(platform.url, await makeKey(platform, 'eve', { scopes: ['sessions'], maxSessions: 1 }))
    const two = sessionClient(platform.url, await makeKey(platform, 'eve', { scopes: ['sessions'], maxSessions: 2 }))
    const asked = { language: 'bash', kernel: false }
    const { body: first } = await one.create(asked)
    expect(await one.create(asked)).toMatchObject({ status: 429, body: { code: 'too-many-sessions' } })
    const { status, body: second } = await two.create(asked)
    expect(status).toBe(201)
    expect(await two.create(asked)).toMatchObject({ status: 429, body: { code: 'too-many-sessions' } })
    for (const { id } of [first, second]) await two.end(id)
  })

  test('are screened, code and commands', async () => {
    const strict = await makeKey(platform, 'ada', { scopes: ['sessions'], screening: 'strict' })
    const screened = sessionClient(platform.url, strict)
    expect((await screened.run(shared, "import os\nos.system('id')")).body).toMatchObject({
      code: 'submission-blocked',
    })
    expect((await screened.command(shared, { shell: ':(){ :|:& };:' })).body).toMatchObject({
      code: 'submission-blocked',
    })
  })

  test('are bounded in number, and repeated requests make one', async () => {
    const key = await makeKey(platform, 'bob', { scopes: ['sessions'] })
    const once = sessionClient(platform.url, { ...key, 'idempotency-key': 'once' })
    const [first, second] = [await once.create({ language: 'bash' }, 0), await once.create({ language: 'bash' }, 0)]
    expect(second.body.id).toBe(first.body.id)
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    const bob = sessionClient(platform.url, key)
    const more = [
      await bob.create({ language: 'bash' }, 0),
      await bob.create({ language: 'bash' }, 0),
      await bob.create({ language: 'bash' }, 0),
    ]
    expect((await bob.create({ language: 'bash' }, 0)).body).toMatchObject({ code: 'too-many-sessions' })
    for (const { body } of [first, ...more]) expect((await bob.end(body.id)).body.state).toBe('ended')
  })

  test('whose worker closes are lost, and whoever waits is told at once', async () => {
    const ended = client.events(`/v1/sessions/${shared}/events`, ({ event }) => event === 'ended')
    const { body } = await client.run(shared, 'import time; time.sleep(1000)', {}, 0)
    const waiting = client.call('GET', `/v1/sessions/${shared}/executions/${body.id}?wait=60`)
    const starting = client.create({ language: 'bash' }, 0)
    await worker.close()
    expect((await ended).at(-1)?.data).toMatchObject({ reason: 'session-lost' })
    expect((await waiting).body).toMatchObject({ status: 'session-lost' })
    expect((await client.run(shared, '1')).body).toMatchObject({ status: 410, code: 'session-lost' })
    // Its executions can be read all the same.
    expect((await client.call('GET', `/v1/sessions/${shared}/executions/${body.id}`)).body).toMatchObject({
      status: 'session-lost',
    })
    await client.end((await starting).body.id)
  })
})
