import { mkdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeEnd, startChild, type Child } from './child.ts'
import { logTail } from './log-tail.ts'

export interface RedisServer {
  /** `unix:///path`, as `REDIS_URL` takes it. */
  readonly url: string
  readonly child: Child
  /** Lets Redis write what it has and end. Idempotent. */
  close(): Promise<void>
}

export interface RedisOptions {
  /** Its append-only file lives in `redis/` below. */
  dataDir: string
  /** Where the socket is made; see `makeSocketFolder`. Only who can enter this folder can reach this Redis. */
  socketFolder: string
  logFile: string
  /** Multiplies how long its answer is waited for: `TIMEOUT_FACTOR`. */
  timeoutFactor?: number | undefined
}

/** Reading a large append-only file back takes a while, also on a machine that is not slow. */
const LOAD_MS = 120_000
/** What one answer has. */
const ANSWER_MS = 5_000

/**
 * Runs a Redis of our own: no port, append-only file, nothing evicted; and waits until it has read its data.
 * @throws Error with the end of its log when it does not get there
 */
export async function startRedis(options: RedisOptions): Promise<RedisServer> {
  const folder = join(options.dataDir, 'redis')
  const socketPath = socketPathIn(options.socketFolder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await rm(socketPath, { force: true })
  const child = await startChild({
    name: 'Redis',
    command: ['redis-server', ...redisArguments(folder, socketPath)],
    logFile: options.logFile,
    deathSignal: 'TERM',
  })
  let closing: Promise<void> | undefined
  const server: RedisServer = {
    url: redisUrlIn(options.socketFolder),
    child,
    close() {
      return (closing ??= (async () => {
        await child.stop(30_000)
        await rm(socketPath, { force: true })
      })())
    },
  }
  const fault = await faultOfStart(socketPath, child, options.timeoutFactor ?? 1)
  if (fault === undefined) return server
  await server.close()
  throw new Error(`Redis ${fault}:\n${(await logTail(options.logFile)).join('\n')}`)
}

const socketPathIn = (socketFolder: string): string => join(socketFolder, 'redis.sock')

/** Where a Redis whose socket is in this folder is reached. */
export const redisUrlIn = (socketFolder: string): string => `unix://${socketPathIn(socketFolder)}`

function redisArguments(folder: string, socketPath: string): string[] {
  return Object.entries({
    port: '0',
    unixsocket: socketPath,
    unixsocketperm: '700',
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  }).flatMap(([name, value]) => [`--${name}`, value])
}

async function faultOfStart(socketPath: string, child: Child, timeoutFactor: number): Promise<string | undefined> {
  const timeoutMs = LOAD_MS * timeoutFactor
  let ended: string | undefined
  void child.ended.then((end) => (ended = describeEnd(end)))
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(20)) {
    if ((await redisReply(socketPath, 'PING', ANSWER_MS * timeoutFactor)).startsWith('+PONG')) return undefined
    if (ended !== undefined) return ended
  }
  return `did not answer within ${timeoutMs / 1000} s`
}

/** The first bytes of the answer to an inline command; empty when nobody answers. */
export function redisReply(socketPath: string, command: string, timeoutMs = ANSWER_MS): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(socketPath, () => socket.write(`${command}\r\n`))
    const end = (text: string) => {
      socket.destroy()
      resolve(text)
    }
    socket.setTimeout(timeoutMs, () => end(''))
    socket.on('data', (data) => end(data.toString('utf8')))
    socket.on('error', () => end(''))
    socket.on('close', () => resolve(''))
  })
}
