import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { StoredFile } from '../../src/shared/files/stored-file.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { createWakeUps } from '../../src/shared/redis/wake-ups.ts'
import type { FileChange, Watch } from '../../src/shared/sessions/session.ts'
import { createSessionQueue } from '../../src/shared/sessions/session-queue.ts'
import { createSessionRecords } from '../../src/shared/sessions/session-records.ts'
import { createRequestReader } from '../../src/shared/sessions/session-requests.ts'
import type { Delivery } from '../../src/shared/webhooks/delivery.ts'
import { createJobFiles, FilesUnavailable, type JobFiles } from '../../src/worker/files/job-files.ts'
import { createAgent } from '../../src/worker/sessions/agent.ts'
import { type RunningSession, runSession, type RunSessionOptions } from '../../src/worker/sessions/run-session.ts'
import type { SessionBody } from '../../src/worker/sessions/session-body.ts'
import { eventually } from '../support/eventually.ts'
import { loadServices } from '../support/load-services.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { testRoot } from '../support/platform.ts'
import type { ReceivedEvent } from '../support/read-events.ts'
import { type SessionClient, sessionClient } from '../support/session-client.ts'

/**
 * Sessions as a gateway and a worker have them, where the agent is the real one but stands in no sandbox: what matters of files and
 * ends is the same there, without the time that images and kernels take.
 */
const MIB = 1024 * 1024
const LIMITS = { UPLOAD_MAX_BYTES: String(2 * MIB) }
let gateway: LoneGateway
let client: SessionClient
let files: JobFiles
let options: RunSessionOptions
const renewals: NodeJS.Timeout[] = []
const running: { session: RunningSession; child: ChildProcess; folder: string; ready: Promise<unknown> }[] = []

beforeAll(async () => {
  gateway = await startLoneGateway(LIMITS)
  const { redis, keys } = gateway
  const { loadConfig, pino } = await loadServices()
  const namespace = {
    REDIS_URL: process.env['RUNYARD_TEST_REDIS'],
    RUNYARD_NAMESPACE: keys.prefix.replace(/^\{(.*)\}:?$/, '$1'),
  }
  const config = loadConfig(testRoot, { ...namespace, ...LIMITS })
  const log = pino({ level: 'fatal' })
  files = createJobFiles({ config, redis, keys, log })
  const subscriber = redis.duplicate()
  options = {
    records: createSessionRecords(redis, keys, config),
    requests: createRequestReader(redis, keys),
    wakeUps: createWakeUps(subscriber),
    channelOf: (id) => keys.sessionRequests(id),
    report: () => undefined,
    files,
    observer: { ended: () => undefined, executed: () => undefined },
    clock: {
      after(ms, task) {
        const timer = setTimeout(task, ms)
        return () => clearTimeout(timer)
      },
    },
    log,
  }
  client = sessionClient(gateway.url, (await gateway.makeKey('ada', { scopes: ['sessions', 'files', 'jobs'] })).headers)
  close = () => subscriber.disconnect()
})
let close = () => {}
afterAll(async () => {
  for (const renewal of renewals) clearInterval(renewal)
  for (const { session, folder } of running) {
    session.end('deleted', null)
    await session.ended
    await rm(folder, { recursive: true, force: true })
  }
  close()
  await files.close()
  await gateway.close()
})

/** A session that has begun, or could not. */
async function start(request: object = {}): Promise<string> {
  const id = await begin(request)
  await client.call('GET', `/v1/sessions/${id}/watches`)
  return id
}

