import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import express, { type ErrorRequestHandler } from 'express'
import type { E2bNeeds } from '../../src/api/compat/e2b/e2b-needs.ts'
import { sendE2bProblem } from '../../src/api/compat/e2b/e2b-problem.ts'
import type { PausedSandbox } from '../../src/api/compat/e2b/paused-sandboxes.ts'
import { sandboxIdOf, snapshotIdOf } from '../../src/api/compat/e2b/sandbox-ids.ts'
import { notNow } from '../../src/api/compat/e2b/sandbox-locks.ts'
import { sandboxDetail } from '../../src/api/compat/e2b/sandbox-view.ts'
import { sandboxRoutes } from '../../src/api/compat/e2b/sandboxes.ts'
import type { Snapshot } from '../../src/api/compat/e2b/snapshot-records.ts'
import { checkName, snapshotRoutes } from '../../src/api/compat/e2b/snapshots.ts'
import type { Caller } from '../../src/api/http/caller.ts'
import { createOpenResponses } from '../../src/api/http/open-responses.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { Problem } from '../../src/shared/problems.ts'
import type { Session, SessionSpec } from '../../src/shared/sessions/session.ts'
import { acceptedSession } from '../../src/shared/sessions/session-records.ts'

const languages = loadLanguages(`${packageRoot()}/languages`)
const TENANT = 'one'
const FIRST = '0193f0a4-9c5e-7b21-8f0a-2d4c6b8e1f3a'
const FILE = '0193f0a4-9c5e-7b21-8f0a-2d4c6b8e1f30'
const expiresAt = '2999-01-01T00:00:00.000Z'

const servers: Server[] = []
afterEach(() => {
  jest.restoreAllMocks()
  for (const server of servers.splice(0)) server.close()
})

const records = <T>(entries: [string, T][] = []) => {
  const all = new Map(entries)
  return {
    all: async () => new Map(all),
    get: async (_tenant: string, id: string) => all.get(id),
    put: async (_tenant: string, id: string, one: T) => void all.set(id, one),
    remove: async (_tenant: string, id: string) => all.delete(id),
  }
}

interface Worker {
  /** What becomes of sessions that are to start; of others nothing is heard. */
  starts?: boolean
  /** What becomes of those that are to end. */
  ends?: boolean | 'fails'
  /** Called while a snapshot is made. */
  onSnapshot?: () => Promise<void>
}

