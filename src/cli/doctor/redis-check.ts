import { Redis } from 'ioredis'
import { tryCommand } from '../../host/command.ts'
import type { Config } from '../../shared/config/config.ts'
import { redisOptions } from '../../shared/redis/connect.ts'
import { fail, ok, warn, type Check } from './check.ts'

const NAME = 'Redis'
const OLDEST_MAJOR = 6
const CONNECT_MS = 3_000

/** The server of `REDIS_URL` when it is set, else the program that `npm start` would run. */
export async function checkRedis({ redis, timeoutFactor }: Config): Promise<Check> {
  if (redis !== undefined) return await checkServer(redis, CONNECT_MS * timeoutFactor)
  const { exitCode, stdout } = await tryCommand(['redis-server', '--version'])
  const version = /v=(\S+)/.exec(stdout)?.[1]
  if (exitCode !== 0 || version === undefined) {
    return fail(NAME, 'redis-server not found', 'apt-get install redis-server, npm start, or set REDIS_URL')
  }
  return checkVersion(version) ?? ok(NAME, `redis-server ${version}; npm start runs it`)
}

async function checkServer(redis: NonNullable<Config['redis']>, connectTimeout: number): Promise<Check> {
  const client = new Redis({
    ...redisOptions(redis, () => null),
    lazyConnect: true,
    connectTimeout,
    maxRetriesPerRequest: 0,
  })
  let cause: Error | undefined
  client.on('error', (error: Error) => (cause = error))
  try {
    await client.connect()
    const info = await client.info()
    const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
    const version = field('redis_version') ?? '0'
    const policy = field('maxmemory_policy')
    const tooOld = checkVersion(version)
    if (tooOld) return tooOld
    if (policy !== 'noeviction') {
      return fail(
        NAME,
        `${version}, maxmemory-policy ${policy}: jobs can vanish`,
        'CONFIG SET maxmemory-policy noeviction',
      )
    }
    if (field('aof_enabled') === '1') return ok(NAME, `${version}, noeviction, append-only file`)
    return warn(NAME, `${version}: without an append-only file a restart loses jobs`, 'CONFIG SET appendonly yes')
  } catch (error) {
    return fail(
      NAME,
      `REDIS_URL does not answer: ${(cause ?? (error as Error)).message}`,
      'start that Redis, or unset REDIS_URL',
    )
  } finally {
    client.disconnect()
  }
}

function checkVersion(version: string): Check | undefined {
  if (Number(version.split('.')[0]) >= OLDEST_MAJOR) return undefined
  return fail(NAME, `${version} is too old`, `use Redis ${OLDEST_MAJOR}.2 or newer`)
}
