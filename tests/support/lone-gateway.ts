import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import type { NewApiKey } from '../../src/shared/access/new-api-key.ts'
import type { Keys } from '../../src/shared/redis/keys.ts'
import { createWorkerRegistry } from '../../src/shared/redis/worker-registry.ts'
import { openTestRedis } from '../shared/security/test-redis.ts'
import { loadServices } from './load-services.ts'
import { testRoot } from './platform.ts'

/** A gateway in a namespace of its own, for which some worker has told what it can run and gone: jobs are accepted, and wait. */
export interface LoneGateway {
  url: string
  redis: Redis
  keys: Keys
  /** Everything logged so far. */
  log: () => string
  /** Makes an API key. @returns its id, and the header that shows it */
  makeKey: (tenant: string, fields?: Partial<NewApiKey>) => Promise<{ id: string; headers: { authorization: string } }>
  revoke: (keyId: string) => Promise<unknown>
  /** Another gateway of the same installation, which `close` ends too. @returns its address */
  another: () => Promise<string>
  close: () => Promise<void>
}

const UNLIMITED = {
  RATE_PER_MINUTE: '100000000',
  RATE_BURST: '1000000',
  READ_RATE_PER_MINUTE: '100000000',
  READ_RATE_BURST: '1000000',
}

/**
 * @param env settings that differ from the defaults
 * @param installing versions of more languages that the worker had, with their installers
 */
export async function startLoneGateway(
  env: Record<string, string> = {},
  installing: Record<string, string> = {},
): Promise<LoneGateway> {
  const { startApi, createApiKeys, loadConfig, serializeError, pino } = await loadServices()
  const { redis, keys, namespace, close } = await openTestRedis()
  const worker = {
    id: 'gone',
    host: 'elsewhere',
    pid: 1,
    startedAt: new Date().toISOString(),
    slots: 1,
    engine: 'up' as const,
    runtimes: {
      languages: { python: '3.13.5', bash: '5.2.37', c: '14.2.0', ...installing },
      images: [],
      packages: ['python', ...Object.keys(installing)],
    },
  }
  const registry = createWorkerRegistry(redis, keys)
  await registry.heartbeat(worker)
  await registry.leave(worker.id)
  let logged = ''
  const log = pino(
    { level: 'trace', serializers: { err: serializeError } },
    { write: (line: string) => void (logged += line) },
  )
  const settings = {
    REDIS_URL: process.env['RUNYARD_TEST_REDIS'],
    RUNYARD_NAMESPACE: namespace,
    PORT: '0',
    KEEP_ALIVE_SECONDS: '3600',
    ...UNLIMITED,
    ...env,
  }
  const config = loadConfig(testRoot, settings)
  const start = () => startApi(config, testRoot, log)
  const api = await start()
  const others: { close: () => Promise<unknown> }[] = []
  const apiKeys = createApiKeys(redis, keys)
  return {
    url: api.url,
    redis,
    keys,
    log: () => logged,
    async makeKey(tenant, fields = {}) {
      const { record, secretKey } = await apiKeys.create({ name: 'test', tenant, ...fields })
      return { id: record.id, headers: { authorization: `Bearer ${secretKey}` } }
    },
    revoke: (keyId) => apiKeys.revoke(keyId),
    async another() {
      const other = await start()
      others.push(other)
      return other.url
    },
    async close() {
      await Promise.all([api, ...others].map((one) => one.close()))
      await rm(join(config.files.folder, namespace), { recursive: true, force: true })
      await close()
    },
  }
}
