import type { Redis, Result } from 'ioredis'
import type { ArtifactFile } from '../artifact.ts'
import type { Keys } from './keys.ts'

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

/** KEYS: record, artifacts. ARGV: ttl, attempt, then path and content of each file. Those of an attempt that was lost go. */
const PUT = `
local attempt, summary = unpack(redis.call('HMGET', KEYS[1], 'attempt', 'summary'))
if attempt ~= ARGV[2] or (summary or '') ~= '' then return 0 end
redis.call('DEL', KEYS[2])
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[2], tonumber(ARGV[1]))
return 1`

declare module 'ioredis' {
  interface RedisCommander<Context> {
    runyardPutArtifacts(...args: (string | number | Buffer)[]): Result<number, Context>
  }
}

export function createArtifactStore(
  redis: Redis,
  keys: Keys,
  { resultTtlSeconds }: { resultTtlSeconds: number },
): ArtifactStore {
  redis.defineCommand('runyardPutArtifacts', { numberOfKeys: 2, lua: PUT })
  return {
    async put(id, attempt, files) {
      const pairs = files.flatMap(({ path, content }) => [path, content])
      await redis.runyardPutArtifacts(keys.job(id), keys.artifacts(id), resultTtlSeconds, attempt, ...pairs)
    },
    get: async (id, path) => (await redis.hgetBuffer(keys.artifacts(id), path)) ?? undefined,
  }
}
