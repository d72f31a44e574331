import type { Redis } from 'ioredis'
import type { ArtifactFile } from '../artifact.ts'
import type { Keys } from './keys.ts'
import { defineScripts, luaScript, runScript } from './lua-script.ts'

/**
 * The files of a job that its owner asked for: one hash beside its record. The script that stores the result gives it the
 * result's lifetime, and whatever removes the record removes it.
 */
export interface ArtifactStore {
  /** Stores the files of this attempt, before its result; nothing happens when the job has its result or a later attempt runs. */
  put(id: string, attempt: number, files: readonly ArtifactFile[]): Promise<void>
  /** @returns undefined when there is no such file, or no longer */
  get(id: string, path: string): Promise<Buffer | undefined>
}

/** Bulk: path and content of each file. Those of an attempt that was lost go. */
const PUT = luaScript<{ id: string; attempt: number; ttlSeconds: number }, number>(
  'runyardPutArtifacts',
  `
local artifacts = keys.artifacts(input.id)
local attempt, summary = unpack(redis.call('HMGET', keys.job(input.id), 'attempt', 'summary'))
if tonumber(attempt or 0) ~= input.attempt or (summary or '') ~= '' then return 0 end
redis.call('DEL', artifacts)
for i = 1, #bulk, 2 do redis.call('HSET', artifacts, bulk[i], bulk[i + 1]) end
redis.call('EXPIRE', artifacts, input.ttlSeconds)
return 1`,
)

export function createArtifactStore(
  redis: Redis,
  keys: Keys,
  { resultTtlSeconds }: { resultTtlSeconds: number },
): ArtifactStore {
  defineScripts(redis, [PUT])
  return {
    async put(id, attempt, files) {
      const pairs = files.flatMap(({ path, content }) => [path, content])
      await runScript(redis, keys.prefix, PUT, { id, attempt, ttlSeconds: resultTtlSeconds }, pairs)
    },
    get: async (id, path) => (await redis.hgetBuffer(keys.artifacts(id), path)) ?? undefined,
  }
}