/** Asks for a session, and does what a worker would. @param started when its sandbox is there */
async function begin(request: object = {}, started: Promise<void> = Promise.resolve()): Promise<string> {
  const { status, body } = await client.create({ language: 'bash', kernel: false, ...request }, 0)
  expect({ status, body }).toMatchObject({ status: 201 })
  const queue = createSessionQueue(gateway.redis, gateway.keys)
  const spec = (await queue.getJob(body.id))?.data
  await queue.close()
  if (!spec) throw new Error('the session is not on its queue')
  const folder = await mkdtemp(join(tmpdir(), 'session-'))
  const child = spawn(join(packageRoot(), 'sandbox/build/init'), ['--agent'], { cwd: folder, stdio: 'pipe' })
  child.stdin.on('error', () => undefined)
  const agent = createAgent((bytes) => child.stdin.write(bytes))
  child.stdout.on('data', (bytes: Buffer) => agent.receive(bytes))
  const sandbox = once(child, 'close').then(() => new Promise<never>(() => undefined))
  const body_: SessionBody = {
    agent,
    kernels: null,
    env: { PATH: '/usr/bin:/bin' },
    stage: sandbox,
    said: '',
    started: started.then(() => agent.ready),
    ready: agent.ready,
    attach: () => undefined,
    release() {
      agent.leave(new Error('the session has ended'))
      child.stdin.end()
    },
  }
  await options.records.take(body.id, 'test')
  // As a worker does, however long the tests of a session take; when they look at it is for them to say.
  renewals.push(setInterval(() => void options.records.renew([body.id]).catch(() => undefined), 1000))
  const session = runSession(options, spec, body_, true)
  running.push({ session, child, folder, ready: agent.ready })
  return body.id
}

/** Of which events the webhook of a session is told, oldest first. */
async function told(id: string): Promise<string[]> {
  const { body } = await client.call<{ deliveries: Delivery[] }>('GET', '/v1/webhook-deliveries')
  return body.deliveries
    .filter(({ sessionId }) => sessionId === id)
    .map(({ event }) => event)
    .reverse()
}

/** Runs a shell line where the session has its files, which is `/job` in a sandbox. */
const command = (id: string, shell: string) =>
  client.command(id, { shell, cwd: running.find(({ session }) => session.id === id)?.folder })

test('a session says that it runs, and why it ended, to its webhook', async () => {
  const webhook = { url: 'https://hooks.example.com/', events: ['session.started', 'session.ended'] }
  const id = await start({ webhook })
  running.at(-1)?.session.end('session-lost', 'its worker was closed')
  await running.at(-1)?.session.ended
  const { body } = await client.call<{ deliveries: Delivery[] }>('GET', '/v1/webhook-deliveries')
  expect(body.deliveries.map(({ event, sessionId }) => [event, sessionId])).toEqual([
    ['session.ended', id],
    ['session.started', id],
  ])
  const whole = await client.call('GET', `/v1/webhook-deliveries/${body.deliveries[0]?.id}`)
  expect(whole.body).toMatchObject({ payload: { data: { reason: 'session-lost', message: 'its worker was closed' } } })
})

test('a session that is ended while it starts never runs', async () => {
  const id = await begin({ webhook: { url: 'https://hooks.example.com/' } }, new Promise(() => undefined))
  running.at(-1)?.session.end('session-lost', 'its worker was closed')
  await running.at(-1)?.session.ended
  const events = await client.events(`/v1/sessions/${id}/events`, ({ event }) => event === 'ended')
  expect(events.map(({ data }) => data['state'])).toEqual(['starting', 'ended'])
  expect(await told(id)).toEqual(['session.ended'])
})

test('a session is not idle while it starts', async () => {
  let stands = () => {}
  const id = await begin(
    { idleTimeoutMs: 60_000, maxLifetimeMs: 3_600_000 },
    new Promise((resolve) => (stands = resolve)),
  )
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 120_000)
  await running.at(-1)?.session.tick()
  now.mockRestore()
  stands()
  expect((await client.call('GET', `/v1/sessions/${id}/watches`)).status).toBe(200)
  await client.end(id)
})

