import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { pino } from 'pino'
import type { RunningApi } from '../../src/api/serve.ts'
import { startApi } from '../../src/api/start.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import type { Job } from '../../src/shared/job.ts'
import { KIB, MIB, MINUTE } from '../../src/shared/limits.ts'
import { INPUT_LIMIT_BYTES, INPUT_WINDOW_BYTES } from '../../src/shared/redis/job-input.ts'
import { get, post, stageOf } from '../support/client.ts'
import { connectIo, type IoClient, refusedIo } from '../support/io-client.ts'
import { openRedisLink } from '../support/redis-link.ts'
import { startPlatform, type TestPlatform, testRoot } from '../support/platform.ts'

const UNLIMITED = {
  RATE_PER_MINUTE: '100000000',
  RATE_BURST: '1000000',
  READ_RATE_PER_MINUTE: '100000000',
  READ_RATE_BURST: '1000000',
}

let platform: TestPlatform
/** Another gateway on the same Redis. */
let other: RunningApi
let url: string
beforeAll(async () => {
  platform = await startPlatform({ KILL_GRACE_MS: '300', WORKER_CONCURRENCY: '2' })
  url = platform.url
  other = await startGateway()
})
afterAll(async () => {
  await other.close()
  await platform.close()
})

async function startGateway(redisUrl = process.env['RUNYARD_TEST_REDIS']): Promise<RunningApi> {
  const config = loadConfig(testRoot, {
    REDIS_URL: redisUrl,
    RUNYARD_NAMESPACE: platform.namespace,
    PORT: '0',
    LOG_LEVEL: 'fatal',
    ...UNLIMITED,
  })
  return startApi(config, testRoot, pino({ level: config.logLevel }))
}

async function submit(language: string, code: string, more: object = {}): Promise<string> {
  const { status, body } = await post(`${url}/v1/jobs`, { language, code, interactive: true, ...more })
  expect([status, body['interactive'] ?? body]).toEqual([202, !('interactive' in more)])
  return String(body['id'])
}

/** Takes both slots. @returns clients of the jobs that have them, which end at the end of their input */
async function blockSlots(): Promise<IoClient[]> {
  const long = { limits: { wallMs: 2 * MINUTE } }
  const blockers = await Promise.all([1, 2].map(() => submit('python', ECHO.python, long)))
  const talks = await Promise.all(blockers.map((id) => connectIo(url, id)))
  await Promise.all(talks.map((talk) => talk.until(() => talk.messages.some(({ type }) => type === 'stage'))))
  return talks
}

const read = async (id: string) => (await get<Job>(`${url}/v1/jobs/${id}`)).body
const result = (client: IoClient) => client.messages.at(-1)?.data
/** Events as they are told, without the replies. */
const events = (client: IoClient) => client.messages.filter(({ id }) => id !== undefined)

const ECHO = {
  python: `
import sys
for line in iter(sys.stdin.readline, ""): print("got", line.strip(), flush=True)
print("end")`,
  javascript: `
const lines = require('readline').createInterface({ input: process.stdin })
lines.on('line', (line) => console.log('got ' + line)).on('close', () => console.log('end'))`,
  bash: `while read -r line; do echo "got $line"; done; echo end`,
  c: `
#include <stdio.h>
int main(void) {
  char line[100];
  setvbuf(stdout, NULL, _IONBF, 0);
  while (scanf("%99s", line) == 1) printf("got %s\\n", line);
  printf("end\\n");
}`,
}

