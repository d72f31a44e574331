import { once } from 'node:events'
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import { DirectConnector } from '../../src/shared/redis/direct-connector.ts'
import { ownPort } from './own-port.ts'
import { eventually } from './eventually.ts'

/** A `redis-server` process of a test. */
export interface RedisProcess {
  port: number
  folder: string
  /** `kill -9`. */
  kill(): Promise<void>
  /** One command, on a connection of its own. */
  ask<T = unknown>(command: string, ...args: (string | number)[]): Promise<T>
}

/** Redis processes on loopback, in whatever arrangement; all of them end with the test. */
export interface RedisServers {
  /** @param lines of its configuration, beside port and folder */
  start(lines?: string[], login?: RedisOptions): Promise<RedisProcess>
  /** One that watches masters; its configuration is a file that it writes to. */
  startSentinel(lines: string[]): Promise<RedisProcess>
  close(): Promise<void>
}

const READY_MS = 120_000

export function createRedisServers(): RedisServers {
  const running = new Set<{ child: ChildProcess; folder: string }>()

  const launch = async (lines: string[], isSentinel: boolean, login: RedisOptions): Promise<RedisProcess> => {
    const port = await ownPort()
    const folder = await mkdtemp(join(tmpdir(), 'runyard-redis-'))
    const file = join(folder, 'redis.conf')
    const tls = lines.includes('tls-port PORT')
    const all = [tls ? 'port 0' : `port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, ...lines]
    // Nodes talk to each other on a second port, otherwise 10,000 above the first: where the system's own begin.
    if (lines.includes('cluster-enabled yes')) all.push(`cluster-port ${await ownPort()}`)
    await writeFile(
      file,
      `${all.map((line) => line.replace('PORT', String(port)).replace('FOLDER', folder)).join('\n')}\n`,
    )
    const child = spawn('redis-server', [file, ...(isSentinel ? ['--sentinel'] : [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = wordsOf(child)
    // Only then has all been read that it said.
    let isClosed = false
    child.once('close', () => (isClosed = true))
    const entry = { child, folder }
    running.add(entry)
    const ask = async <T>(command: string, ...args: (string | number)[]): Promise<T> => {
      const redis = new Redis({
        host: '127.0.0.1',
        port,
        lazyConnect: true,
        retryStrategy: () => null,
        Connector: DirectConnector,
        ...(login as object),
      })
      redis.on('error', () => undefined)
      try {
        await redis.connect()
        return (await redis.call(command, ...args)) as T
      } finally {
        redis.disconnect()
      }
    }
    for (const deadline = Date.now() + READY_MS; ; await sleep(30)) {
      if (
        await ask('PING').then(
          () => true,
          () => false,
        )
      )
        break
      if (Date.now() > deadline || isClosed) throw new Error(`redis-server did not start in ${folder}: ${said()}`)
    }
    return {
      port,
      folder,
      ask,
      async kill() {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill('SIGKILL')
        await once(child, 'exit')
      },
    }
  }

  return {
    start: (lines = [], login = {}) => launch(['save ""', 'maxmemory-policy noeviction', ...lines], false, login),
    startSentinel: (lines) => launch(lines, true, {}),
    async close() {
      for (const { child, folder } of running) {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL')
          await once(child, 'exit')
        }
        await rm(folder, { recursive: true, force: true })
      }
      running.clear()
    },
  }
}

/** Three sentinels that watch a master and its replicas; on a busy machine one that answers within a second is the exception. */
export async function startSentinelGroup(servers: RedisServers, replicas: number, name: string) {
  const master = await servers.start(['appendonly yes'])
  const others: RedisProcess[] = []
  for (let count = 0; count < replicas; count++) {
    others.push(await servers.start(['appendonly yes', `replicaof 127.0.0.1 ${master.port}`]))
  }
  const sentinels: RedisProcess[] = []
  for (let count = 0; count < 3; count++) {
    sentinels.push(
      await servers.startSentinel([
        `sentinel monitor ${name} 127.0.0.1 ${master.port} 2`,
        `sentinel down-after-milliseconds ${name} 5000`,
        `sentinel failover-timeout ${name} 5000`,
      ]),
    )
  }
  // They find each other and the replicas through the master.
  for (const sentinel of sentinels) {
    await eventually(`sentinel ${sentinel.port} knows the others`, async () => {
      const facts = pairs(await sentinel.ask<string[]>('SENTINEL', 'MASTER', name))
      return facts['num-other-sentinels'] === '2' && facts['num-slaves'] === String(replicas)
    })
  }
  await eventually('replicas have the data', async () =>
    (await master.ask<string>('INFO', 'replication')).includes(`connected_slaves:${replicas}`),
  )
  return { master, replicas: others, sentinels }
}

/** A cluster of masters, each with as many replicas. */
export async function startCluster(servers: RedisServers, masters: number, replicas = 0) {
  const lines = [
    'cluster-enabled yes',
    'cluster-node-timeout 5000',
    'appendonly yes',
    'cluster-replica-validity-factor 0',
  ]
  const nodes: RedisProcess[] = []
  for (let count = 0; count < masters * (1 + replicas); count++) nodes.push(await servers.start(lines))
  const [first] = nodes
  if (!first) throw new Error('a cluster needs nodes')
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  await redisCli(['--cluster', 'create', ...addresses, '--cluster-replicas', String(replicas), '--cluster-yes'])
  for (const node of nodes) {
    await eventually(`node ${node.port} sees a whole cluster`, async () => {
      const info = await node.ask<string>('CLUSTER', 'INFO')
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`)
    })
  }
  return nodes
}

/** @throws Error with what it said when it fails */
export async function redisCli(args: string[]): Promise<string> {
  const child = spawn('redis-cli', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = wordsOf(child)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`redis-cli ${args.join(' ')}: ${said()}`)
  return said()
}

const pairs = (flat: string[]): Record<string, string> =>
  Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [])))

/** Reads what a process writes. @returns what gives all of it so far */
function wordsOf({ stdout, stderr }: ChildProcessByStdio<null, Readable, Readable>): () => string {
  let said = ''
  for (const stream of [stdout, stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  return () => said
}
