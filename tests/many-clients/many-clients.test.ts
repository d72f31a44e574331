import { once } from 'node:events'
import { Agent, get as httpGet, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Child, startChild } from '../../src/host/child.ts'
import type { Job } from '../../src/shared/job.ts'
import { MIB } from '../../src/shared/limits.ts'
import { get, post } from '../support/client.ts'
import { startPlatform, testRoot, type TestPlatform } from '../support/platform.ts'
import { isAlive, openFiles, residentBytes } from '../support/processes.ts'
import { eventsOf, textOf, type ReceivedEvent } from '../support/read-events.ts'
import { eventually } from '../support/eventually.ts'
import { ownPort } from '../support/own-port.ts'

const STREAMS = 1000
const SUBMISSIONS = 200
const READERS = 60
/** Per stream: a connection, its request and response, a place in the list of readers. */
const STREAM_BYTES = 128 * 1024

let platform: TestPlatform
/** A gateway of its own process, so that its memory is its own. */
let gateway: Child
let dataDir: string
let url: string
beforeAll(async () => {
  // Idle connections are to go while a test waits for that; the clients leave them before the gateway does.
  platform = await startPlatform({ WORKER_CONCURRENCY: '4', KILL_GRACE_MS: '300', KEEP_ALIVE_SECONDS: '10' })
  dataDir = await mkdtemp(join(tmpdir(), 'runyard-test-'))
  const port = await ownPort()
  url = `http://127.0.0.1:${port}`
  gateway = await startChild({
    name: 'gateway',
    command: [process.execPath, '--import', 'tsx', join(testRoot, 'src/api/main.ts')],
    logFile: join(dataDir, 'gateway.log'),
    cwd: testRoot,
    env: { ...process.env, ...platform.env, PORT: String(port) },
    deathSignal: 'KILL',
  })
  await eventually('the gateway answers', () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
})
afterEach(() => expect(isAlive(gateway.pid)).toBe(true))
afterAll(async () => {
  await gateway.stop()
  await rm(dataDir, { recursive: true })
  await platform.close()
})

const bash = (code: string, more: object = {}) => ({ language: 'bash', code, ...more })
const submit = async (body: object): Promise<string> => String((await post(`${url}/v1/jobs`, body)).body['id'])

test(`${STREAMS} idle streams and ${SUBMISSIONS} submissions at once: all are answered, and memory comes back`, async () => {
  const waiting = await submit(bash('echo never', { delayMs: 600_000 }))
  await runSome(20)
  const before = { bytes: residentBytes(gateway.pid), files: openFiles(gateway.pid) }
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity })
  const streams = await Promise.all(Array.from({ length: STREAMS }, () => openStream(waiting, agent)))
  expect(streams.filter(({ statusCode }) => statusCode === 200)).toHaveLength(STREAMS)
  const during = { bytes: residentBytes(gateway.pid), files: openFiles(gateway.pid) }

  const jobs = await runSome(SUBMISSIONS)
  expect(jobs.map(({ status }) => status)).toEqual(Array.from({ length: SUBMISSIONS }, () => 'succeeded'))

  const ends = streams.map((stream) => once(stream, 'end'))
  await fetch(`${url}/v1/jobs/${waiting}`, { method: 'DELETE' })
  await Promise.all(ends)
  await eventually('the connections are closed', async () => openFiles(gateway.pid) < before.files + 50)
  console.log(
    `gateway: ${mib(before.bytes)} before, ${mib(during.bytes)} with ${STREAMS} idle streams (${Math.round((during.bytes - before.bytes) / STREAMS / 1024)} KiB each), ${mib(residentBytes(gateway.pid))} after ${SUBMISSIONS} submissions at once and the streams' end`,
  )
  // Connections that were kept from the jobs before may have been closed meanwhile.
  expect(during.files - before.files).toBeGreaterThanOrEqual(STREAMS - 50)
  expect(during.bytes - before.bytes).toBeLessThan(STREAMS * STREAM_BYTES)
})