describe('an interactive job', () => {
  test.each(Object.entries(ECHO).map(([language, code]) => ({ language, code })))(
    'in $language is talked to line by line',
    async ({ language, code }) => {
      const id = await submit(language, code)
      const client = await connectIo(url, id)
      let expected = ''
      for (const word of ['one', 'två', '日本', 'four']) {
        client.line(word)
        expected += `got ${word}\n`
        await client.until(() => client.stdout() === expected)
      }
      client.send({ type: 'eof' })
      expect(await client.closed).toEqual({ code: 1000, reason: 'the job has ended' })
      expect(client.stdout()).toBe(`${expected}end\n`)
      expect(result(client)).toMatchObject({ id, status: 'succeeded' })
      expect(client.acks()).toEqual([null, null, null, null, null])
      expect(stageOf(await read(id)).stdout).toBe(`${expected}end\n`)
    },
  )

  test.each([
    ['closes its lines', "lines.question('Name? ', (name) => (console.log(`Hi ${name}`), lines.close()))"],
    [
      'iterates',
      "process.stdout.write('Name? '); (async () => { for await (const name of lines) { console.log(`Hi ${name}`); break } lines.close() })()",
    ],
    [
      'pauses',
      "lines.close(); process.stdout.write('Name? '); process.stdin.resume().once('data', (name) => (process.stdout.write(`Hi ${name}`), process.stdin.pause()))",
    ],
  ])('in JavaScript that %s ends although its input is open', async (_how, program) => {
    const id = await submit(
      'javascript',
      `const lines = require('readline').createInterface({ input: process.stdin, output: process.stdout, terminal: false })\n${program}`,
    )
    const client = await connectIo(url, id)
    await client.until(() => client.stdout() === 'Name? ')
    client.line('Bob')
    await client.closed
    expect(client.stdout()).toBe('Name? Hi Bob\n')
    expect(result(client)).toMatchObject({ status: 'succeeded' })
  })

  test('in Python shows a prompt without a line end, however it was written', async () => {
    const code =
      'import sys\nsys.stdout.write("Name? ")\nname = sys.stdin.readline()\nprint("Age? ", end="")\nsys.stdin.readline()'
    const client = await connectIo(url, await submit('python', code))
    await client.until(() => client.stdout() === 'Name? ')
    client.line('Bob')
    await client.until(() => client.stdout() === 'Name? Age? ')
    client.line('7')
    await client.closed
    expect(result(client)).toMatchObject({ status: 'succeeded' })
  })

  test('is fed its own input first, then what was sent while it waited, then what comes', async () => {
    const talks = await blockSlots()
    const id = await submit('bash', ECHO.bash, { stdin: 'zero\n' })
    const early = await connectIo(other.url, id)
    early.line('one', 1)
    early.line('two', 2)
    await early.until(() => early.acks().length === 2)
    expect((await read(id)).state).toBe('queued')
    early.socket.terminate()
    for (const talk of talks) talk.send({ type: 'eof' })
    const client = await connectIo(url, id)
    await client.until(() => client.stdout() === 'got zero\ngot one\ngot two\n')
    client.line('three')
    client.send({ type: 'eof' })
    await client.closed
    expect(client.stdout()).toBe('got zero\ngot one\ngot two\ngot three\nend\n')
    expect(client.acks()[0]).toBe(2)
  })

  test('gets signals that it may handle, and ends by those it does not', async () => {
    const code = `
import signal, time
count = 0
def handle(number, frame):
    global count
    count += 1
    print("got", signal.Signals(number).name, flush=True)
for one in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1): signal.signal(one, handle)
print("ready", flush=True)
while count < 3: time.sleep(0.01)
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("now", flush=True)
while True: time.sleep(10)`
    const client = await connectIo(url, await submit('python', code))
    await client.until(() => client.stdout() === 'ready\n')
    let expected = 'ready\n'
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGUSR1']) {
      client.send({ type: 'signal', signal })
      expected += `got ${signal}\n${signal === 'SIGUSR1' ? 'now\n' : ''}`
      await client.until(() => client.stdout() === expected)
    }
    client.send({ type: 'signal', signal: 'SIGINT' })
    await client.closed
    expect(result(client)).toMatchObject({ status: 'signalled', stages: [{ signal: 'SIGINT', exitCode: null }] })
  })

  test('gets no signal while it waits', async () => {
    const talks = await blockSlots()
    const client = await connectIo(url, await submit('bash', 'read -r line; echo "$line"'))
    client.send({ type: 'signal', signal: 'SIGKILL', seq: 1 })
    await client.until(() => client.errors().length === 1)
    for (const talk of talks) talk.send({ type: 'eof' })
    client.line('alive')
    await client.closed
    expect(client.messages.find(({ type }) => type === 'error')).toMatchObject({ code: 'not-running', seq: 1 })
    expect(result(client)).toMatchObject({ status: 'succeeded' })
  })

  test('gets characters whole that came in halves, as bytes, and no halves as text', async () => {
    const client = await connectIo(url, await submit('python', ECHO.python))
    const bytes = Buffer.from('é😀\n')
    for (const byte of bytes) {
      client.send({ type: 'stdin', data: Buffer.from([byte]).toString('base64'), encoding: 'base64' })
    }
    client.send({ type: 'stdin', data: '\ud83d' })
    client.send({ type: 'eof' })
    await client.closed
    expect(client.stdout()).toBe('got é😀\nend\n')
    expect(client.errors()).toEqual(['invalid-message'])
  })

  test('at a terminal prompts, echoes and knows its size, which may change', async () => {
    const code =
      'read -p "Name? " n; stty size; trap "stty size; exit" WINCH; echo "Hi $n"; while :; do sleep 0.1; done'
    const id = await submit('bash', code, { terminal: { columns: 100, rows: 40 } })
    const client = await connectIo(url, id)
    await client.until(() => client.stdout().includes('Name? '))
    client.line('Bob')
    await client.until(() => client.stdout().includes('Hi'))
    client.send({ type: 'resize', columns: 60, rows: 20 })
    await client.closed
    expect(client.stdout()).toBe('Name? Bob\r\n40 100\r\nHi Bob\r\n20 60\r\n')
    expect(client.errors()).toEqual([])
  })

  test('at a terminal pages, and ends its input at Ctrl-D', async () => {
    const id = await submit('bash', 'seq 99 | more; echo next; cat; echo "$TERM"', {
      terminal: { columns: 80, rows: 10 },
    })
    const client = await connectIo(url, id)
    await client.until(() => client.stdout().includes('--More--'))
    client.send({ type: 'stdin', data: 'q' })
    await client.until(() => client.stdout().includes('next'))
    client.send({ type: 'stdin', data: 'half a line' })
    client.send({ type: 'eof' })
    await client.closed
    expect(client.stdout()).toContain('half a line')
    expect(client.stdout()).toMatch(/xterm-256color\r\n$/)
  })

  test('has a terminal only when it is interactive, and one of some size', async () => {
    const terminal = { columns: 80, rows: 24 }
    const lone = await post(`${url}/v1/jobs`, { language: 'bash', code: '', terminal })
    expect([lone.status, lone.body['errors']]).toEqual([
      422,
      [{ pointer: '/terminal', detail: 'needs /interactive to be true' }],
    ])
    const flat = await post(`${url}/v1/jobs`, {
      language: 'bash',
      code: '',
      interactive: true,
      terminal: { ...terminal, rows: 0 },
    })
    expect([flat.status, flat.body['errors']]).toMatchObject([422, [{ pointer: '/terminal/rows' }]])
  })

  test('cannot have tests', async () => {
    const { status, body } = await post(`${url}/v1/jobs`, {
      language: 'python',
      code: '',
      interactive: true,
      tests: [{}],
    })
    expect([status, body['errors']]).toEqual([422, [{ pointer: '/interactive', detail: 'cannot be used with /tests' }]])
  })

  test('keeps its wall limit', async () => {
    const client = await connectIo(url, await submit('python', ECHO.python, { limits: { wallMs: 500 } }))
    await client.closed
    expect(result(client)).toMatchObject({ status: 'wall-time-limit' })
  })

  test('is cancelled while clients are connected', async () => {
    const id = await submit('python', ECHO.python)
    const client = await connectIo(url, id)
    client.line('one')
    await client.until(() => client.stdout() === 'got one\n')
    await fetch(`${url}/v1/jobs/${id}`, { method: 'DELETE' })
    expect(await client.closed).toMatchObject({ code: 1000 })
    expect(result(client)).toMatchObject({ status: 'cancelled' })
  })

  test('is talked to by two clients, who both hear all of it', async () => {
    const id = await submit('python', ECHO.python)
    const clients = await Promise.all([connectIo(url, id), connectIo(other.url, id)])
    for (let i = 0; i < 10; i++) {
      clients[i % 2]?.line(`line ${i}`)
      await Promise.all(clients.map((client) => client.until(() => client.stdout().endsWith(`got line ${i}\n`))))
    }
    clients[0]?.send({ type: 'eof' })
    await Promise.all(clients.map((client) => client.closed))
    const [one, two] = clients.map(events)
    expect(one).toEqual(two)
    expect(clients[0]?.stdout()).toBe(Array.from({ length: 10 }, (_, i) => `got line ${i}\n`).join('') + 'end\n')
  })
})

