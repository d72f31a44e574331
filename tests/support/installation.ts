import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { serviceCommand } from '../../src/host/service-command.ts'
import { logFolder } from '../../src/host/backends.ts'
import { type Child, startChild } from '../../src/host/child.ts'
import { ownPort } from './own-port.ts'
import { listImages } from '../../src/host/images/image-store.ts'
import { probeImage } from '../../src/host/images/references.ts'
import { waitForNoContainers } from '../../src/host/leftovers.ts'
import { detectRuntime } from '../../src/host/oci-runtime.ts'
import { podmanCommand } from '../../src/host/podman.ts'
import { conmonIn, startPodmanService } from '../../src/host/podman-service.ts'
import { startRedis } from '../../src/host/redis.ts'
import { makeSocketFolder } from '../../src/shared/socket-folder.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createKeys, type Keys } from '../../src/shared/redis/keys.ts'
import { createWorkerRegistry } from '../../src/shared/redis/worker-registry.ts'
import { childrenOf } from './processes.ts'

/** A process of an installation, which can be killed and started again. */
export interface Part {
  readonly name: string
  /** Of the program itself. */
  readonly pid: number
  readonly running: boolean
  /** Resolves when it serves. @throws Error when it does not get there */
  start(): Promise<void>
  /** SIGTERM; resolves when it has ended. @returns its exit code, null when a signal ended it */
  stop(): Promise<number | null>
  /** `kill -9`; resolves when it has ended. */
  kill(): Promise<void>
  readonly logFile: string
}

/**
 * Runyard as it is run in earnest: Redis with an append-only file, podman's service, gateways and workers, each a process of
 * its own, in a namespace and a folder of their own.
 */
export interface Installation {
  namespace: string
  keys: Keys
  redis: Part
  podman: Part
  workers: Part[]
  gateways: Part[]
  /** Of the gateways. */
  urls: string[]
  podmanSocket: string
  redisSocket: string
  /** Past whatever stands between the services and Redis. */
  connection: Redis
  /** Removes what a Redis that does not run has kept. */
  loseData(): Promise<void>
  /** Stops everything in good order. @returns how many containers were left */
  close(): Promise<number>
}

export interface InstallationOptions {
  name: string
  workers: number
  gateways: number
  env?: Record<string, string>
  /** What is different for one worker, as on a host of its own. @param number from 1 */
  workerEnv?: (number: number) => Record<string, string>
  /** Where the services find Redis, when not at its own socket. */
  redisUrl?: (socketPath: string) => Promise<string>
  /** `REDIS_URL` of a Redis that is there already; it has none of its own then. */
  foreignRedis?: string
}

/** Callers of a trial are not limited: it is one address that submits, and its jobs meet limits on purpose. */
export const UNLIMITED = {
  RATE_PER_MINUTE: '100000000',
  RATE_BURST: '1000000',
  READ_RATE_PER_MINUTE: '100000000',
  READ_RATE_BURST: '1000000',
  ABUSE_BLOCK_SCORE: '0',
}
const READY_MS = 60_000
/** Those of a worker that was killed take about two seconds. */
const NO_CONTAINERS_MS = 30_000