describe('a client that', () => {
  test.each([
    { when: 'has only connected', bytes: '' },
    { when: 'is in the middle of the headers', bytes: 'POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-' },
    { when: 'is in the middle of the body', bytes: `${head('POST /v1/jobs', 5000)}{"language":"bash",` },
    { when: 'has sent a job', bytes: request('POST /v1/jobs', bash('echo 1')) },
    { when: 'waits for its job', bytes: request('POST /v1/jobs', bash('sleep 1'), 'Prefer: wait=30\r\n') },
    { when: 'runs a program at once', bytes: request('POST /api/repl/execute', bash('sleep 1')) },
    { when: 'streams a program', bytes: request('POST /api/repl/execute/stream', bash('sleep 1; echo 1')) },
  ])('goes away when it $when leaves nothing open', async ({ bytes }) => {
    const before = openFiles(gateway.pid)
    for (const pauseMs of [0, 1, 5, 20, 100, 400]) {
      const sockets = await Promise.all(Array.from({ length: 10 }, () => dial(bytes)))
      await sleep(pauseMs)
      for (const socket of sockets) socket.resetAndDestroy()
    }
    await eventually('its connections are closed', async () => openFiles(gateway.pid) <= before + 1)
    await untilNothingWaits()
    expect((await runSome(1))[0]?.status).toBe('succeeded')
  })

  test('opens connections and says nothing keeps nobody from being served', async () => {
    const sockets = await Promise.all(Array.from({ length: 300 }, () => dial('POST /v1/jobs HTTP/1.1\r\n')))
    const jobs = await runSome(10)
    expect(new Set(jobs.map(({ status }) => status))).toEqual(new Set(['succeeded']))
    for (const socket of sockets) socket.destroy()
  })

  test('reads its stream slowly costs a bounded amount, and gets all of it', async () => {
    const text = 8 * MIB
    const id = await submit({
      language: 'python',
      code: `import sys\nfor i in range(${text / 65536}): sys.stdout.write("x" * 65535 + "\\n"); sys.stdout.flush()`,
      limits: { outputBytes: text },
    })
    const open = () => Promise.all(Array.from({ length: READERS }, () => fetch(`${url}/v1/jobs/${id}/events`)))
    const before = residentBytes(gateway.pid)
    const early = await open()
    expect((await get<Job>(`${url}/v1/jobs/${id}?wait=60`)).body.status).toBe('succeeded')
    const late = await open()
    const grown = residentBytes(gateway.pid) - before
    console.log(`gateway: ${mib(grown)} more with ${2 * READERS} readers of ${mib(text)} that do not read`)
    expect(grown).toBeLessThan((2 * READERS * text) / 4)
    const readers = [...early, ...late]
    const [first, ...others] = readers
    if (!first) throw new Error('there is no reader')
    for (const { body } of others) await body?.cancel()
    const events: ReceivedEvent[] = []
    for await (const event of eventsOf(first)) {
      events.push(event)
      await sleep(1)
    }
    expect(textOf(events, 'stdout')).toHaveLength(text)
    expect(events.at(-1)?.event).toBe('result')
  })
})

/** So many quick jobs, all submitted at once and waited for. */
async function runSome(count: number): Promise<Job[]> {
  const ids = await Promise.all(Array.from({ length: count }, (_, number) => submit(bash(`echo ${number}`))))
  return Promise.all(ids.map(async (id) => (await get<Job>(`${url}/v1/jobs/${id}?wait=60`)).body))
}

async function untilNothingWaits(): Promise<void> {
  await eventually('no job waits or runs', async () => {
    const { body } = await get<{ jobs: Job[] }>(`${url}/v1/jobs?limit=100`)
    return body.jobs.every(({ status }) => status !== null)
  })
}

async function openStream(id: string, agent: Agent): Promise<IncomingMessage> {
  const [stream] = (await once(httpGet(`${url}/v1/jobs/${id}/events`, { agent }), 'response')) as [IncomingMessage]
  return stream.resume()
}

async function dial(bytes: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  if (bytes !== '') socket.write(bytes)
  return socket
}

function request(line: string, body: object, headers = ''): string {
  const text = JSON.stringify(body)
  return `${head(line, Buffer.byteLength(text), headers)}${text}`
}

function head(line: string, length: number, headers = ''): string {
  return `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${headers}Content-Length: ${length}\r\n\r\n`
}

const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`