describe('a connection broken off in the middle', () => {
  test('is taken up at another gateway, again and again, with nothing lost or doubled either way', async () => {
    const id = await submit('python', ECHO.python, { limits: { wallMs: 2 * MINUTE } })
    const lines = 400
    const heard: unknown[] = []
    let after = '0-0'
    let acknowledged = 0
    for (let round = 0; heard.length === 0 || !JSON.stringify(heard.at(-1)).includes('"result"'); round++) {
      const client = await connectIo(round % 2 === 0 ? url : other.url, id, { after })
      // What was not acknowledged is sent again, as a client must that does not know.
      for (let seq = acknowledged + 1; seq <= lines; seq++) client.line(String(seq), seq)
      client.send({ type: 'eof', seq: lines + 1 })
      const last = round === 6
      // A gateway that is behind takes what was sent to it also after the connection: the job may end in any round.
      const isOver = () => events(client).some(({ type }) => type === 'result')
      const goesOn = () => client.acks().length > 60 && events(client).length > 0
      await (last ? client.closed : client.until(() => isOver() || goesOn()))
      client.socket.terminate()
      acknowledged = Math.max(acknowledged, ...client.acks().map(Number))
      heard.push(...events(client))
      after = client.lastId()
    }
    const whole = await connectIo(url, id)
    await whole.closed
    expect(events(whole)).toEqual(heard)
    expect(whole.stdout()).toBe(Array.from({ length: lines }, (_, i) => `got ${i + 1}\n`).join('') + 'end\n')
  })

  test('of a job that has ended gives all of it, or what is missing, and closes', async () => {
    const id = await submit('bash', 'echo hello')
    const first = await connectIo(url, id)
    await first.closed
    const again = await connectIo(url, id, { after: events(first)[1]?.id ?? '' })
    expect(await again.closed).toMatchObject({ code: 1000 })
    expect(events(again)).toEqual(events(first).slice(2))
    const nothing = await connectIo(url, id, { after: first.lastId() })
    expect(await nothing.closed).toMatchObject({ code: 1000 })
    expect(nothing.messages).toEqual([])
  })
})

