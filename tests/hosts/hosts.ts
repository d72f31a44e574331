import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { runCommand } from '../../src/host/command.ts'
import { createApiKeys } from '../../src/shared/access/api-keys.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createKeys, type Keys } from '../../src/shared/redis/keys.ts'
import { createWorkerRegistry, type WorkerInfo } from '../../src/shared/redis/worker-registry.ts'
import { UNLIMITED } from '../support/installation.ts'
import { compiledCommand } from '../support/started-command.ts'
import { type Host, type Program, startHost } from './host.ts'
import { makeNetwork, type Network } from './network.ts'

/** An installation of three hosts, and this process as the fourth. */
export interface Hosts {
  namespace: string
  network: Network
  /** Redis and a gateway. */
  a: Host
  /** A worker each. */
  b: Host
  c: Host
  url: string
  headers: { authorization: string }
  connection: Redis
  keys: Keys
  alive(): Promise<WorkerInfo[]>
  /** Those of the commands that have ended, though nobody told them to. */
  ended(): string[]
  podmanSocket(host: Host): string
  /** The jobs a host has started, with the time of each start in ms since the epoch. */
  starts(host: Host): { jobId: string; time: number }[]
  /** Tells the commands to end. @returns what went wrong */
  stop(): Promise<string[]>
  /** Ends everything and removes it, whatever state it is in. Idempotent. */
  close(): Promise<void>
}

const NETWORK = '10.213.77'
const READY_MS = 90_000

/** @param tell gets a line for each step @throws Error when something does not start; nothing is left then */
export async function startHosts(tell: (line: string) => void): Promise<Hosts> {
  const root = packageRoot()
  const network = await makeNetwork(`${NETWORK}.1`)
  const namespace = `hosts-${randomBytes(3).toString('hex')}`
  const folder = await mkdtemp(join(tmpdir(), 'runyard-hosts-'))
  const images = (await runCommand(['podman', 'info', '--format', '{{.Store.GraphRoot}}'])).trim()
  const hosts: Host[] = []
  let connection: Redis | undefined
  let closing: Promise<void> | undefined
  const close = () =>
    (closing ??= (async () => {
      connection?.disconnect()
      for (const host of hosts) await host.close()
      network.close()
      await runCommand(['rm', '--recursive', '--force', '--one-file-system', folder])
    })())
  const make = async (name: string, number: number) => {
    const host = await startHost(name, `${NETWORK}.${number}`, folder, images)
    hosts.push(host)
    return host
  }
  const programs: { name: string; program: Program }[] = []
  const launch = async (host: Host, name: string, command: readonly string[], env: Record<string, string> = {}) => {
    const program = await host.start(name, command, env)
    programs.push({ name: `${name} on ${host.name}`, program })
    return program
  }
  try {
    const a = await make('host-a', 2)
    const b = await make('host-b', 3)
    const c = await make('host-c', 4)
    await network.connect(a)
    await network.connect(b)
    await network.connectByWire(c)
    tell(`${namespace}: ${hosts.map(({ name, address }) => `${name} is ${address}`).join(', ')}`)

    const password = randomBytes(16).toString('hex')
    const passwordFile = join(folder, 'password')
    await writeFile(passwordFile, password, { mode: 0o600 })
    await launch(a, 'redis', ['redis-server', await redisSettings(a, password)])
    const env = {
      REDIS_URL: `redis://${a.address}:6379`,
      REDIS_PASSWORD_FILE: passwordFile,
      RUNYARD_NAMESPACE: namespace,
    }
    const { redis: address } = loadConfig(root, env)
    if (!address) throw new Error('no Redis')
    connection = connectRedis(address, 'wait', 'hosts', pino({ level: 'silent' }))
    await connection.ping()
    const keys = createKeys(namespace)
    const registry = createWorkerRegistry(connection, keys)
    const { secretKey } = await createApiKeys(connection, keys).create({ name: 'client', tenant: 'hosts' })

    const runyard = (host: Host, name: string, more: Record<string, string>) =>
      launch(host, name, [process.execPath, compiledCommand(), name], {
        ...env,
        RUNYARD_DATA_DIR: join(host.folder, 'data'),
        ...more,
      })
    const started = [
      await runyard(a, 'gateway', { HOST: a.address, AUTH: 'required', ...UNLIMITED }),
      await runyard(b, 'worker', { WORKER_CONCURRENCY: '3' }),
      await runyard(c, 'worker', { WORKER_CONCURRENCY: '3' }),
    ]
    await Promise.all(started.map(untilStarted))
    return {
      namespace,
      network,
      a,
      b,
      c,
      url: `http://${a.address}:3000`,
      headers: { authorization: `Bearer ${secretKey}` },
      connection,
      keys,
      alive: () => registry.alive(),
      ended: () => programs.filter(({ program }) => !program.running).map(({ name }) => `${name} has ended`),
      podmanSocket: (host) => join(host.folder, 'data/run/podman.sock'),
      starts,
      async stop() {
        const faults: string[] = []
        // Redis, which was started first, is needed until the others have ended.
        for (const { name, program } of programs.toReversed()) {
          const code = await program.stop()
          if (code !== 0) faults.push(`${name} exited with ${code}`)
        }
        return faults
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function redisSettings(host: Host, password: string): Promise<string> {
  const folder = join(host.folder, 'redis')
  await mkdir(folder)
  const file = join(folder, 'redis.conf')
  const lines = [
    `bind ${host.address}`,
    'port 6379',
    `requirepass ${password}`,
    `dir ${folder}`,
    'appendonly yes',
    'save ""',
    'maxmemory-policy noeviction',
  ]
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  return file
}

async function untilStarted(program: Program): Promise<void> {
  for (const deadline = Date.now() + READY_MS; ; await sleep(100)) {
    const text = readFileSync(program.logFile, 'utf8')
    if (text.includes('Stop                Ctrl-C')) return
    if (!program.running || Date.now() > deadline) throw new Error(`it did not start:\n${text}`)
  }
}

function starts({ folder }: Host): { jobId: string; time: number }[] {
  return readFileSync(join(folder, 'data/logs/worker.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"msg":"job started"'))
    .map((line) => JSON.parse(line) as { jobId: string; time: number })
}
