import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, duplexPair } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { serverNameOf } from '../../src/worker/way-out/client-hello.ts'
import { createTunnels, type TunnelEnd, type TunnelOptions, type Tunnels } from '../../src/worker/way-out/tunnels.ts'
import { openWayOut, type WayOut } from '../../src/worker/way-out/way-out.ts'
import { eventually } from '../support/eventually.ts'

const BOUNDS = { maxConnections: 100, maxBytes: 1e6, maxMs: 600_000 }

/** Sends back what it gets; keeps what each connection began with. */
let server: Server
let port: number
const heard: Buffer[] = []
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ry-tunnels-'))
  server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (bytes) => heard.push(bytes))
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ;({ port } = server.address() as AddressInfo)
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

const closings: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close()
  heard.length = 0
})

/** A way out that leads to the server by the names of the list, all of which are looked up as this machine. */
async function open(more: Partial<TunnelOptions> = {}) {
  const ends: TunnelEnd[] = []
  const tunnels: Tunnels = createTunnels({
    allow: [`api.example.com:${port}`, `*.example.org:${port}`, 'far.example.com'],
    reach: { allow: ['127.0.0.1'] },
    bounds: BOUNDS,
    ended: (end) => ends.push(end),
    resolve: (_name, _options, answer) => answer(null, [{ address: '127.0.0.1', family: 4 }]),
    ...more,
  })
  const nobody = async () => undefined
  const wayOut: WayOut = await openWayOut(folder, { request: nobody, connect: tunnels.connect })
  closings.push(
    () => wayOut.close(),
    () => tunnels.close(),
  )
  return { tunnels, ends, socketPath: join(wayOut.folder, 'socket') }
}

/** As a program of the cell asks. @returns its status, and the connection where there is one */
async function ask(socketPath: string, target: string): Promise<{ status: number; socket: Socket }> {
  const req = request({ socketPath, method: 'CONNECT', path: target }).end()
  const [answer, socket] = (await once(req, 'connect')) as [IncomingMessage, Socket]
  closings.push(() => socket.destroy())
  socket.on('error', () => undefined)
  return { status: answer.statusCode ?? 0, socket }
}

/** The first message of a TLS client that wants this name. */
async function helloOf(servername: string): Promise<Buffer> {
  const taker = createServer()
  taker.listen(0, '127.0.0.1')
  await once(taker, 'listening')
  const options = { port: (taker.address() as AddressInfo).port, host: '127.0.0.1' }
  const client = tlsConnect({ ...options, ...(servername !== '' && { servername }) }).on('error', () => undefined)
  const [socket] = (await once(taker, 'connection')) as [Socket]
  const [hello] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  taker.close()
  return hello
}

/** As the server of a way out has it when it is asked for a connection. @returns the other end */
function connectBy(tunnels: Tunnels): { client: Duplex; near: Duplex } {
  // Each piece that is written comes by itself.
  const [client, near] = duplexPair({ highWaterMark: 1 })
  for (const end of [client, near]) end.on('error', () => undefined)
  closings.push(() => client.destroy())
  tunnels.connect({ url: `api.example.com:${port}` } as IncomingMessage, near, Buffer.alloc(0))
  return { client, near }
}

/** A record of the handshake (RFC 8446, 5.1). */
const record = (part: Buffer) => Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part])

/** A first message with an empty extension more. */
function withExtension(hello: Buffer, type: number): Buffer {
  const message = Buffer.concat([hello.subarray(5), Buffer.from([type >> 8, type & 255, 0, 0])])
  message.writeUIntBE(message.length - 4, 1, 3)
  // Behind its head, the version and the random number: the session, the cipher suites, the compression methods.
  let at = 4 + 2 + 32
  at += 1 + message.readUInt8(at)
  at += 2 + message.readUInt16BE(at)
  at += 1 + message.readUInt8(at)
  message.writeUInt16BE(message.length - at - 2, at)
  return record(message)
}

test('a connection to a host of the list passes both ways, when the client asks the server for that name', async () => {
  const { tunnels, ends, socketPath } = await open()
  for (const host of ['api.example.com', 'deep.www.example.org']) {
    const { status, socket } = await ask(socketPath, `${host.toUpperCase()}:${port}`)
    expect(status).toBe(200)
    const hello = await helloOf(host)
    // In two pieces, as it comes over a slow line.
    socket.write(hello.subarray(0, 7))
    socket.end(hello.subarray(7))
    expect(Buffer.concat((await socket.toArray()) as Buffer[])).toEqual(hello)
  }
  await eventually('both are over', () => ends.length === 2)
  expect(ends.map(({ why }) => why)).toEqual([undefined, undefined])
  expect([...tunnels.used.hosts]).toEqual([`api.example.com:${port}`, `deep.www.example.org:${port}`])
  expect(tunnels.used.bytes).toBe(2 * heard.reduce((sum, { length }) => sum + length, 0))
})

