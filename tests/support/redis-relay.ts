import { createConnection, createServer, type Socket } from 'node:net'
import { closeOnce } from '../../src/shared/close-once.ts'

/** What a component asked of Redis. */
export interface RedisTraffic {
  /** How often something was sent after Redis had last said something on that connection, or before it had said anything. */
  trips: number
  commands: number
}

export interface RedisRelay {
  /** As `REDIS_URL` takes it. */
  readonly url: string
  /** Since the start; what is answered without being asked, as messages of channels are, counts as nothing. */
  readonly traffic: Readonly<RedisTraffic>
  /** Bytes that passed, in either direction: unchanged while nothing happens. */
  readonly bytes: number
  close: () => Promise<void>
}

/**
 * Stands between a component and Redis, and counts. Commands that are written together, as a pipeline or a transaction, are one trip.
 * @param path of the socket to listen on
 * @param target path of Redis's socket
 */
export async function startRedisRelay(path: string, target: string): Promise<RedisRelay> {
  const traffic: RedisTraffic = { trips: 0, commands: 0 }
  const sockets = new Set<Socket>()
  let bytes = 0
  const server = createServer((client) => {
    const redis = createConnection(target)
    const count = createCommandCounter()
    let asks = false
    client.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      traffic.commands += count(chunk)
      if (!asks) traffic.trips++
      asks = true
      redis.write(chunk)
    })
    redis.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      asks = false
      client.write(chunk)
    })
    for (const [one, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return {
    url: `unix://${path}`,
    traffic,
    get bytes() {
      return bytes
    },
    close: closeOnce(
      () => sockets.forEach((socket) => socket.destroy()),
      () => new Promise<void>((resolve) => server.close(() => resolve())),
    ),
  }
}

/**
 * Counts commands in what a client writes, wherever its pieces end: arrays of bulk strings (`*2\r\n$4\r\n...`).
 * @returns a function that takes a piece and gives the number of commands that ended in it
 */
export function createCommandCounter(): (chunk: Buffer) => number {
  let line = ''
  /** Strings of the present command that are to come. */
  let strings = 0
  /** Bytes of the present string, with its line end, that are to come. */
  let skip = 0
  return (chunk) => {
    let commands = 0
    for (let at = 0; at < chunk.length;) {
      if (skip > 0) {
        const taken = Math.min(skip, chunk.length - at)
        skip -= taken
        at += taken
        if (skip === 0 && strings === 0) commands++
        continue
      }
      const end = chunk.indexOf('\n', at)
      line += chunk.toString('latin1', at, end < 0 ? chunk.length : end)
      if (end < 0) break
      const value = Number(line.trim().slice(1))
      if (line.startsWith('*')) {
        strings = value
      } else {
        strings--
        skip = value + 2
      }
      line = ''
      at = end + 1
    }
    return commands
  }
}