test('a session whose agent is stopped ends with a cause once somebody waits for it, and not before', async () => {
  const id = await start()
  const { session, child } = running.at(-1) ?? {}
  child?.kill('SIGSTOP')
  const look = async () => {
    for (let looks = 0; looks < 60; looks++) await session?.tick()
  }
  await look()
  expect((await client.read(id)).body).toMatchObject({ state: 'running' })
  const waiting = command(id, 'echo never')
  await eventually('its end', async () => {
    await look()
    return (await client.read(id)).body.state === 'ended'
  })
  expect((await waiting).status).toBe(410)
  expect((await client.read(id)).body).toMatchObject({
    reason: 'agent-lost',
    message: expect.stringContaining('answer'),
  })
  child?.kill('SIGCONT')
})

test('a session whose agent is stopped while it starts ends with a cause', async () => {
  const id = await begin({}, new Promise(() => undefined))
  const { session, child, ready } = running.at(-1) ?? {}
  await ready
  child?.kill('SIGSTOP')
  await eventually('its end', async () => {
    for (let looks = 0; looks < 60; looks++) await session?.tick()
    return (await client.read(id)).body.state === 'ended'
  })
  expect((await client.read(id)).body).toMatchObject({
    reason: 'agent-lost',
    message: expect.stringContaining('answer'),
  })
  child?.kill('SIGCONT')
})

test('a session whose agent could not work with its limits is refused', async () => {
  const { status, body } = await client.call(
    'POST',
    '/v1/sessions',
    { language: 'bash', limits: { openFiles: 159 } },
    0,
  )
  expect({ status, body }).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/limits/openFiles', detail: 'is 159; a session needs at least 160' }] },
  })
})

test('a message of a comm whose buffers are no base64 is refused with their place', async () => {
  const id = await start()
  const send = (buffers: string[]) =>
    client.call('POST', `/v1/sessions/${id}/contexts/default/comms`, { type: 'comm_msg', content: {}, buffers })
  const pointers = { errors: [{ pointer: '/buffers/1' }, { pointer: '/buffers/2' }] }
  expect(await send(['AAE=', 'A', 'a*'])).toMatchObject({ status: 422, body: pointers })
  // Without padding it is base64; here it finds no kernel.
  expect(await send(['AAE'])).toMatchObject({ body: { code: 'no-kernel' } })
  await client.end(id)
})

test('who follows what ran is sent away when its end is no longer stored', async () => {
  const id = await start()
  const { body, headers } = await command(id, 'echo first')
  const path = `${headers.get('location') ?? ''}/events`
  const isEndOf = (of: string) => (event: ReceivedEvent) =>
    event.data['id'] === of && event.data['state'] === 'finished'
  const events = await client.events(path, isEndOf(body.id))
  const other = await command(id, 'echo second')
  const later = await client.events(`/v1/sessions/${id}/events`, isEndOf(other.body.id))
  await gateway.redis.xtrim(gateway.keys.events(id), 'MINID', later.at(-1)?.id ?? '')
  for (const last of [events[0]?.id, events.at(-1)?.id, later.at(-1)?.id, undefined])
    expect([last, await client.statusOf(path, last)]).toEqual([last, 204])
  expect(await client.statusOf(`${other.headers.get('location') ?? ''}/events`, later[0]?.id)).toBe(200)
  await client.end(id)
})

test('a session that is waited for for long lives while its agent answers', async () => {
  const id = await start()
  const { session } = running.at(-1) ?? {}
  const waiting = command(id, 'until [ -e go ]; do sleep 0.01; done; echo went')
  for (let looks = 0; looks < 60; looks++) {
    await session?.tick()
    // An answer of its agent later than the look before.
    expect((await client.call('GET', `/v1/sessions/${id}/files`)).status).toBe(200)
  }
  await client.put(id, 'go', '')
  expect((await waiting).body).toMatchObject({ stdout: 'went\n' })
  await client.end(id)
})

