import { createApiKeys } from '../../shared/access/api-keys.ts'
import { MINUTE } from '../../shared/limits.ts'
import type { CliContext } from '../context.ts'
import { withRedis } from '../with-redis.ts'

/** The tenant of the first job where authentication is configured. */
const TENANT = 'runyard-first-job'
/** Should this process be killed before it takes the key back. */
const LIFE_MS = 5 * MINUTE

/**
 * Does something with the headers a request of this command needs: none where there is no authentication, else a key that is
 * made for this and gone afterwards.
 */
export async function withOwnKey<T>(
  context: CliContext,
  work: (headers: Record<string, string>) => Promise<T>,
): Promise<T> {
  if (context.config.auth === 'none') return await work({})
  const { record, secretKey } = await withRedis(context, (redis, keys) =>
    createApiKeys(redis, keys).create({
      name: 'first job of npm start',
      tenant: TENANT,
      expiresAt: new Date(Date.now() + LIFE_MS).toISOString(),
    }),
  )
  try {
    return await work({ authorization: `Bearer ${secretKey}` })
  } finally {
    // Where Redis is gone, that is what `work` failed of; the key expires.
    await withRedis(context, (redis, keys) => createApiKeys(redis, keys).remove(record.id)).catch(() => {})
  }
}
