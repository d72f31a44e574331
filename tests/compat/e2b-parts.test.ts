import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import express, { type Request, type Response } from 'express'
import { isServedAt, targetOfHeaders, targetOfHost } from '../../src/api/compat/e2b/addresses.ts'
import { createFrameReader, endFrame, FrameFault, frameOf } from '../../src/api/compat/e2b/connect-protocol.ts'
import { sessionOfCreate, templateOf } from '../../src/api/compat/e2b/create-request.ts'
import { connectErrorOf, statusOf } from '../../src/api/compat/e2b/e2b-problem.ts'
import { lastLines, lineOf, resultLine } from '../../src/api/compat/e2b/execution-lines.ts'
import { keyOfSpelling } from '../../src/api/compat/e2b/key-spelling.ts'
import { boundaryOf, type FormEvent, readForm } from '../../src/api/compat/e2b/multipart.ts'
import { endEvent } from '../../src/api/compat/e2b/process-events.ts'
import type { E2bNeeds } from '../../src/api/compat/e2b/e2b-needs.ts'
import { filesystemMethods } from '../../src/api/compat/e2b/filesystem-service.ts'
import { processService } from '../../src/api/compat/e2b/process-service.ts'
import { type RpcRequest, rpcRoutes } from '../../src/api/compat/e2b/rpc.ts'
import { isOpenedBy, sandboxAccess, signatureOf } from '../../src/api/compat/e2b/sandbox-access.ts'
import { sandboxIdOf, sessionIdOf } from '../../src/api/compat/e2b/sandbox-ids.ts'
import { pathIn } from '../../src/api/compat/e2b/sandbox-paths.ts'
import { MARK, metricOf } from '../../src/api/compat/e2b/sandbox-metrics.ts'
import { pageOf } from '../../src/api/compat/e2b/sandbox-view.ts'
import { pageOfSnapshots } from '../../src/api/compat/e2b/snapshots.ts'
import { watchService } from '../../src/api/compat/e2b/watch-service.ts'
import { createOpenResponses } from '../../src/api/http/open-responses.ts'
import { formatKey, newKeyText } from '../../src/shared/access/key-text.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { Problem } from '../../src/shared/problems.ts'

const ID = '0193f0a49c5e7b218f0a2d4c6b8e1f3a'

describe('addresses', () => {
  test('are names of the domain, of a port and a sandbox, and no other', () => {
    const target = (host: string, domain = 'box.example.com') => targetOfHost(host, domain)
    expect(target(`49983-${ID}.BOX.example.com`)).toEqual({ port: 49983, sandboxId: ID })
    expect(['box.example.com', 'api.box.example.com', 'sandbox.box.example.com'].map((host) => target(host))).toEqual([
      'service',
      'service',
      'service',
    ])
    expect(target(`49983-${ID}.box.localhost:8443`, 'box.localhost:8443')).toEqual({ port: 49983, sandboxId: ID })
    for (const host of [
      '',
      'example.com',
      `49983-${ID}.evil.com`,
      `49983-${ID}.a.box.example.com`,
      `x-${ID}.box.example.com`,
      `49983-${ID}.box.example.com:1`,
      `49983-${ID}.xbox.example.com`,
    ])
      expect(target(host)).toBeUndefined()
  })

  test('are headers, which may come twice', () => {
    expect(targetOfHeaders({ 'e2b-sandbox-id': `${ID}, ${ID}`, 'e2b-sandbox-port': '49999, 49999' })).toEqual({
      sandboxId: ID,
      port: 49999,
    })
    expect(targetOfHeaders({ 'e2b-sandbox-port': 'x' })).toEqual({})
  })

  test('serve at each port what is its own', () => {
    expect([isServedAt('/files', 49983), isServedAt('/files', 49999), isServedAt('/execute', 49999)]).toEqual([
      true,
      false,
      true,
    ])
    expect([isServedAt('/health', 49983), isServedAt('/health', 49999), isServedAt('/health', 3000)]).toEqual([
      true,
      true,
      false,
    ])
  })
})

test('a sandbox has the id of its session without dashes, and what is none has no session', () => {
  expect(sandboxIdOf('0193f0a4-9c5e-7b21-8f0a-2d4c6b8e1f3a')).toBe(ID)
  expect(sessionIdOf(ID)).toBe('0193f0a4-9c5e-7b21-8f0a-2d4c6b8e1f3a')
  for (const id of ['', 'debug_sandbox_id', ID.toUpperCase(), `${ID}0`]) expect(sessionIdOf(id)).toBeUndefined()
})