describe('watches', () => {
  let shared: string
  beforeAll(async () => {
    shared = await start()
  })
  const at = () => `/v1/sessions/${shared}/watches`

  test('tell what changes below a folder, whoever changes it, until they end', async () => {
    await client.put(shared, 'watched/in/a', 'a')
    const { status, body } = await client.call<Watch>('POST', at(), { path: 'watched', recursive: true })
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { path: 'watched', recursive: true, state: 'watching' },
    })
    await command(shared, 'echo b > watched/b; mv watched/in watched/out; rm watched/out/a')
    await client.put(shared, 'watched/c', 'c')
    const events = await client.events(`${at()}/${body.id}/events`, ({ data }) =>
      JSON.stringify(data).includes('watched/c'),
    )
    expect(events[0]).toMatchObject({ event: 'watch', data: { id: body.id, state: 'watching' } })
    const changes = events.flatMap(({ data }) => (data['changes'] ?? []) as FileChange[])
    expect(changes).toEqual(
      expect.arrayContaining([
        { change: 'created', path: 'watched/b', kind: 'file', bytes: 2 },
        expect.objectContaining({ change: 'moved', from: 'watched/in', path: 'watched/out', kind: 'folder' }),
        { change: 'created', path: 'watched/c', kind: 'file', bytes: 1 },
      ]),
    )
    const listed = await client.call<{ watches: Watch[] }>('GET', at())
    expect(listed.body.watches).toMatchObject([{ id: body.id }])
    const rest = (after?: string) =>
      client.events(`${at()}/${body.id}/events`, ({ data }) => data['state'] === 'ended', after)
    const open = rest(events.at(-1)?.id)
    expect((await client.call('DELETE', `${at()}/${body.id}`)).body).toMatchObject({ state: 'ended' })
    const ended = await open
    expect(ended.map(({ event }) => event)).toEqual(['watch'])
    // Who was away meanwhile hears of the end, once.
    expect(await rest(events.at(-1)?.id)).toEqual(ended)
    expect(await client.statusOf(`${at()}/${body.id}/events`, ended[0]?.id)).toBe(204)
    expect(await client.statusOf(`${at()}/${crypto.randomUUID()}/events`, ended[0]?.id)).toBe(404)
  })

  test('are refused with what is wrong', async () => {
    expect((await client.call('POST', at(), { path: 'nowhere' })).body).toMatchObject({
      status: 404,
      detail: 'nowhere does not exist',
    })
    await command(shared, 'mkdir -p full; seq -f full/%.0f 10001 | xargs touch')
    expect((await client.call('POST', at(), { path: 'full' })).body).toMatchObject({
      status: 409,
      detail: 'full holds more than 10000 entries, or paths too long to watch them all',
    })
    expect((await client.call('POST', at(), { path: '../x' })).body).toMatchObject({ code: 'invalid-request' })
    expect((await client.call('DELETE', `${at()}/${shared}`)).body).toMatchObject({ status: 404 })
    expect((await client.call('GET', `${at()}/${shared}/events`)).body).toMatchObject({ status: 404 })
    const ids: string[] = []
    for (let count = 0; count < 8; count++) ids.push((await client.call<Watch>('POST', at(), {})).body.id)
    expect((await client.call('POST', at(), {})).body).toMatchObject({ status: 429, code: 'session-busy' })
    for (const id of ids) await client.call('DELETE', `${at()}/${id}`)
    // Somebody else's session is none.
    const eve = sessionClient(gateway.url, (await gateway.makeKey('eve', { scopes: ['sessions'] })).headers)
    expect((await eve.call('POST', at(), {})).status).toBe(404)
  })
})