test.each([
  ['another name', 'www.example.com'],
  ['the name above those that are allowed', 'example.org'],
  ['a name that only ends the same', 'badexample.org'],
  ['another port', 'far.example.com', 8443],
])('%s is refused', async (_title, host, other = port) => {
  const { socketPath, ends } = await open()
  expect((await ask(socketPath, `${host}:${other}`)).status).toBe(403)
  expect(ends).toMatchObject([
    { target: `${host}:${other}`, why: expect.stringContaining('not on the allow list') as unknown },
  ])
})

test.each(['127.0.0.1', '2130706433', '0x7f000001', '127.1', '[::1]', 'api.example.com:1', 'a/b', ''])(
  'an address is refused, and what is no host name: %s',
  async (host) => {
    const { socketPath } = await open()
    expect((await ask(socketPath, `${host}:${port}`)).status).toBe(400)
  },
)

test('a name of the list that leads to an internal address is refused', async () => {
  const { socketPath, ends } = await open({ reach: { allow: [] } })
  expect((await ask(socketPath, `api.example.com:${port}`)).status).toBe(403)
  expect(ends).toMatchObject([{ why: 'its address is internal' }])
})

test('a host that cannot be reached is told', async () => {
  const resolve: TunnelOptions['resolve'] = (_name, _options, answer) => answer(new Error('no such name'), [])
  const { socketPath } = await open({ resolve })
  expect((await ask(socketPath, `api.example.com:${port}`)).status).toBe(502)
})

test.each<[string, () => Promise<Buffer> | Buffer]>([
  ['another server name', () => helloOf('www.example.org')],
  ['no server name', () => helloOf('')],
  ['a hidden message', async () => withExtension(await helloOf('api.example.com'), 0xfe0d)],
  ['no TLS', () => Buffer.from('GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n')],
])('a client that sends %s is cut off, and the host hears nothing', async (_title, hello) => {
  const { socketPath, ends } = await open()
  const { status, socket } = await ask(socketPath, `api.example.com:${port}`)
  expect(status).toBe(200)
  socket.write(await hello())
  await eventually('it is cut off', () => ends.length > 0)
  expect(ends[0]?.why).toMatch(/asks the server for www\.example\.org|names no server|may hide another|is not TLS/)
  expect(heard).toEqual([])
})

test('a client that sends its first message byte by byte is cut off, and the host hears nothing', async () => {
  const { tunnels, ends } = await open()
  const { client } = connectBy(tunnels)
  for (const byte of await helloOf('api.example.com')) client.write(Buffer.from([byte]))
  await eventually('it is cut off', () => ends.length > 0)
  expect(ends[0]?.why).toBe('the first message comes in too many pieces')
  expect(heard).toEqual([])
})

test('a client that goes away while its host is looked up is no more waited for', async () => {
  let found: (() => void) | undefined
  const resolve: TunnelOptions['resolve'] = (_name, _options, answer) => {
    found = () => answer(null, [{ address: '127.0.0.1', family: 4 }])
  }
  const { tunnels, ends } = await open({ resolve })
  const { near } = connectBy(tunnels)
  await eventually('the host is looked up', () => found !== undefined)
  near.destroy()
  await once(near, 'close')
  found?.()
  await eventually('it is over', () => ends.length > 0)
  expect(ends[0]?.why).toBe('the client went away')
})

test('a client that ends within its first message is no more waited for', async () => {
  const { tunnels, ends } = await open()
  const { client } = connectBy(tunnels)
  client.end((await helloOf('api.example.com')).subarray(0, 7))
  await eventually('it is over', () => ends.length > 0)
  expect(ends[0]?.why).toBe('the client went away')
})

test('a client that says nothing is cut off, on a slow machine later', async () => {
  const quick = await open({ timeoutFactor: 1 / 1000 })
  const slow = await open({ timeoutFactor: 1000 })
  const { client } = connectBy(slow.tunnels)
  await ask(quick.socketPath, `api.example.com:${port}`)
  await eventually('it is cut off', () => quick.ends.length > 0)
  expect(quick.ends[0]?.why).toBe('the client says nothing')
  expect(slow.ends).toEqual([])
  client.destroy()
})