/** The routes of a tenant's sandboxes, and a worker that sessions are kept by. */
async function service(worker: Worker) {
  const sessions = new Map<string, Session>()
  const files = new Set<string>()
  const locked = new Set<string>()
  const paused = records<PausedSandbox>()
  const snapshots = records<Snapshot>()
  const now = new Map<string, string>()
  const set = (id: string, change: Partial<Session>) => {
    const next = { ...(sessions.get(id) as Session), ...change }
    sessions.set(id, next)
    return next
  }
  const operations: Record<string, (id: string) => Promise<unknown>> = {
    read: async (id) => set(id, { state: 'running' }),
    snapshot: async () => {
      await worker.onSnapshot?.()
      const id = FILE.slice(0, -1) + files.size
      files.add(id)
      return { id, expiresAt }
    },
    end: async (id) => set(id, { state: 'ended', reason: 'deleted' }),
  }
  const needs = {
    config: loadConfig(packageRoot(), {}),
    mayUse: (_req: unknown, _res: unknown, next: () => void) => next(),
    paused,
    snapshots,
    log: { warn: () => undefined },
    files: {
      remove: async (_tenant: string, id: string) => files.delete(id),
      readAll: async (ids: string[]) => new Map(ids.map((id) => [id, {}])),
    },
    locks: {
      during: async (id: string, _what: string, work: () => Promise<unknown>) => {
        if (locked.has(id)) throw notNow(sandboxIdOf(id), 'is locked')
        locked.add(id)
        return work().finally(() => locked.delete(id))
      },
    },
    records: {
      find: async (id: string) => {
        const first = [...now].find(([, session]) => session === id)?.[0] ?? id
        return { id: first, sessionId: now.get(first) ?? first, templateId: 'base', token: 't', keyId: null, env: {} }
      },
      open: async (id: string) => ({ id, sessionId: id, templateId: 'base', token: 't', keyId: null, env: {} }),
      become: async (id: string, session: string) => void now.set(id, session),
      keepUntil: async () => undefined,
    },
    sessions: {
      config: loadConfig(packageRoot(), {}),
      languages,
      starting: {
        overview: async () => ({ workers: [], runtimes: { languages: { python: '3.13.0' } } }),
        limitEndUsers: async () => undefined,
        files: {
          read: async (id: string) => ({ tenant: TENANT, blob: 'b', file: { id } }),
          pin: async () => undefined,
        },
        queue: { add: async () => undefined },
      },
      screen: () => [],
      open: createOpenResponses(new AbortController().signal, 10),
      calls: {
        call: async ({ id }: { id: string }, operation: string) => {
          const isHeard = operation === 'read' ? worker.starts : operation !== 'end' || worker.ends === true
          if (!isHeard) throw new Problem('unavailable', 'no answer')
          return { value: await operations[operation]?.(id) }
        },
      },
      records: {
        create: async (spec: SessionSpec) => {
          sessions.set(spec.head.id, acceptedSession(spec))
          return { kind: 'created' }
        },
        read: async (id: string) => {
          if (worker.ends === 'fails' && (await paused.get(TENANT, id))) throw new Error('Redis is away')
          const session = sessions.get(id)
          return session && { tenant: TENANT, session }
        },
        end: async (id: string) => void set(id, { state: 'ended', reason: 'deleted' }),
        liveOf: async () => [...sessions.values()].filter(({ state }) => state !== 'ended'),
      },
    },
  } as unknown as E2bNeeds
  const app = express()
  app.use((req, res, next) => {
    req.id = 'r'
    const caller = { tenant: TENANT, keyId: null, address: '127.0.0.1', ceilings: {} } as Caller
    Object.assign(res.locals, { caller, keyEnds: () => undefined })
    next()
  })
  app.use(sandboxRoutes(needs), snapshotRoutes(needs))
  const sendProblem: ErrorRequestHandler = (error, _req, res, _next) =>
    sendE2bProblem(res, error instanceof Problem ? error : new Problem('internal-error', String(error)))
  app.use(sendProblem)
  const server = createServer(app).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
      method,
      headers: { connection: 'close' },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
  }
  const first = { id: FIRST, language: 'python', metadata: {}, limits: { memoryBytes: 1, fileBytes: 1 } }
  const running = {
    ...first,
    state: 'running',
    createdAt: '2027-01-01T00:00:00.000Z',
    startedAt: null,
    endsAt: null,
    maxLifetimeMs: 1000,
  } as unknown as Session
  const place = `/sandboxes/${sandboxIdOf(FIRST)}`
  /** As a pause leaves it. */
  const putPaused = async () => {
    files.add(FILE)
    const detail = { ...sandboxDetail(running, undefined, ''), templateID: 'base', state: 'paused' as const }
    await paused.put(TENANT, FIRST, { fileId: FILE, detail, env: {}, expiresAt })
  }
  const live = () => [...sessions.values()].filter(({ state }) => state !== 'ended').map(({ id }) => id)
  const states = async (path = '/v2/sandboxes') =>
    ((await ask('GET', path)).body as { sandboxID: string; state: string }[]).map(({ state }) => state)
  return { ask, place, putPaused, sessions, running, files, paused, snapshots, live, states }
}