describe('files by id', () => {
  const upload = async (content: string | Buffer, tenant = 'ada') => {
    const { headers } = await gateway.makeKey(tenant, { scopes: ['files'] })
    const stored = await fetch(`${gateway.url}/v1/files?name=x`, { method: 'POST', headers, body: content })
    return ((await stored.json()) as StoredFile).id
  }

  test('are in the working folder when the session runs, and stay when the file is deleted', async () => {
    const content = randomBytes(1.5 * MIB)
    const [large, empty] = [await upload(content), await upload('')]
    const id = await start({
      files: [
        { path: 'in/large', id: large, mode: '0500' },
        { path: 'note', content: 'note' },
        { path: 'empty', id: empty.toUpperCase() },
      ],
    })
    await client.call('DELETE', `/v1/files/${large}`)
    const look = 'sha256sum < in/large; cat note; stat -c "%a %s" in/large note empty'
    const sum = createHash('sha256').update(content).digest('hex')
    expect((await command(id, look)).body.stdout).toBe(`${sum}  -\nnote500 ${content.length}\n644 4\n644 0\n`)
    await client.end(id)
  })

  test('take the place of those of a snapshot', async () => {
    const first = await start()
    await command(first, 'echo old > fixed; chmod 0444 fixed; echo kept > other')
    const { body } = await client.call<StoredFile>('POST', `/v1/sessions/${first}/snapshot`, {})
    await client.end(first)
    const second = await start({ from: body.id, files: [{ path: 'fixed', id: await upload('new') }] })
    expect((await command(second, 'cat fixed other; stat -c %a fixed')).body.stdout).toBe('newkept\n644\n')
    await client.end(second)
  })

  test('are refused when they are of another tenant, or do not fit', async () => {
    const errorsOf = async (request: object) =>
      (await client.create({ language: 'bash', kernel: false, ...request })).body as { errors?: { pointer: string }[] }
    const foreign = await errorsOf({
      files: [
        { path: 'a', content: '' },
        { path: 'b', id: await upload('eve', 'eve') },
      ],
    })
    expect(foreign.errors).toMatchObject([{ pointer: '/files/1/id' }])
    const large = await errorsOf({
      files: [{ path: 'a', id: await upload(randomBytes(MIB)) }],
      limits: { fileBytes: 65_536 },
    })
    expect(large.errors).toMatchObject([{ pointer: '/limits/fileBytes' }])
  })

  test('that cannot be had or placed end the session before it runs', async () => {
    const id = await upload('x')
    const read = jest.spyOn(files, 'read').mockRejectedValueOnce(new FilesUnavailable('the store fails'))
    const without = await start({ files: [{ path: 'a', id }] })
    read.mockRestore()
    const message = 'a cannot be read: the file store does not answer; try again'
    expect((await client.read(without)).body).toMatchObject({ reason: 'start-failed', message })
    const first = await start()
    await command(first, 'mkdir -p folder/in')
    const { body } = await client.call<StoredFile>('POST', `/v1/sessions/${first}/snapshot`, {})
    await client.end(first)
    const blocked = await start({ from: body.id, files: [{ path: 'folder', id }] })
    expect((await client.read(blocked)).body).toMatchObject({ reason: 'start-failed', message: 'folder is a folder' })
  })
})

