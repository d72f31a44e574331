import { describe, expect, test } from '@jest/globals'
import type { Response } from 'express'
import { createKernelInfos } from '../../src/api/compat/jupyter/kernel-infos.ts'
import { createKernelCalls } from '../../src/api/compat/jupyter/kernels.ts'
import type { SystemNeeds } from '../../src/api/compat/system/system.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { Problem } from '../../src/shared/problems.ts'

const res = { locals: { caller: { tenant: 't' } } } as unknown as Response

/** Kernels, of which each is live when they are listed; the states are what is stored of them when their workers are asked. */
function kernelsOf(states: Record<string, 'running' | 'ended'>, answers: (id: string) => Promise<unknown>) {
  const session = (id: string, state: string) => ({
    id,
    state,
    kernel: true,
    language: 'python',
    createdAt: 'then',
    lastActiveAt: null,
  })
  const needs = {
    sessions: {
      needs: {
        records: {
          liveOf: async () => Object.keys(states).map((id) => session(id, 'running')),
          read: async (id: string) => ({ tenant: 't', session: session(id, states[id] ?? 'ended') }),
        },
        calls: { call: ({ id }: { id: string }) => answers(id) },
      },
    },
  }
  return createKernelCalls(needs as unknown as SystemNeeds, { of: async () => ({}) })
}

describe('kernels', () => {
  test('that end while they are listed are not listed, and one that does not answer is busy', async () => {
    const kernels = kernelsOf({ live: 'running', ended: 'ended', silent: 'running' }, async (id) => {
      if (id === 'live') return { value: [{ id: 'default', state: 'idle' }] }
      throw new Problem(id === 'ended' ? 'session-ended' : 'unavailable', 'no answer')
    })
    const listed = await kernels.list(res)
    expect(listed.map(({ id, execution_state }) => [id, execution_state])).toEqual([
      ['live', 'idle'],
      ['silent', 'busy'],
    ])
    await expect(kernels.model(res, 'ended')).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('a kernel that is started', () => {
  /** @returns what a client gets, and whether the session is left */
  async function started(broken: { context?: Error; info?: Error; leaves?: boolean }) {
    let state = 'none'
    const leaves = new AbortController()
    let own: object = {}
    const records = {
      create: async ({ head }: { head: object }) => {
        own = { ...head, lastActiveAt: null }
        state = 'running'
        return { kind: 'created' }
      },
      read: async () => ({ tenant: 't', session: { ...own, state } }),
    }
    const call = async (_at: unknown, operation: string) => {
      if (operation === 'end') return void (state = 'ended')
      if (broken.context) throw broken.context
      if (broken.leaves) leaves.abort('client')
      return { value: [{ id: 'default', state: 'idle' }] }
    }
    const shared = {
      config: {
        sessions: { maxLifetimeMs: 60_000, idleTimeoutMs: 60_000 },
        limits: { defaults: DEFAULT_LIMITS, ceilings: DEFAULT_CEILINGS },
        http: { maxCodeBytes: 1000 },
      },
      languages: loadLanguages(`${packageRoot()}/languages`),
      overview: async () => ({ runtimes: { languages: { python: '3.13.5' }, kernels: ['python'] }, workers: [] }),
    }
    const needs = {
      ...shared,
      records,
      calls: { call },
      starting: {
        overview: shared.overview,
        limitEndUsers: async () => undefined,
        files: { pin: async () => undefined },
        queue: { add: async () => undefined },
      },
      screen: () => [],
    }
    const all = { ...shared, open: { admit: () => leaves.signal }, sessions: { needs } } as unknown as SystemNeeds
    const infos = { of: () => (broken.info ? Promise.reject(broken.info) : Promise.resolve({})) }
    const asked = { req: {}, locals: { caller: { tenant: 't', ceilings: {} } } } as unknown as Response
    const told = await createKernelCalls(all, infos)
      .start(asked, {})
      .then(
        ({ execution_state }) => execution_state,
        (error: Problem) => error.code,
      )
    return { told, state }
  }
  const lost = new Problem('unavailable', 'no answer')

  test('is told, though it does not say what it is', async () => {
    expect(await started({ info: lost })).toEqual({ told: 'idle', state: 'running' })
  })

  test.each([
    [{ context: lost }, 'unavailable'],
    [{ leaves: true }, 'not-found'],
  ])('is ended where its id cannot be told: %j', async (broken, told) => {
    expect(await started(broken)).toEqual({ told, state: 'ended' })
  })
})

describe('what a kernel says of itself', () => {
  /** Two gateways with the same records. */
  function gateways(banner: string) {
    const kept = new Map<string, object>()
    let asked = 0
    const records = {
      info: async (id: string) => kept.get(id) as Record<string, unknown> | undefined,
      putInfo: async (id: string, info: object) => void kept.set(id, info),
    }
    const sessions = { needs: { calls: { call: async () => ({ value: { banner, asked: ++asked } }) } } }
    const gateway = () => createKernelInfos({ sessions } as unknown as SystemNeeds, records)
    return [gateway(), gateway()] as const
  }

  test('is asked once, whatever gateway is asked', async () => {
    const [first, second] = gateways('hello')
    const info = { banner: 'hello', asked: 1, status: 'ok', debugger: false, supported_features: [] }
    expect(await first.of(res, 's')).toEqual(info)
    expect(await first.of(res, 's')).toEqual(info)
    expect(await second.of(res, 's')).toEqual(info)
  })

  test('is not kept where a program made it long', async () => {
    const [first, second] = gateways('x'.repeat(20_000))
    await first.of(res, 's')
    expect(await second.of(res, 's')).toMatchObject({ asked: 2 })
  })
})