describe('input that the program does not read', () => {
  const PIECE = 'x'.repeat(32 * KIB)
  const DEAF = `
import signal, sys, time
signal.signal(signal.SIGUSR1, lambda *_: print("tick", flush=True))
signal.signal(signal.SIGUSR2, lambda *_: (print(sys.stdin.read(3)), sys.exit(7)))
print("ready", flush=True)
while True: time.sleep(10)`
  /** There and back, past all input. */
  const tick = async (client: IoClient, count: number) => {
    client.send({ type: 'signal', signal: 'SIGUSR1' })
    await client.until(() => client.stdout().split('tick').length > count)
  }

  test('is taken up to the window, then the client waits; a signal still gets through', async () => {
    const client = await connectIo(url, await submit('python', DEAF))
    await client.until(() => client.stdout() === 'ready\n')
    // More than the window; little enough that the connection is still read.
    const pieces = 36
    for (let seq = 1; seq <= pieces; seq++) client.send({ type: 'stdin', data: PIECE, seq })
    await client.until(() => client.acks().length >= 30)
    await tick(client, 1)
    const bytes = client.acks().filter((seq) => seq !== null).length * PIECE.length
    // What is thrown away at the end of the program makes room again, so this is looked at before.
    client.send({ type: 'signal', signal: 'SIGUSR2' })
    await client.closed
    expect(result(client)).toMatchObject({ status: 'failed', stages: [{ exitCode: 7 }] })
    expect(bytes).toBeGreaterThan(INPUT_WINDOW_BYTES - 2 * PIECE.length)
    // The pipe takes 64 KiB.
    expect(bytes).toBeLessThanOrEqual(INPUT_WINDOW_BYTES + 64 * KIB)
  })

  test('of a flood stays with the client', async () => {
    const id = await submit('python', DEAF)
    const client = await connectIo(url, id)
    await client.until(() => client.stdout() === 'ready\n')
    const flood = 48 * MIB
    for (let sent = 0; sent < flood; sent += PIECE.length) client.send({ type: 'stdin', data: PIECE })
    await client.until(() => client.acks().length >= 30)
    // Meanwhile the flood would have passed, were it let through.
    const other = await connectIo(url, id)
    for (let count = 1; count <= 20; count++) await tick(other, count)
    const bytes = client.acks().length * PIECE.length
    const kept = client.socket.bufferedAmount
    await fetch(`${url}/v1/jobs/${id}`, { method: 'DELETE' })
    await client.closed
    expect(bytes).toBeLessThanOrEqual(INPUT_WINDOW_BYTES + 64 * KIB)
    // What the kernels of both ends keep is a few MiB.
    expect(kept).toBeGreaterThan(flood / 2)
    expect(result(client)).toMatchObject({ status: 'cancelled' })
  })

  test('of a program that reads slowly arrives whole', async () => {
    const code = `
import hashlib, sys, time
h, n = hashlib.sha256(), 0
while True:
    data = sys.stdin.buffer.read1(200_000)
    if not data: break
    h.update(data); n += len(data); time.sleep(0.002)
print(n, h.hexdigest())`
    const client = await connectIo(other.url, await submit('python', code))
    const pieces = 120
    for (let seq = 1; seq <= pieces; seq++) client.send({ type: 'stdin', data: String(seq).padEnd(PIECE.length), seq })
    client.send({ type: 'eof', seq: pieces + 1 })
    await client.closed
    const { createHash } = await import('node:crypto')
    const all = Array.from({ length: pieces }, (_, i) => String(i + 1).padEnd(PIECE.length)).join('')
    expect(client.stdout()).toBe(`${all.length} ${createHash('sha256').update(all).digest('hex')}\n`)
    expect(client.acks()).toEqual(Array.from({ length: pieces + 1 }, (_, i) => i + 1))
  })

  test('of a program that closed its input is thrown away and holds nobody up', async () => {
    const code = 'import os, sys, time\nos.close(0)\nprint("ready", flush=True)\ntime.sleep(60)'
    const id = await submit('python', code)
    const client = await connectIo(url, id)
    for (let seq = 1; seq <= 100; seq++) client.send({ type: 'stdin', data: PIECE, seq })
    await client.until(() => client.acks().length === 100)
    await fetch(`${url}/v1/jobs/${id}`, { method: 'DELETE' })
    await client.closed
  })

  test('ends at what a job may be sent in all, for good', async () => {
    const id = await submit('bash', 'cat > /dev/null', { limits: { wallMs: 2 * MINUTE } })
    const client = await connectIo(url, id)
    const pieces = Math.ceil(INPUT_LIMIT_BYTES / PIECE.length) + 3
    for (let seq = 1; seq <= pieces; seq++) client.send({ type: 'stdin', data: PIECE, seq })
    client.send({ type: 'stdin', data: 'short', seq: pieces + 1 })
    await client.until(() => client.acks().length + client.errors().length === pieces + 1)
    expect(client.acks().length * PIECE.length).toBeLessThanOrEqual(INPUT_LIMIT_BYTES)
    expect(client.acks().length * PIECE.length).toBeGreaterThan(INPUT_LIMIT_BYTES - 2 * PIECE.length)
    expect(new Set(client.errors())).toEqual(new Set(['input-limit']))
    await fetch(`${url}/v1/jobs/${id}`, { method: 'DELETE' })
    await client.closed
  })
})