describe('a sandbox that is resumed', () => {
  test('loses its old files when it runs, and not before', async () => {
    const { ask, place, putPaused, files, live, states } = await service({ starts: true, ends: true })
    await putPaused()
    expect((await ask('POST', `${place}/connect`, {})).status).toBe(201)
    expect([files.size, live().length, await states()]).toEqual([0, 1, ['running']])
  })

  test('keeps its files and stays paused when its session does not run in time', async () => {
    // Nobody waits any longer.
    jest.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort())
    const { ask, place, putPaused, files, live, states } = await service({ starts: false, ends: true })
    await putPaused()
    const answer = await ask('POST', `${place}/connect`, {})
    expect(answer).toMatchObject({ status: 503, body: { message: expect.stringContaining('try again') } })
    expect([[...files], live(), await states()]).toEqual([[FILE], [], ['paused']])
  })

  test('ends what is left of the session that it was before', async () => {
    const { ask, place, putPaused, sessions, running, live } = await service({ starts: true, ends: true })
    sessions.set(FIRST, running)
    await putPaused()
    expect((await ask('POST', `${place}/connect`, {})).status).toBe(201)
    expect(live()).toHaveLength(1)
    expect(live()).not.toContain(FIRST)
  })
})

describe('a sandbox that is paused', () => {
  const body = { memory: false }

  test.each(['fails', false] as const)(
    'is that alone, with its files, where the end of its session is %j',
    async (ends) => {
      // Nobody waits for the end: the clock is read when it begins to wait, and then it is late.
      let ms = 0
      jest.spyOn(Date, 'now').mockImplementation(() => (ms += 10_000))
      const worker: Worker = { starts: true, ends }
      const { ask, place, sessions, running, files, live, states } = await service(worker)
      sessions.set(FIRST, running)
      expect((await ask('POST', `${place}/pause`, body)).status).toBe(204)
      expect([live(), files.size]).toEqual([[FIRST], 1])
      worker.ends = false
      expect([await states(), await states('/sandboxes')]).toEqual([['paused'], []])
      expect((await ask('POST', `${place}/pause`, body)).status).toBe(409)
      expect((await ask('GET', place)).body).toMatchObject({ state: 'paused' })
      expect(files.size).toBe(1)
      worker.ends = true
      expect((await ask('DELETE', place)).status).toBe(204)
      expect([live(), files.size, await states()]).toEqual([[], 0, []])
    },
  )

  test('keeps one file when it is paused twice at once', async () => {
    const worker: Worker = { starts: true, ends: true }
    const { ask, place, sessions, running, files, states } = await service(worker)
    sessions.set(FIRST, running)
    const second: number[] = []
    worker.onSnapshot = async () => {
      delete worker.onSnapshot
      second.push((await ask('POST', `${place}/pause`, body)).status)
    }
    expect((await ask('POST', `${place}/pause`, body)).status).toBe(204)
    expect([second, files.size, await states()]).toEqual([[503], 1, ['paused']])
  })
})

describe('the name of a snapshot', () => {
  test('stands for the newest of that name, also for who deletes it', async () => {
    const { ask, snapshots, files } = await service({})
    const ids = ['b', 'd', 'c'].map((end) => FILE.slice(0, -1) + end)
    for (const fileId of ids) {
      files.add(fileId)
      const snapshot = { fileId, sandboxId: sandboxIdOf(FIRST), templateId: 'base', name: 'nightly', expiresAt }
      await snapshots.put(TENANT, fileId, snapshot)
    }
    const left = () => [...files].map((id) => id.at(-1))
    expect((await ask('DELETE', '/templates/nightly')).status).toBe(204)
    expect(left()).toEqual(['b', 'c'])
    expect((await ask('DELETE', `/templates/${snapshotIdOf(ids[0] ?? '')}`)).status).toBe(204)
    expect(left()).toEqual(['c'])
  })

  test.each(['python', 'py', 'python:mine', 'base', 'code-interpreter', FIRST, snapshotIdOf(FILE)])(
    'cannot be %s, which is or may be another template',
    async (name) => {
      const { ask, place, sessions, running, files } = await service({ starts: true })
      sessions.set(FIRST, running)
      const answer = await ask('POST', `${place}/snapshots`, { name })
      expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining('another template') } })
      expect(files.size).toBe(0)
    },
  )

  test('can be any other', () => {
    for (const name of ['nightly', 'nightly:2', 'snapshot-1', 'Base'])
      expect(() => checkName(name, languages)).not.toThrow()
  })
})