describe('snapshots', () => {
  const at = (id: string) => `/v1/sessions/${id}/snapshot`

  test('keep the working folder with modes and links, and another session starts with it', async () => {
    const shell =
      'mkdir -p deep/er && echo tool > deep/er/tool && chmod 0751 deep/er/tool && ln -s er/tool deep/link && ln deep/er/tool twin && truncate -s 100M hole'
    const first = await start()
    await command(first, shell)
    const { status, body, headers } = await client.call<StoredFile>('POST', at(first), { name: 'a.tar' })
    expect({ status, body }).toMatchObject({ status: 201, body: { name: 'a.tar', contentType: 'application/x-tar' } })
    expect(headers.get('location')).toBe(`/v1/files/${body.id}`)
    expect(body.bytes).toBeLessThan(100_000)
    await client.end(first)
    // A file of the request stands in place of one of the archive.
    const files = [{ path: 'deep/own', content: 'own' }]
    const second = await start({ from: body.id, files })
    expect((await client.read(second)).body).toMatchObject({ state: 'running' })
    const look = "stat -c '%a %h' deep/er/tool; readlink deep/link; cat twin deep/own; stat -c %s hole"
    expect((await command(second, look)).body.stdout).toBe('751 2\ner/tool\ntool\nown104857600\n')
    await client.end(second)
  })

  test('that cannot be made or unpacked say why', async () => {
    const id = await start()
    await command(id, 'head -c 3M /dev/urandom > large')
    expect((await client.call('POST', at(id), {})).body).toMatchObject({ status: 413, code: 'too-large' })
    // The session is as it was.
    expect((await command(id, 'rm large; ls')).body.stdout).toBe('')
    const kept = await client.call<StoredFile>('POST', at(id), {})
    const eve = sessionClient(gateway.url, (await gateway.makeKey('eve', { scopes: ['sessions'] })).headers)
    const foreign = await eve.create({ language: 'bash', from: kept.body.id })
    expect(foreign).toMatchObject({ status: 422, body: { errors: [{ pointer: '/from' }] } })
    await client.end(id)
  })

  test('what is no archive ends the session before it runs', async () => {
    const { headers } = await gateway.makeKey('ada', { scopes: ['files'] })
    const stored = await fetch(`${gateway.url}/v1/files?name=x`, { method: 'POST', headers, body: 'no archive' })
    const { id: from } = (await stored.json()) as StoredFile
    const id = await start({ from, webhook: { url: 'https://hooks.example.com/' } })
    const events = await client.events(`/v1/sessions/${id}/events`, ({ event }) => event === 'ended')
    expect(events.at(-1)?.data).toMatchObject({
      reason: 'start-failed',
      message: expect.stringContaining('tar archive') as unknown,
    })
    expect(events.map(({ data }) => data['state'])).toEqual(['starting', 'ended'])
    expect(await told(id)).toEqual(['session.ended'])
  })

  test('a file of the request takes the place of one that may not be written, and of no folder', async () => {
    const first = await start()
    await command(first, 'echo old > fixed; chmod 0444 fixed; ln -s fixed link; mkdir -p folder/in')
    const { body } = await client.call<StoredFile>('POST', at(first), {})
    await client.end(first)
    const files = ['fixed', 'link'].map((path) => ({ path, content: path }))
    const second = await start({ from: body.id, files })
    expect((await command(second, 'cat fixed link; stat -c %a fixed')).body.stdout).toBe('fixedlink644\n')
    await client.end(second)
    const third = await start({ from: body.id, files: [{ path: 'folder', content: '' }] })
    expect((await client.read(third)).body).toMatchObject({ reason: 'start-failed', message: 'folder is a folder' })
  })

  test('a store that fails is said, and the session goes on', async () => {
    const id = await start()
    const save = jest.spyOn(files, 'save').mockRejectedValueOnce(new Error('503 from the store'))
    expect((await client.call('POST', at(id), {})).body).toMatchObject({ status: 503, code: 'unavailable' })
    save.mockRestore()
    expect((await client.call('POST', at(id), {})).status).toBe(201)
    await client.end(id)
  })

  test('one that is being made when the session ends is given up', async () => {
    const id = await start()
    const ended = running.at(-1)?.session.ended
    let packing = () => {}
    const packs = new Promise<void>((resolve) => (packing = resolve))
    const save = jest.spyOn(files, 'save').mockImplementationOnce((file, pieces) => {
      async function* held() {
        for await (const piece of pieces) {
          yield piece
          packing()
          await ended
        }
      }
      return files.save(file, held())
    })
    await command(id, 'head -c 1M /dev/urandom > large')
    const asked = client.call('POST', at(id), {})
    await packs
    await client.end(id)
    await expect(save.mock.results[0]?.value).rejects.toThrow('the session has ended')
    expect((await asked).body).toMatchObject({ code: 'session-ended' })
    save.mockRestore()
  })
})