test('a flood of output waits for a client that does not read, and holds nobody else up', async () => {
  const code = 'import sys\nsys.stdin.readline()\nfor i in range(80): sys.stdout.write("%099999d\\n" % i)'
  const id = await submit('python', code, { limits: { outputBytes: 8 * MIB } })
  const slow = await connectIo(url, id)
  slow.socket.pause()
  const client = await connectIo(url, id)
  client.line('go')
  await client.closed
  expect(client.stdout()).toHaveLength(8_000_000)
  expect(slow.messages.length).toBeLessThan(5)
  slow.socket.resume()
  await slow.closed
  expect(events(slow)).toEqual(events(client))
})

describe('messages that cannot be used', () => {
  test.each(
    [
      { message: 'nonsense', detail: 'the message is not JSON' },
      { message: '[]', detail: /object/ },
      { message: '{}', detail: '/type is missing' },
      { message: '{"type":"stdout"}', detail: '/type must be one of stdin, eof, signal, resize' },
      { message: '{"type":"stdin"}', detail: '/data is missing' },
      { message: '{"type":"stdin","data":1}', detail: '/data must be a string' },
      { message: '{"type":"stdin","data":"!","encoding":"base64"}', detail: /^\/data is not base64: / },
      { message: '{"type":"stdin","data":"","encoding":"hex"}', detail: '/encoding must be one of utf-8, base64' },
      { message: '{"type":"stdin","data":"","seq":0}', detail: /\/seq/ },
      { message: '{"type":"stdin","data":"","seq":1.5}', detail: /\/seq/ },
      {
        message: '{"type":"stdin","data":"","more":1}',
        detail: '/more is not a known field; known: type, data, encoding, seq',
      },
      { message: '{"type":"eof","__proto__":1}', detail: /__proto__/ },
      { message: '{"type":"eof","type":"stdin","data":""}', detail: /\/type/ },
      { message: '{"type":"signal","signal":"SIGSTOP"}', detail: /\/signal must be one of SIGHUP, SIGINT/ },
      { message: '['.repeat(60_000), what: 'deep nesting', detail: 'the message is not JSON' },
    ].map((row) => ({ what: row.message, ...row })),
  )('$what is told what is wrong, and the job goes on', async ({ message, detail }) => {
    const client = await connectIo(url, await submit('bash', 'read -r line; echo "$line"'))
    client.send(message)
    await client.until(() => client.errors().length === 1)
    const error = client.messages.find(({ type }) => type === 'error')
    expect(error).toMatchObject({ code: 'invalid-message' })
    if (typeof detail === 'string') expect(error?.detail).toBe(detail)
    else expect(error?.detail).toMatch(detail)
    client.line('still here')
    await client.closed
    expect(client.stdout()).toBe('still here\n')
  })

  test('are too many after a hundred in a row', async () => {
    const id = await submit('bash', ECHO.bash)
    const client = await connectIo(url, id)
    for (let i = 0; i < 150; i++) client.send('nonsense')
    expect(await client.closed).toMatchObject({ code: 1008 })
    expect(client.errors()).toHaveLength(100)
    const again = await connectIo(url, id)
    again.send({ type: 'eof' })
    await again.closed
    expect(again.stdout()).toBe('end\n')
  })

  test.each([
    { what: 'binary', message: Buffer.from('{"type":"eof"}'), code: 1003 },
    { what: 'oversize', message: JSON.stringify({ type: 'stdin', data: 'x'.repeat(64 * KIB) }), code: 1009 },
  ])('end the connection when they are $what, not the job', async ({ message, code }) => {
    const id = await submit('bash', ECHO.bash)
    const client = await connectIo(url, id)
    client.socket.send(message)
    expect(await client.closed).toMatchObject({ code })
    const again = await connectIo(url, id)
    again.line('one')
    again.send({ type: 'eof' })
    again.line('two')
    await again.closed
    expect(again.stdout()).toBe('got one\nend\n')
    expect(again.errors().every((one) => one === 'input-closed' || one === 'job-ended')).toBe(true)
    expect(again.errors().length).toBeLessThanOrEqual(1)
  })

  test('are all input to a job that is not interactive; its events come all the same', async () => {
    const id = await submit('bash', 'echo begun; sleep 60', { interactive: false })
    const client = await connectIo(url, id)
    client.line('one', 4)
    client.send({ type: 'signal', signal: 'SIGKILL' })
    await client.until(() => client.errors().length === 2 && client.stdout() === 'begun\n')
    expect(client.errors()).toEqual(['not-interactive', 'not-interactive'])
    await fetch(`${url}/v1/jobs/${id}`, { method: 'DELETE' })
    await client.closed
    expect([client.stdout(), result(client)?.['status']]).toEqual(['begun\n', 'cancelled'])
  })
})