test('a key has a spelling that old clients take', () => {
  const text = newKeyText()
  expect(keyOfSpelling(`e2b_${text.id}${text.secret}`)).toBe(formatKey(text))
  expect(keyOfSpelling('e2b_0000')).toBe('e2b_0000')
  expect(keyOfSpelling(formatKey(text))).toBe(formatKey(text))
})

test('paths are in the home folder unless they say another', () => {
  const paths = {
    a: '/job/a',
    '~': '/job',
    '~/a': '/job/a',
    '~a': '/job/~a',
    '/home/user': '/job',
    '/home/user/a': '/job/a',
    '/home/users': '/home/users',
    '/tmp/../etc': '/etc',
    '../x': '/x',
    './a//b': '/job/a/b',
  }
  for (const [path, whole] of Object.entries(paths)) expect(pathIn(path, '/path')).toBe(whole)
  expect(() => pathIn('a\0b', '/path')).toThrow('NUL')
})

describe('frames', () => {
  test('are cut out of a stream wherever it is split, and the last tells how it ended', () => {
    const bytes = Buffer.concat([frameOf({ a: 'ä' }), frameOf({ b: 2 }), endFrame()])
    const reader = createFrameReader(100)
    expect([...bytes].flatMap((byte) => reader.push(Buffer.from([byte])))).toEqual([{ a: 'ä' }, { b: 2 }])
    expect(reader.isEmpty()).toBe(true)
    const end = endFrame({ code: 'not_found', message: 'no' })
    expect([end[0], end.subarray(5).toString()]).toEqual([2, '{"error":{"code":"not_found","message":"no"}}'])
  })

  test('that are too long, packed or no JSON are refused', () => {
    const push = (bytes: Buffer) => () => createFrameReader(10).push(bytes)
    expect(push(frameOf('x'.repeat(20)))).toThrow(FrameFault)
    expect(push(frameOf(1, 1))).toThrow('compressed')
    expect(push(Buffer.from([0, 0, 0, 0, 1, 123]))).toThrow('not JSON')
  })
})

describe('forms', () => {
  async function read(body: string, size: number): Promise<FormEvent[]> {
    async function* pieces() {
      const bytes = Buffer.from(body)
      for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
    }
    const events: FormEvent[] = []
    for await (const event of readForm(pieces(), 'B')) {
      const last = events.at(-1)
      if (event.type === 'data' && last?.type === 'data') last.bytes = Buffer.concat([last.bytes, event.bytes])
      else events.push(event)
    }
    return events
  }
  const part = (head: string, content: string) => `--B\r\n${head}\r\n\r\n${content}\r\n`

  test.each([1, 2, 3, 7, 1000])('are read in pieces of %d bytes', async (size) => {
    const one = part('Content-Disposition: form-data; name="file"; filename="a \\"b\\"/c"', 'x\r\n--A\r\n-B--B\n')
    const empty = part('content-disposition: form-data; name=file; filename=e', '')
    expect(await read(`before\r\n${one}${empty}--B--\r\nafter`, size)).toEqual([
      { type: 'part', name: 'file', fileName: 'a "b"/c' },
      { type: 'data', bytes: Buffer.from('x\r\n--A\r\n-B--B\n') },
      { type: 'end' },
      { type: 'part', name: 'file', fileName: 'e' },
      { type: 'end' },
    ])
  })

  test('that end too soon, or never begin, are refused', async () => {
    await expect(read(part('a: b', 'content'), 5)).rejects.toThrow('last boundary')
    await expect(read(`--B\r\n${'x'.repeat(20_000)}`, 5000)).rejects.toThrow('too long')
    const name = "Content-Disposition: form-data; name=file; filename*=utf-8''%"
    await expect(read(part(name, ''), 1000)).rejects.toMatchObject({ code: 'invalid-header' })
    expect(boundaryOf('multipart/form-data; boundary="a b"')).toBe('a b')
    expect(boundaryOf('multipart/form-data; charset=x; boundary=ab')).toBe('ab')
    expect(boundaryOf('application/octet-stream')).toBeUndefined()
  })
})