test('more bytes or connections than are allowed are refused', async () => {
  const { socketPath, ends } = await open({ bounds: { ...BOUNDS, maxBytes: 5000, maxConnections: 1 } })
  const { socket } = await ask(socketPath, `api.example.com:${port}`)
  socket.write(await helloOf('api.example.com'))
  socket.write(Buffer.alloc(10_000))
  await eventually('it is cut off', () => ends.length > 0)
  expect(ends[0]?.why).toContain('more than 5000 bytes')
  expect((await ask(socketPath, `api.example.com:${port}`)).status).toBe(403)
})

test('a connection that takes too long is cut off, and all of them when the cell ends', async () => {
  const brief = await open({ bounds: { ...BOUNDS, maxMs: 1 } })
  const late = await ask(brief.socketPath, `api.example.com:${port}`)
  late.socket.write(await helloOf('api.example.com'))
  await eventually('it is cut off', () => brief.ends.length > 0)
  expect(brief.ends[0]?.why).toBe('it took longer than 1 ms')
  const { tunnels, socketPath, ends } = await open()
  const { socket } = await ask(socketPath, `api.example.com:${port}`)
  socket.write(await helloOf('api.example.com'))
  await eventually('the host hears it', () => heard.length > 0)
  await tunnels.close()
  await eventually('it is over', () => ends.length > 0)
})

test.each(['*', '*.com:0', 'localhost', '127.0.0.1', 'a.b:99999', 'https://a.b', '*.*.b.c'])(
  '%s is nothing that can be allowed',
  (rule) => {
    const nothing = { reach: { allow: [] }, bounds: BOUNDS, ended: () => undefined }
    expect(() => createTunnels({ ...nothing, allow: [rule] })).toThrow('no host name')
  },
)

describe('a first message', () => {
  test('is read when it comes byte by byte, or in several records', async () => {
    const hello = await helloOf('Api.Example.com')
    for (let length = 0; length < hello.length; length++)
      expect(serverNameOf(hello.subarray(0, length))).toBeUndefined()
    expect(serverNameOf(hello)).toBe('api.example.com')
    const content = hello.subarray(5)
    const split = Buffer.concat([
      record(content.subarray(0, 3)),
      record(content.subarray(3, 60)),
      record(content.subarray(60)),
    ])
    expect(serverNameOf(split)).toBe('api.example.com')
  })

  test('is read in up to 16 records, and an extension more does not matter', async () => {
    const hello = await helloOf('api.example.com')
    const content = hello.subarray(5)
    const inRecords = (count: number) =>
      Buffer.concat([
        ...Array.from({ length: count - 1 }, (_, at) => record(content.subarray(at, at + 1))),
        record(content.subarray(count - 1)),
      ])
    expect(serverNameOf(inRecords(16))).toBe('api.example.com')
    expect(() => serverNameOf(inRecords(17))).toThrow('too many records')
    expect(() => serverNameOf(Buffer.concat(Array.from({ length: 17 }, () => record(Buffer.alloc(0)))))).toThrow(
      'too many records',
    )
    expect(serverNameOf(withExtension(hello, 0xfafa))).toBe('api.example.com')
    expect(() => serverNameOf(withExtension(hello, 0xfe0d))).toThrow('may hide another')
  })

  test('that is cut, changed or endless is an error or not yet whole, never a name of another', async () => {
    const hello = await helloOf('api.example.com')
    for (let at = 0; at < hello.length; at++) {
      const changed = Buffer.from(hello)
      changed.writeUInt8(changed.readUInt8(at) ^ 0x55, at)
      let name: string | undefined
      try {
        name = serverNameOf(changed)
      } catch (error) {
        expect((error as Error).name).toBe('NoServerName')
      }
      // Where the name itself was changed it is that.
      const isName = hello.indexOf('api.example.com') <= at && at < hello.indexOf('api.example.com') + 15
      if (!isName) expect([undefined, 'api.example.com']).toContain(name)
    }
    expect(() =>
      serverNameOf(Buffer.concat([Buffer.from([22, 3, 1, 255, 255, 1, 255, 255, 255]), Buffer.alloc(40_000)])),
    ).toThrow('too long')
  })
})