describe('an upgrade', () => {
  test('is asked for where a plain request comes', async () => {
    const id = await submit('bash', 'true')
    const response = await fetch(`${url}/v1/jobs/${id}/io`)
    expect([response.status, response.headers.get('upgrade')]).toEqual([426, 'websocket'])
    expect(await response.json()).toMatchObject({ code: 'upgrade-required' })
  })

  test.each([
    { what: 'a job that is none', id: 'nothing', options: {}, status: 404, code: 'not-found' },
    {
      what: 'a page of another site',
      options: { headers: { origin: 'https://evil.example' } },
      status: 403,
      code: 'cross-site',
    },
    { what: 'a page without an origin', options: { headers: { origin: 'null' } }, status: 403, code: 'cross-site' },
    {
      what: 'a page on another port',
      options: { headers: { origin: 'http://localhost:5173' } },
      status: 403,
      code: 'cross-site',
    },
    { what: 'another host', options: { headers: { host: 'evil.example' } }, status: 421, code: 'wrong-host' },
    { what: 'an event of another job', options: { after: '999999999999999-0' }, status: 422, code: 'invalid-request' },
    { what: 'an event that is none', options: { after: 'x' }, status: 422, code: 'invalid-request' },
    { what: 'an unknown parameter', options: { query: '?afetr=0-0' }, status: 422, code: 'invalid-request' },
    { what: 'a key in the URL', options: { query: '?key=ry_1' }, status: 401, code: 'unauthenticated' },
  ])('is refused to $what, as an HTTP answer', async ({ id, options, status, code }) => {
    const job = id ?? (await submit('bash', 'read -r line', { limits: { wallMs: 300 } }))
    const answer = await refusedIo(url, job, options)
    expect([answer.status, answer.body['code']]).toEqual([status, code])
    expect(answer.type).toMatch(/^application\/problem\+json/)
  })

  test('is taken from a page of the gateway', async () => {
    const id = await submit('bash', ECHO.bash)
    const client = await connectIo(url, id, { headers: { origin: url }, protocols: ['runyard'] })
    expect(client.socket.protocol).toBe('runyard')
    client.send({ type: 'eof' })
    await client.closed
  })
})