describe('lines of a run', () => {
  test('are ASCII, and give the text back', () => {
    const line = lineOf({ text: 'ä 😀 \u2028' })
    // oxlint-disable-next-line no-control-regex -- ASCII
    expect(line).toMatch(/^[\x00-\x7f]*\n$/)
    expect(JSON.parse(line)).toEqual({ text: 'ä 😀 \u2028' })
  })

  test('name the formats of a result, and take one pair of quotes from a text', () => {
    const data = { 'text/plain': "'it'", 'image/png': 'aGk=\n', 'application/x-own': { a: 1 } }
    expect(JSON.parse(resultLine({ data, isMainResult: true }))).toEqual({
      type: 'result',
      is_main_result: true,
      text: 'it',
      png: 'aGk=',
      extra: { 'application/x-own': { a: 1 } },
    })
  })

  test('tell of an end that the code did not tell of itself', () => {
    const types = (status: 'context-lost' | 'failed', hasError: boolean) =>
      lastLines({ status, message: 'memory', executionCount: 3 }, hasError)
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type)
    expect(types('context-lost', false)).toEqual(['error', 'number_of_executions', 'end_of_execution'])
    expect(types('failed', true)).toEqual(['number_of_executions', 'end_of_execution'])
  })
})

describe('a creation', () => {
  const languages = loadLanguages(`${packageRoot()}/languages`)
  test('has a template, which is one of E2B or a language', () => {
    expect(templateOf('base', languages)).toEqual({ kernel: false })
    expect(templateOf('code-interpreter-v1', languages)).toEqual({ language: 'python' })
    expect(templateOf('javascript:20.x', languages)).toEqual({ language: 'javascript', version: '20.x' })
    for (const id of ['mine', 'constructor', ':']) expect(() => templateOf(id, languages)).toThrow('does not exist')
  })

  test('lives for its timeout, and no longer than it may', () => {
    const ask = (more: object) => sessionOfCreate({ templateID: 'base', ...more }, 3_600_000)
    expect(ask({ timeout: 60 })).toMatchObject({ maxLifetimeMs: 60_000, idleTimeoutMs: 60_000 })
    expect(ask({})).toMatchObject({ maxLifetimeMs: 300_000 })
    expect(() => ask({ timeout: 3601 })).toThrow('3600 seconds')
    for (const more of [{ autoPause: true }, { mcp: {} }, { volumeMounts: [{}] }])
      expect(() => ask(more)).toThrow('cannot be used')
  })
})

test('pages of sandboxes follow on each other, and keep to what is asked for', () => {
  const sandbox = (index: number) => ({
    sandboxID: ID.slice(0, 31) + index,
    templateID: index < 2 ? 'base' : 'python',
    startedAt: `2027-01-0${index + 1}T00:00:00.000Z`,
    metadata: { 'a b': `${index % 2}&` },
    state: index === 2 ? 'paused' : 'running',
  })
  const all = [3, 0, 2, 1].map(sandbox) as unknown as Parameters<typeof pageOf>[0]
  const ask = (query: Record<string, string>) => {
    const { page, next } = pageOf(all, query, true)
    return { found: page.map(({ sandboxID }) => Number(sandboxID.at(-1))), next }
  }
  const first = ask({ limit: '3' })
  expect(first.found).toEqual([3, 2, 1])
  expect(ask({ limit: '3', nextToken: first.next ?? '' })).toEqual({ found: [0], next: undefined })
  const ascending = ask({ limit: '2', order: 'asc' })
  expect(ascending.found).toEqual([0, 1])
  expect(ask({ order: 'asc', nextToken: ascending.next ?? '' }).found).toEqual([2, 3])
  expect(ask({ metadata: new URLSearchParams({ 'a%20b': '1%26' }).toString() }).found).toEqual([3, 1])
  expect(ask({ template: 'base' }).found).toEqual([1, 0])
  expect(ask({ startedAfter: '2027-01-03T00:00:00.000Z' }).found).toEqual([3])
  expect(ask({ state: 'paused' }).found).toEqual([2])
  expect(ask({ state: 'running' }).found).toEqual([3, 1, 0])
  expect(() => ask({ nextToken: 'x' })).toThrow(Problem)
})

