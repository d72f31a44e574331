import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { MINUTE } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { Keys } from '../../../shared/redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../../../shared/redis/lua-script.ts'
import { sandboxIdOf } from './sandbox-ids.ts'

/**
 * How long each may have a sandbox to itself, in ms, longer than it can take. A resumption ends what is left of the old session (5 s),
 * waits for an environment (30 s) and starts a session (45 s); a pause waits for the snapshot (6 minutes) and ends the session.
 */
const LOCK_MS = { resumed: 2 * MINUTE, paused: 7 * MINUTE } as const
const AGAIN_SECONDS = 2

/** Pauses and resumptions of one sandbox exclude each other. */
export interface SandboxLocks {
  /**
   * @param id of the sandbox's first session
   * @throws Problem `unavailable` while another request pauses or resumes it; what the work throws
   */
  during: <T>(id: string, what: keyof typeof LOCK_MS, work: () => Promise<T>) => Promise<T>
}

const UNLOCK = luaScript<{ id: string; owner: string }, number>(
  'runyardUnlockE2bSandbox',
  `
local key = keys.e2bLock(input.id)
if redis.call('GET', key) ~= input.owner then return 0 end
return redis.call('DEL', key)`,
)

export function createSandboxLocks(redis: Redis, keys: Keys): SandboxLocks {
  defineScripts(redis, [UNLOCK])
  return {
    async during(id, what, work) {
      const owner = randomUUID()
      if ((await redis.set(keys.e2bLock(id), owner, 'PX', LOCK_MS[what], 'NX')) !== 'OK')
        throw notNow(sandboxIdOf(id), 'is being paused or resumed')
      try {
        return await work()
      } finally {
        // It is another's where this one has expired, and expires by itself where Redis is away: what was done is done.
        await runScript(redis, keys.prefix, UNLOCK, { id, owner }).catch(() => undefined)
      }
    },
  }
}

/** What is answered for a sandbox that cannot be resumed or paused at the moment. */
export const notNow = (sandboxId: string, why: string): Problem =>
  new Problem('unavailable', `sandbox "${sandboxId}" ${why}; try again`, {
    headers: { 'Retry-After': String(AGAIN_SECONDS) },
  })