test('a gateway that loses Redis ends its connections; at another one nothing is lost or doubled', async () => {
  const link = await openRedisLink(process.env['RUNYARD_TEST_REDIS'] ?? '')
  const third = await startGateway(link.url)
  try {
    const id = await submit('bash', ECHO.bash)
    const client = await connectIo(third.url, id)
    client.line('one', 1)
    await client.until(() => client.stdout() === 'got one\n')
    link.cut()
    client.line('two', 2)
    expect(await client.closed).toMatchObject({ code: 1013 })
    const again = await connectIo(url, id, { after: client.lastId() })
    for (const [index, word] of ['one', 'two', 'three'].entries()) again.line(word, index + 1)
    again.send({ type: 'eof', seq: 4 })
    await again.closed
    expect(again.stdout()).toBe('got two\ngot three\nend\n')
    link.mend()
    const late = await retried(() => connectIo(third.url, id))
    await late.closed
    expect(late.stdout()).toBe('got one\ngot two\ngot three\nend\n')
  } finally {
    await third.close()
    await link.close()
  }
})

/** Until it does not fail. */
async function retried<T>(what: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await what()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

test('a gateway that closes ends its connections, also hung ones, and not their jobs', async () => {
  const third = await startGateway()
  const id = await submit('bash', ECHO.bash)
  const client = await connectIo(third.url, id)
  const hung = await connectIo(third.url, id)
  hung.socket.pause()
  client.line('one')
  await client.until(() => client.stdout() === 'got one\n')
  await third.close()
  expect(await client.closed).toMatchObject({ code: 1001 })
  const again = await connectIo(url, id, { after: client.lastId() })
  again.send({ type: 'eof' })
  await again.closed
  expect(again.stdout()).toBe('end\n')
  hung.socket.terminate()
})
