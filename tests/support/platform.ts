import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RedisAddress } from '../../src/shared/config/config.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import type { Tracing } from '../../src/shared/tracing/tracing.ts'
import { loadServices, type Services } from './load-services.ts'
import { PATIENCE } from './patient-engine.ts'

/** A gateway and a worker of their own, in a namespace of their own, on the run's Redis and podman. */
export interface TestPlatform {
  /** e.g. `http://127.0.0.1:41234` */
  url: string
  namespace: string
  /** Of gateway and worker, when they have ports of their own. */
  metricsUrls: { gateway: string; worker: string }
  /** Its settings as environment variables, for another gateway or worker of the same installation. */
  env: Record<string, string>
  /** Ends both. @throws Error when a container of the namespace is left, or a key that is neither a result nor the queue's */
  close(): Promise<void>
}

export const testRoot = packageRoot()

/** Tests submit faster than a caller may by default; those of the rate limit set their own. */
const UNLIMITED = {
  RATE_PER_MINUTE: '100000000',
  RATE_BURST: '1000000',
  READ_RATE_PER_MINUTE: '100000000',
  READ_RATE_BURST: '1000000',
}

/**
 * @param more settings that differ from the defaults, as environment variables
 * @param logTo gets the lines of both logs
 * @param root folder with the languages and the pages
 */
export async function startPlatform(
  more: Record<string, string> = {},
  logTo?: (line: string) => void,
  root = testRoot,
): Promise<TestPlatform> {
  const namespace = `test-${randomBytes(4).toString('hex')}`
  const env = {
    REDIS_URL: process.env['RUNYARD_TEST_REDIS'] ?? '',
    PODMAN_SOCKET: process.env['RUNYARD_TEST_PODMAN'] ?? '',
    RUNYARD_NAMESPACE: namespace,
    PORT: '0',
    LOG_LEVEL: 'fatal',
    // A sandbox is made for whoever asks: most files use one language, and none of the others is then started for nothing.
    POOL_READY: '0',
    // How long a container may take is the machine's matter, and others use it at the same time.
    TIMEOUT_FACTOR: String(PATIENCE),
    // On a slow machine minutes pass between two requests of a test, and a request that meets the end of its connection fails.
    KEEP_ALIVE_SECONDS: '3600',
    ...UNLIMITED,
    ...more,
  }
  const services = await loadServices()
  const { pino, serializeError, openTracing } = services
  const config = services.loadConfig(testRoot, env)
  const [ofWorker, ofGateway] = await Promise.all(
    ['runyard-worker', 'runyard-gateway'].map((name) => openTracing(config.tracing, name, () => undefined)),
  )
  const openLog = (tracing: Tracing | undefined) => {
    if (!logTo) return pino({ level: config.logLevel })
    const mixin = tracing?.logFields
    return pino(
      { level: config.logLevel, serializers: { err: serializeError }, ...(mixin && { mixin }) },
      { write: logTo },
    )
  }
  const { podmanSocket } = config.sandbox
  const isOfRun = podmanSocket !== undefined && podmanSocket === process.env['RUNYARD_TEST_PODMAN']
  const worker = await services.startWorker(config, root, openLog(ofWorker), {
    tracing: ofWorker,
    ...(isOfRun && { engineAt: services.knownEngine }),
  })
  const api = await services.startApi(config, root, openLog(ofGateway), ofGateway)
  return {
    url: api.url,
    namespace,
    metricsUrls: { gateway: api.metricsUrl ?? '', worker: worker.metricsUrl ?? '' },
    env,
    async close() {
      await api.close()
      await worker.close()
      await Promise.all([ofGateway?.close(), ofWorker?.close()])
      await rm(join(config.files.folder, namespace), { recursive: true, force: true })
      const engine = services.createEngine(config.sandbox.podmanSocket ?? '')
      const containers = await engine.containers(services.CONTAINER_LABEL.namespace, namespace)
      const keys = await takeKeys(services, config.redis, namespace)
      if (containers.length > 0) throw new Error(`containers left: ${containers.map(({ id }) => id).join(', ')}`)
      if (keys.length > 0) throw new Error(`keys left that never expire: ${keys.join(', ')}`)
    },
  }
}

/** See `leftKeys`. Removes all keys of the namespace. */
async function takeKeys(
  { connectRedis, leftKeys, pino }: Services,
  address: RedisAddress | undefined,
  namespace: string,
): Promise<string[]> {
  if (!address) return []
  const redis = connectRedis(address, 'wait', 'test-leak-check', pino({ level: 'silent' }))
  try {
    const left = await leftKeys(redis, namespace)
    const keys = await redis.keys(`{${namespace}}:*`)
    if (keys.length > 0) await redis.del(...keys)
    return left
  } finally {
    redis.disconnect()
  }
}