test('pages of snapshots follow on each other, newest first', () => {
  const snapshot = { sandboxId: ID, templateId: 'base', name: null, expiresAt: '2027-01-01T00:00:00.000Z' }
  const all = ['b', 'd', 'a', 'c'].map((letter) => ({
    ...snapshot,
    fileId: `00000000-0000-7000-8000-00000000000${letter}`,
  }))
  const ask = (token: string) => {
    const { page, next = '' } = pageOfSnapshots(all, token, '3')
    return { found: page.map(({ fileId }) => fileId.at(-1)), next }
  }
  const first = ask('')
  expect(first.found).toEqual(['d', 'c', 'b'])
  expect(ask(first.next)).toEqual({ found: ['a'], next: '' })
  expect(() => ask('x')).toThrow(Problem)
})

describe('the figures of a sandbox', () => {
  const stat = (pid: number, name: string, user: number, system: number, pages: number) =>
    `${pid} (${name}) S 0 1 1 0 -1 0 0 0 0 0 ${user} ${system} 0 0 20 0 1 0 100 4096 ${pages} 0`
  const disk = 'Filesystem 1024-blocks Used Available Capacity Mounted on\ntmpfs 65536 16 65520 1% /job\n'
  const looks = (second: string) =>
    [`100\n4096`, `10.00 5.00\n${stat(1, 'init', 5, 5, 10)}\n${stat(7, 'gone', 9, 9, 1)}`, second, disk].join(
      `\n${MARK}\n`,
    )

  test('are the time and memory of its processes between two looks, whatever they are called', () => {
    const second = `10.50 5.20\n${stat(1, 'init', 6, 5, 10)}\n${stat(8, 'a) S (b', 10, 4, 20)}\n${stat(9, 'a\n\n1 (b\n', 10, 0, 10)}`
    expect(metricOf(looks(second), 1024, new Date(1_700_000_000_900))).toEqual({
      timestamp: '2023-11-14T22:13:20.900Z',
      timestampUnix: 1_700_000_000,
      cpuCount: 1,
      cpuUsedPct: 50,
      memUsed: 40 * 4096,
      memTotal: 1024,
      memCache: 0,
      diskUsed: 16 * 1024,
      diskTotal: 65_536 * 1024,
    })
  })

  test.each(['', 'x', '100\n4096', looks('10.00 5.00'), looks('nonsense')])('are none where %j was written', (text) => {
    expect(metricOf(text, 1024, new Date(0))).toBeUndefined()
  })
})

test('problems have the codes and statuses that clients know', () => {
  const told = (code: ConstructorParameters<typeof Problem>[0]) => {
    const problem = new Problem(code, 'why')
    return [statusOf(problem), connectErrorOf(problem).code]
  }
  expect(told('invalid-request')).toEqual([400, 'invalid_argument'])
  expect(told('not-found')).toEqual([404, 'not_found'])
  expect(told('file-conflict')).toEqual([400, 'failed_precondition'])
  expect(told('submission-blocked')).toEqual([403, 'permission_denied'])
  expect(told('unauthenticated')).toEqual([401, 'unauthenticated'])
  expect(told('rate-limited')).toEqual([429, 'resource_exhausted'])
  expect(told('sessions-full')).toEqual([503, 'unavailable'])
  expect(told('session-lost')[0]).toBe(404)
})

test('a process that ended tells its exit code or signal, or why it was ended', () => {
  const end = (more: object) => endEvent({ status: 'failed', message: null, exitCode: null, signal: null, ...more })
  expect(end({ exitCode: 0 })).toEqual({ exitCode: 0, exited: true, status: 'exit status 0' })
  expect(end({ signal: 'SIGKILL' })).toMatchObject({ exitCode: -1, exited: false, error: 'signal: killed' })
  expect(() => end({ status: 'wall-time-limit' })).toThrow(expect.objectContaining({ code: 'deadline_exceeded' }))
  expect(() => end({ status: 'cancelled' })).toThrow(expect.objectContaining({ code: 'session-ended' }))
})

