import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import express, { type Response } from 'express'
import type { Server } from 'node:http'
import { createAuthentication } from '../../../src/api/access/authenticate.ts'
import type { createRevocations } from '../../../src/api/access/revocations.ts'
import { foreseeLimit, rateLimit } from '../../../src/api/rate-limit/rate-limit.ts'
import type { LimitedCaller, Verdict } from '../../../src/api/rate-limit/rate-limiter.ts'
import type { ApiKey } from '../../../src/shared/access/api-key.ts'
import { Problem } from '../../../src/shared/problems.ts'

const KEY = `ry_${'a'.repeat(12)}_${'b'.repeat(64)}`
const OTHER_SECRET = `ry_${'a'.repeat(12)}_${'c'.repeat(64)}`
const record = {
  id: 'a'.repeat(12),
  tenant: 'ada',
  scopes: ['jobs'],
  rate: null,
  maxRunningJobs: null,
  limits: {},
  expiresAt: null,
} as unknown as ApiKey

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A gateway that is nothing but key and rate limit. Writes down in which order Redis is asked for what, and answered. */
async function rig() {
  const steps: string[] = []
  const taken: LimitedCaller[] = []
  const state = { isValid: true, key: record, limitFails: false, isAway: false }
  const verdict: Verdict = {
    outcome: 'passed',
    budget: 'read',
    rate: { perMinute: 60, burst: 10 },
    remaining: 9,
    nextMicros: 1,
    waitMicros: 0,
  }
  const limiter = {
    refund: () => Promise.resolve(void steps.push('refund')),
    take(caller: LimitedCaller) {
      steps.push('limit')
      taken.push(caller)
      return state.limitFails ? Promise.reject(new Error('Redis is away')) : Promise.resolve(verdict)
    },
  }
  const app = express()
  const { authenticate } = createAuthentication({
    config: { auth: 'required', load: { tenantMaxRunningJobs: 1 } } as never,
    apiKeys: {
      async verify(presented) {
        steps.push('key')
        await new Promise((resolve) => setImmediate(resolve))
        steps.push('known')
        if (state.isAway) throw new Error('Redis is away')
        return presented === KEY && state.isValid ? state.key : undefined
      },
      findValid: () => Promise.resolve(undefined),
    },
    browserTokens: { verify: () => Promise.resolve(undefined) },
    revocations: { subscription: 1 } as ReturnType<typeof createRevocations>,
    login: { forRequest: () => Promise.resolve(undefined) },
    onFailure: () => Promise.resolve(),
    onEnded: () => Promise.resolve(),
    foresee: foreseeLimit(limiter, () => 'read'),
  })
  app.use(
    authenticate,
    rateLimit(
      limiter,
      () => 'read',
      () => undefined,
    ),
    (_req, res) => void res.json({}),
  )
  app.use(
    (error: unknown, _req: unknown, res: Response, _next: unknown) =>
      void res.status(error instanceof Problem ? error.status : 500).json({}),
  )
  server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    state,
    taken,
    /** @returns status, and what was asked in which order */
    ask: async (key: string) => {
      steps.length = 0
      const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } })
      await response.text()
      return [response.status, ...steps]
    },
  }
}

test('who was here before waits for key and limit together, and pays once', async () => {
  const { ask, taken } = await rig()
  expect(await ask(KEY)).toEqual([200, 'key', 'known', 'limit'])
  expect(await ask(KEY)).toEqual([200, 'key', 'limit', 'known'])
  expect(taken.map(({ keyId }) => keyId)).toEqual([record.id, record.id])
})

test('who shows only the id of a known key takes nothing from it', async () => {
  const { ask, taken } = await rig()
  await ask(KEY)
  expect(await ask(OTHER_SECRET)).toEqual([401, 'key', 'known'])
  expect(taken).toHaveLength(1)
})

test('a known key that was revoked is refused, and takes nothing after that', async () => {
  const { ask, state } = await rig()
  await ask(KEY)
  state.isValid = false
  expect((await ask(KEY))[0]).toBe(401)
  expect(await ask(KEY)).toEqual([401, 'key', 'known'])
})

test('a known key whose rate was changed takes from the new one, and once from then on', async () => {
  const { ask, state, taken } = await rig()
  await ask(KEY)
  state.key = { ...record, rate: { perMinute: 5, burst: 1 } }
  await ask(KEY)
  expect(await ask(KEY)).toEqual([200, 'key', 'limit', 'known'])
  expect(taken.slice(-2).map(({ rate }) => rate?.perMinute)).toEqual([5, 5])
})

test('what was begun for a key that opens nothing may fail: nobody waits for it', async () => {
  const { ask, state } = await rig()
  await ask(KEY)
  state.isValid = false
  state.limitFails = true
  expect((await ask(KEY))[0]).toBe(401)
})

test('a request that Redis is away for costs nothing', async () => {
  const { ask, state } = await rig()
  await ask(KEY)
  state.isAway = true
  expect(await ask(KEY)).toEqual([503, 'key', 'limit', 'known', 'refund'])
})
