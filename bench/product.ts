import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { startBackends } from '../src/host/backends.ts'
import { serviceCommand } from '../src/host/service-command.ts'
import type { Scope } from '../src/shared/access/api-key.ts'
import { closeOnce } from '../src/shared/close-once.ts'
import { createApiKeys } from '../src/shared/access/api-keys.ts'
import { loadConfig } from '../src/shared/config/config.ts'
import { connectRedis } from '../src/shared/redis/connect.ts'
import { createKeys, type Keys } from '../src/shared/redis/keys.ts'
import { childrenOf } from '../tests/support/processes.ts'
import { type RedisRelay, startRedisRelay } from '../tests/support/redis-relay.ts'
import { ownPort } from '../tests/support/own-port.ts'
import { releaseAtSignal } from './release-at-signal.ts'

/** The product as it is run: gateway and worker as processes of their own, on a Redis and a podman service of their own. */
export interface Product {
  url: string
  /** Makes a key of this tenant that may submit as fast as it likes. @param scopes `jobs` when absent @returns the headers that show it */
  key(tenant: string, scopes?: Scope[]): Promise<Record<string, string>>
  keys: Keys
  redis: Redis
  podmanSocket: string
  namespace: string
  /** What counts the traffic of each with Redis; undefined unless it was asked for. */
  relays: { gateway: RedisRelay; worker: RedisRelay } | undefined
  /** Process ids, by component. */
  pids: Record<Component, number>
  close(): Promise<void>
}

export const COMPONENTS = ['gateway', 'worker', 'Redis', 'podman service'] as const
export type Component = (typeof COMPONENTS)[number]

/**
 * Also ended, with every sandbox, when this process is ended from outside.
 * @param root of the package; `dist/` must be built
 * @param env settings that differ from the defaults
 * @param counted whether what they ask of Redis goes through relays
 */
export async function startProduct(root: string, env: Record<string, string>, counted = false): Promise<Product> {
  /** In the order of their making. */
  const releases: (() => unknown)[] = []
  const release = closeOnce(() => closeOnce(...releases.toReversed())())
  const ending = new AbortController()
  const starting = start(root, env, counted, releases, ending.signal)
  const forget = releaseAtSignal(async () => {
    ending.abort(new Error('ended from outside'))
    await starting.catch(() => undefined)
    await release()
  })
  const close = async () => {
    forget()
    await release()
  }
  try {
    return { ...(await starting), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(
  root: string,
  env: Record<string, string>,
  counted: boolean,
  releases: (() => unknown)[],
  ending: AbortSignal,
): Promise<Omit<Product, 'close'>> {
  // Sockets are in it: it goes behind those who need them.
  const dataDir = await mkdtemp(join(tmpdir(), 'runyard-bench-'))
  releases.push(() => rm(dataDir, { recursive: true, force: true }))
  const backends = await startBackends({ dataDir })
  releases.push(() => backends.close())
  const relay = async (name: string) => {
    const started = await startRedisRelay(join(dataDir, `${name}.sock`), backends.redisUrl.slice('unix://'.length))
    releases.push(() => started.close())
    return started
  }
  const relays = counted ? { gateway: await relay('gateway'), worker: await relay('worker') } : undefined
  const port = String(await ownPort())
  const namespace = `bench-${port}`
  const settings = {
    ...process.env,
    PODMAN_SOCKET: backends.podmanSocket,
    RUNYARD_NAMESPACE: namespace,
    PORT: port,
    AUTH: 'required',
    ...env,
  }
  const log = openSync(join(dataDir, 'log'), 'a')
  const startService = (name: 'api' | 'worker') => {
    const command = serviceCommand(root, name)
    const redisUrl = relays?.[name === 'api' ? 'gateway' : 'worker'].url ?? backends.redisUrl
    // In a session of its own, which Ctrl-C in the terminal does not reach; and not without this process, whatever ends that.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...command], {
      env: { ...settings, REDIS_URL: redisUrl },
      stdio: ['ignore', log, 'inherit'],
      detached: true,
    })
    releases.push(() => ended(child))
    return child
  }
  const [worker, gateway] = [startService('worker'), startService('api')]
  closeSync(log)
  const url = `http://127.0.0.1:${port}`
  await untilReady(url, [worker, gateway], ending)
  const { redis: address } = loadConfig(root, { REDIS_URL: backends.redisUrl })
  if (!address) throw new Error('there is no Redis')
  const redis = connectRedis(address, 'wait', 'bench', pino({ level: 'warn' }))
  releases.push(() => redis.disconnect())
  const keys = createKeys(namespace)
  const [redisPid = 0, podmanPid = 0] = backends.parts.map(({ child }) => child.pid)
  return {
    url,
    keys,
    redis,
    namespace,
    relays,
    podmanSocket: backends.podmanSocket,
    async key(tenant, scopes = ['jobs']) {
      const rate = { perMinute: 1e8, burst: 1e6 }
      const { secretKey } = await createApiKeys(redis, keys).create({ name: 'bench', tenant, rate, scopes })
      return { authorization: `Bearer ${secretKey}` }
    },
    pids: {
      gateway: gateway.pid ?? 0,
      worker: worker.pid ?? 0,
      Redis: redisPid,
      // Behind a shell that outlives it.
      'podman service': childrenOf(podmanPid)[0] ?? podmanPid,
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = once(child, 'exit')
  child.kill('SIGTERM')
  await end
}

async function untilReady(url: string, children: ChildProcess[], ending: AbortSignal): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    ending.throwIfAborted()
    if (children.some((child) => child.exitCode !== null)) throw new Error('the product did not start; is dist/ built?')
    const ready = await fetch(`${url}/readyz`)
      .then((response) => response.json())
      .catch(() => undefined)
    if ((ready as { workers?: number } | undefined)?.workers === 1) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the product was not ready within 30 s')
}