test('a token opens a sandbox in a header alone, and a signature one file', () => {
  const token = 'a'.repeat(48)
  const asked = (path: string, query: Record<string, string>, headers = {}) => ({ method: 'GET', path, query, headers })
  const signature = signatureOf({ path: 'x', operation: 'read', user: '', token, until: '' })
  expect(isOpenedBy(token, asked('/process.Process/List', {}, { 'x-access-token': token }))).toBe(true)
  expect(isOpenedBy(token, asked('/files', { path: 'x', signature }))).toBe(true)
  expect(isOpenedBy(token, asked('/files', { path: 'x', signature: token }))).toBe(false)
  expect(isOpenedBy(token, asked('/process.Process/List', { path: 'x', signature: token }))).toBe(false)
  expect(isOpenedBy(token, asked('/process.Process/List', { path: 'x', signature }))).toBe(false)
})

test('whether a sandbox lives is told at the cost of who asks', async () => {
  const session = { id: sessionIdOf(ID), state: 'running' }
  const costs: string[] = []
  const needs = {
    config: { auth: 'required' },
    sessions: { records: { read: () => Promise.resolve({ session, tenant: 'one' }) } },
    records: { find: () => Promise.resolve({ templateId: 'base', token: 'secret', keyId: 'key' }) },
    access: {
      asStranger: () => Promise.resolve(void costs.push('stranger')),
      asHolder: () => Promise.resolve(void costs.push('holder')),
    },
  } as unknown as E2bNeeds
  const app = express().use(sandboxAccess(needs), (_req, res) => void res.status(500).end())
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ask = async (port: number) => {
    const headers = { 'e2b-sandbox-id': ID, 'e2b-sandbox-port': String(port), connection: 'close' }
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/health`, { headers })
    return [answer.status, await answer.text()]
  }
  expect([await ask(49983), await ask(49999)]).toEqual([
    [204, ''],
    [200, '"OK"'],
  ])
  expect((await ask(3000))[0]).toBe(502)
  expect(costs).toEqual(['stranger', 'stranger', 'stranger'])
  server.close()
})

describe('a call of a sandbox', () => {
  afterEach(() => void jest.useRealTimers())
  const sandbox = { sandboxId: ID, port: 49983, session: { id: sessionIdOf(ID) } }
  const locals = { caller: { tenant: 'one' }, sandbox }
  const needsOf = (call: (operation: string) => unknown, more: object = {}) =>
    ({
      sessions: {
        calls: { call: async (_at: unknown, operation: string) => ({ value: await call(operation) }) },
        ...more,
      },
    }) as unknown as E2bNeeds

  test('looks into a bounded number of folders, and into none when its client has left', async () => {
    let listed = 0
    const entries = ['a', 'b'].map((name) => ({ name, kind: 'folder', bytes: 0, mode: '0755', modifiedAt: '' }))
    const methods = filesystemMethods(
      needsOf((operation) => {
        if (operation === 'statFile') return { kind: 'folder' }
        listed++
        return { entries, total: entries.length }
      }),
    )
    const list = (res: object) =>
      methods['ListDir']?.(
        { path: '/job', depth: 64 },
        { req: {} as Request, res: { locals, ...res } as unknown as Response, timeoutMs: undefined },
      )
    await list({ destroyed: false })
    expect(listed).toBe(200)
    listed = 0
    await list({ destroyed: true })
    expect(listed).toBe(0)
  })

  test('that streams sends no signs of life to who does not read', async () => {
    jest.useFakeTimers()
    const closing = new AbortController()
    async function* never() {
      await once(closing.signal, 'abort')
      yield* []
    }
    const needs = needsOf(() => [{ id: 'c', pid: 7, state: 'running' }], {
      open: { admit: () => closing.signal },
      feed: { last: () => Promise.resolve('0-0'), read: () => Promise.resolve(never()) },
    })
    const res = { locals, writableNeedDrain: false }
    const sent: unknown[] = []
    const send = (message: unknown) => Promise.resolve(void sent.push(message))
    const asked = { req: { get: () => '1' }, res, timeoutMs: undefined } as unknown as Parameters<typeof follow>[2]
    const follow = processService(needs).streams['Connect'] as NonNullable<
      ReturnType<typeof processService>['streams'][string]
    >
    const followed = follow({ process: { pid: 7 } }, send, asked)
    await jest.advanceTimersByTimeAsync(1500)
    expect(sent).toEqual([{ event: { start: { pid: 7 } } }, { event: { keepalive: {} } }])
    res.writableNeedDrain = true
    await jest.advanceTimersByTimeAsync(60_000)
    expect(sent).toHaveLength(2)
    closing.abort()
    await followed
  })

  describe('that watches a folder', () => {
    /** @param broken what fails; @param events of the session since the watcher was made */
    function watched(broken: 'watchFolder' | 'putWatcher' | undefined, events: readonly object[] = []) {
      const kept = new Map([['w', { path: '/job', position: '0-0' }]])
      const operations: string[] = []
      async function* read() {
        yield* events
      }
      const needs = {
        ...needsOf(
          (operation) => {
            operations.push(operation)
            if (operation === broken) throw new Problem('unavailable', 'no answer')
            return { path: '/job' }
          },
          {
            open: { admit: () => new AbortController().signal },
            feed: { last: async () => `${events.length}-0`, read: async () => read() },
          },
        ),
        records: {
          putWatcher: async () => {
            if (broken === 'putWatcher') throw new Error('Redis is away')
          },
          watcher: async (_session: string, id: string) => kept.get(id),
          moveWatcher: async () => undefined,
          removeWatcher: async (_session: string, id: string) => void kept.delete(id),
        },
      } as unknown as E2bNeeds
      const res = { locals, writableNeedDrain: false }
      const asked = { req: { get: () => undefined }, res, timeoutMs: undefined } as unknown as RpcRequest
      const { unary, streams } = watchService(needs)
      const call = async (method: string, body: object) => await unary[method]?.(body, asked)
      const stream = async () => await streams['WatchDir']?.({ path: '/job' }, async () => undefined, asked)
      return { call, stream, operations, kept }
    }

    test.each(['watchFolder', 'putWatcher'] as const)('ends the watch where %s fails', async (broken) => {
      const { call, operations } = watched(broken)
      await expect(call('CreateWatcher', { path: '/job' })).rejects.toThrow()
      expect(operations).toEqual(['watchFolder', 'unwatchFolder'])
    })

    test('ends the watch of a stream that could not begin', async () => {
      const { stream, operations } = watched('watchFolder')
      await expect(stream()).rejects.toThrow('no answer')
      expect(operations).toEqual(['watchFolder', 'unwatchFolder'])
    })

    const changes = [{ change: 'created', path: '/job/a' }]
    const files = { id: '1-0', type: 'files', data: JSON.stringify({ watch: 'w', changes }) }
    const ended = { id: '2-0', type: 'watch', data: JSON.stringify({ id: 'w', state: 'ended' }) }

    test('tells what became of it before it was ended elsewhere, and forgets it', async () => {
      const { call } = watched(undefined, [files, ended])
      expect(await call('GetWatcherEvents', { watcherId: 'w' })).toEqual({
        events: [{ name: 'a', type: 'EVENT_TYPE_CREATE' }],
      })
      await expect(call('GetWatcherEvents', { watcherId: 'w' })).rejects.toMatchObject({ code: 'not_found' })
    })

    test('forgets one that was ended elsewhere, also behind events that were lost', async () => {
      const { call, kept } = watched(undefined, [{ ...files, type: 'gap' }, ended])
      await expect(call('GetWatcherEvents', { watcherId: 'w' })).rejects.toMatchObject({ code: 'resource_exhausted' })
      expect(kept.size).toBe(0)
    })
  })

  test('that streams input counts as open, and ends with its key', async () => {
    const key = new AbortController()
    const open = createOpenResponses(new AbortController().signal, 1)
    const written: string[] = []
    const needs = needsOf(
      (operation) => {
        if (operation === 'listCommands') return [{ id: 'c', pid: 7, state: 'running' }]
        return written.push(operation)
      },
      { open },
    )
    const app = express()
    app.use((_req, res, next) => {
      Object.assign(res.locals, locals, { keyEnds: () => key.signal })
      next()
    })
    app.use(rpcRoutes('process.Process', processService(needs), 10_000))
    const server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const asked = request({
      port: (server.address() as AddressInfo).port,
      path: '/process.Process/StreamInput',
      method: 'POST',
      headers: { 'content-type': 'application/connect+json' },
    })
    const ended = new Promise<Error>((resolve) => asked.on('error', resolve))
    asked.write(frameOf({ start: { process: { pid: 7 } } }))
    asked.write(frameOf({ data: { input: { stdin: 'eA==' } } }))
    while (written.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(open.count).toBe(1)
    key.abort()
    expect((await ended).message).toBe('socket hang up')
    expect(open.count).toBe(0)
    server.close()
  })
})
