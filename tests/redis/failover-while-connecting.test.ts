import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { connectRedis } from '../../src/shared/redis/connect.ts'
import { createRedisServers } from '../support/redis-servers.ts'

const servers = createRedisServers()
let port: number
beforeAll(async () => {
  port = (await servers.start()).port
})
afterAll(() => servers.close())

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`
const array = (...items: string[]) => `*${items.length}\r\n${items.map(bulk).join('')}`
/** In RESP3 what nobody asked for is a push. */
const push = (...items: string[]) => array(...items).replace('*', '>')

/** A sentinel whose answers, who the master is, can be held back. */
async function startSentinel() {
  const listeners = new Set<Socket>()
  const held: (() => void)[] = []
  let holds = false
  let asked = () => {}
  const answer = (socket: Socket, command: string[]) => {
    const [name = '', what = ''] = command.map((word) => word.toLowerCase())
    if (name === 'subscribe') {
      listeners.add(socket)
      socket.write(`>3\r\n${bulk('subscribe')}${bulk('+switch-master')}:1\r\n`)
    } else if (name === 'sentinel' && what === 'get-master-addr-by-name') {
      const tell = () => socket.write(array('127.0.0.1', String(port)))
      if (holds) held.push(tell)
      else tell()
      asked()
    } else if (name === 'sentinel') socket.write('*0\r\n')
    else socket.write('+OK\r\n')
  }
  const server = createServer((socket) => {
    let text = ''
    socket.on('error', () => undefined)
    socket.on('close', () => listeners.delete(socket))
    socket.on('data', (chunk) => {
      text += chunk.toString()
      for (let one = readCommand(text); one; one = readCommand(text)) {
        text = text.slice(one.length)
        answer(socket, one.words)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    hold: () => {
      holds = true
      return new Promise<void>((resolve) => (asked = resolve))
    },
    /** Resolves when those who listened have left. */
    async tellOfFailover() {
      const all = [...listeners]
      const left = all.map((socket) => once(socket, 'close'))
      for (const socket of all) socket.write(push('message', '+switch-master', `group 127.0.0.1 1 127.0.0.1 ${port}`))
      await Promise.all(left)
    },
    release() {
      holds = false
      for (const tell of held.splice(0)) tell()
    },
    listeners,
    close: () => server.close(),
  }
}

/** The first command in a text, as clients send them: an array of bulk strings. */
function readCommand(text: string): { words: string[]; length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text)
  if (!head) return undefined
  let at = head[0].length
  const words: string[] = []
  for (let left = Number(head[1]); left > 0; left--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at))
    if (!size) return undefined
    at += size[0].length
    const end = at + Number(size[1])
    if (text.length < end + 2) return undefined
    words.push(text.slice(at, end))
    at = end + 2
  }
  return { words, length: at }
}

test('a failover that is told while a connection is made does not end it for good', async () => {
  const sentinel = await startSentinel()
  const address = {
    kind: 'sentinel' as const,
    sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
    master: 'group',
    db: 0,
  }
  const redis = connectRedis(address, 'wait', 'test', pino({ level: 'silent' }))
  try {
    expect(await redis.ping()).toBe('PONG')
    while (sentinel.listeners.size === 0) await new Promise((resolve) => setImmediate(resolve))
    const asked = sentinel.hold()
    redis.stream.destroy()
    await asked
    const pong = redis.ping()
    await sentinel.tellOfFailover()
    sentinel.release()
    expect(await pong).toBe('PONG')
  } finally {
    redis.disconnect()
    sentinel.close()
  }
})

test('a connection that is closed while it is made stays closed', async () => {
  const sentinel = await startSentinel()
  const address = {
    kind: 'sentinel' as const,
    sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
    master: 'group',
    db: 0,
  }
  const asked = sentinel.hold()
  const redis = connectRedis(address, 'wait', 'test', pino({ level: 'silent' }))
  await asked
  const ended = once(redis, 'end')
  redis.disconnect()
  sentinel.release()
  await ended
  expect(redis.status).toBe('end')
  sentinel.close()
})