/** @throws Error when a part does not start, e.g. because `dist/` is not built */
export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const root = packageRoot()
  const namespace = `${options.name}-${randomBytes(3).toString('hex')}`
  const label = `${CONTAINER_LABEL.namespace}=${namespace}`
  const dataDir = await mkdtemp(join(tmpdir(), `runyard-${options.name}-`))
  const logs = logFolder(dataDir)
  await mkdir(logs, { recursive: true })
  const socketFolder = await makeSocketFolder(dataDir)
  const command = podmanCommand()
  const runtime = await detectRuntime({
    podman: command,
    image: probeImage(await listImages(command)),
    asked: undefined,
    dataDir,
  })
  const redisSocket = join(socketFolder, 'redis.sock')
  const podmanSocket = join(socketFolder, 'podman.sock')

  const ownRedis = createPart('redis', join(logs, 'redis.log'), async (logFile) => {
    const { child } = await startRedis({ dataDir, socketFolder, logFile })
    return { child, pid: child.pid }
  })
  const podman = createPart('podman', join(logs, 'podman.log'), async (logFile) => {
    const { child } = await startPodmanService({
      socketFolder,
      logFile,
      runtime,
      conmon: conmonIn(packageRoot()),
      label,
    })
    return { child, pid: childrenOf(child.pid)[0] ?? child.pid }
  })
  const foreign = options.foreignRedis
  const redis = foreign === undefined ? ownRedis : foreignPart()
  await redis.start()
  await podman.start()

  const log = pino({ level: 'silent' })
  const { redis: address } = loadConfig(root, {
    ...options.env,
    REDIS_URL: foreign ?? `unix://${redisSocket}`,
    RUNYARD_NAMESPACE: namespace,
  })
  if (!address) throw new Error('no Redis')
  const connection = connectRedis(address, 'wait', 'trial', log)
  const keys = createKeys(namespace)
  const registry = createWorkerRegistry(connection, keys)
  const redisUrl = foreign ?? (await options.redisUrl?.(redisSocket)) ?? `unix://${redisSocket}`
  const service = (
    name: 'api' | 'worker',
    port: number,
    ready: (pid: number) => Promise<boolean>,
    own: Record<string, string> = {},
  ) => {
    return async (logFile: string) => {
      const env = {
        ...process.env,
        ...UNLIMITED,
        REDIS_URL: redisUrl,
        PODMAN_SOCKET: podmanSocket,
        RUNYARD_NAMESPACE: namespace,
        RUNYARD_DATA_DIR: dataDir,
        PORT: String(port),
        ...options.env,
        ...own,
      }
      const command = serviceCommand(root, name)
      const child = await startChild({ name, command, logFile, env, deathSignal: 'KILL' })
      let ended = false
      void child.ended.then(() => (ended = true))
      for (const deadline = Date.now() + READY_MS; !(await ready(child.pid)); await sleep(50)) {
        if (ended || Date.now() > deadline) throw new Error(`${name} did not start:\n${tail(logFile)}`)
      }
      return { child, pid: child.pid }
    }
  }
  const workers = numbers(options.workers).map((number) =>
    createPart(
      `worker ${number}`,
      join(logs, `worker-${number}.log`),
      service(
        'worker',
        0,
        async (pid) => (await registry.alive()).some((worker) => worker.pid === pid),
        options.workerEnv?.(number),
      ),
    ),
  )
  const ports: number[] = []
  for (const _ of numbers(options.gateways)) ports.push(await ownPort())
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  const gateways = ports.map((port, index) =>
    createPart(
      `gateway ${index + 1}`,
      join(logs, `gateway-${index + 1}.log`),
      service('api', port, async () =>
        fetch(`http://127.0.0.1:${port}/healthz`).then(
          (response) => response.ok,
          () => false,
        ),
      ),
    ),
  )
  const loseData = () => rm(join(dataDir, 'redis'), { recursive: true })
  const close = async () => {
    for (const part of [...gateways, ...workers]) if (part.running) await part.stop()
    const left = await waitForNoContainers(podmanSocket, label, NO_CONTAINERS_MS)
    connection.disconnect()
    for (const part of [podman, redis]) if (part.running) await part.stop()
    if (left === 0) await rm(dataDir, { recursive: true, force: true })
    return left
  }
  try {
    await Promise.all([...workers, ...gateways].map((part) => part.start()))
  } catch (error) {
    await close()
    throw error
  }
  return {
    namespace,
    keys,
    redis,
    podman,
    workers,
    gateways,
    urls,
    podmanSocket,
    redisSocket,
    connection,
    loseData,
    close,
  }
}

function createPart(
  name: string,
  logFile: string,
  launch: (logFile: string) => Promise<{ child: Child; pid: number }>,
): Part {
  let current: { child: Child; pid: number } | undefined
  let running = false
  const launched = () => {
    if (!current) throw new Error(`${name} was never started`)
    return current
  }
  return {
    name,
    logFile,
    get pid() {
      return launched().pid
    },
    get running() {
      return running
    },
    async start() {
      const mine = await launch(logFile)
      current = mine
      running = true
      void mine.child.ended.then(() => {
        if (current === mine) running = false
      })
    },
    async stop() {
      return (await launched().child.stop(90_000)).exitCode
    },
    async kill() {
      const { child, pid } = launched()
      process.kill(pid, 'SIGKILL')
      await child.ended
    },
  }
}

/** For what whoever made it starts and stops. */
const foreignPart = (): Part => ({
  name: 'redis of others',
  pid: 0,
  running: true,
  logFile: '',
  start: async () => {},
  stop: async () => 0,
  kill: async () => {},
})

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

const tail = (logFile: string) => readFileSync(logFile, 'utf8').split('\n').slice(-10).join('\n')
