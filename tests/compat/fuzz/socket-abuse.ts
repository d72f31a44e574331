import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'
import { jupyterMessages } from './corpus.ts'

const HANDSHAKE_KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const SOCKETS = 40
const FLOOD_MESSAGES = 400
const ANSWER_MS = 10_000

/** Frames that break the protocol of WebSockets: reserved bits, no mask, lengths beyond everything, control frames that are too long. */
const BROKEN_FRAMES = [
  Buffer.from([0xf1, 0x81, 0, 0, 0, 0, 0x41]),
  Buffer.from([0x81, 0x01, 0x41]),
  Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
  Buffer.concat([Buffer.from([0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0]), Buffer.alloc(256)]),
  Buffer.from([0x80, 0x81, 0, 0, 0, 0, 0x41]),
  Buffer.from([0x88, 0x81, 0, 0, 0, 0, 0x00]),
  Buffer.alloc(4096, 0xff),
]

export interface AbuseOptions {
  url: string
  own: string
  /** Paths of sockets that the caller may open. */
  paths: readonly string[]
  /** A kernel's socket among them, which is used after it all. */
  kernelPath: string
}

/** Opens sockets as no client does, and looks whether others are still served. @returns what was wrong */
export async function abuseSockets({ url, own, paths, kernelPath }: AbuseOptions): Promise<string[]> {
  const faults: string[] = []
  const { hostname, port } = new URL(url)
  const raw = async (): Promise<Socket> => {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  const handshake = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${own}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${HANDSHAKE_KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`
  const open: Socket[] = []
  /** @returns none when it is refused: that others are still answered is looked at by itself */
  const flooded = async (path: string): Promise<WebSocket | undefined> => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, {
      headers: { authorization: `Bearer ${own}` },
    })
    const isOpen = once(socket, 'open', { signal: AbortSignal.timeout(ANSWER_MS) }).then(
      () => true,
      () => false,
    )
    // For errors after the first, which the wait has taken.
    socket.on('error', () => undefined)
    if (await isOpen) return socket
    socket.terminate()
    return undefined
  }
  const check = async (after: string) => {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined)
    if (!answer?.ok) faults.push(`the gateway does not answer after ${after}`)
  }

  const abuse = async (path: string) => {
    // Half a request, and no more of it.
    for (let left = SOCKETS; left > 0; left--) {
      const socket = await raw()
      socket.write(handshake(path).slice(0, 20 + (left % 200)))
      open.push(socket)
    }
    await check(`${SOCKETS} halves of a request to ${path}`)
    for (const frame of BROKEN_FRAMES) {
      const socket = await raw()
      const closed = once(socket, 'close', { signal: AbortSignal.timeout(ANSWER_MS) })
      socket.resume().write(handshake(path))
      socket.write(frame)
      await closed.catch(() => undefined)
      if (!socket.destroyed)
        faults.push(`a broken frame ${frame.subarray(0, 4).toString('hex')} to ${path} did not end its socket`)
      socket.destroy()
    }
    // Sends and never reads.
    for (let left = 4; left > 0; left--) {
      const socket = await flooded(path)
      if (!socket) continue
      socket.pause()
      for (let sent = 0; sent < FLOOD_MESSAGES && socket.readyState === socket.OPEN; sent++) {
        socket.send(JSON.stringify(jupyterMessages[sent % jupyterMessages.length]))
      }
      if (left % 2 === 0) socket.terminate()
      else setTimeout(() => socket.terminate(), 1000)
    }
    await check(`a flood of ${path}`)
  }
  try {
    for (const path of paths) await abuse(path)
    if (!(await isAnswered(`${url.replace('http', 'ws')}${kernelPath}`, own)))
      faults.push(
        `a kernel does not answer after the abuse of its sockets; it is ${await stateOf(url, kernelPath, own)}`,
      )
  } finally {
    for (const socket of open) socket.destroy()
  }
  return faults
}

/** What the gateway says of a kernel. */
async function stateOf(url: string, kernelPath: string, own: string): Promise<string> {
  const headers = { 'x-api-key': own }
  const answer = await fetch(`${url}${kernelPath.replace(/\/channels$/, '')}`, { headers })
  return `${answer.status} ${await answer.text()}`
}

/** Whether a kernel tells what it is, on a socket of its own. */
async function isAnswered(address: string, own: string): Promise<boolean> {
  const socket = new WebSocket(address, { headers: { authorization: `Bearer ${own}` } })
  socket.on('error', () => undefined)
  const signal = AbortSignal.timeout(60_000)
  try {
    await once(socket, 'open', { signal })
    // Several messages come in one piece: who waits for one at a time misses those behind it.
    const replied = new Promise<true>((resolve) => {
      socket.on('message', (data) => {
        if ((data as Buffer).toString().includes('kernel_info_reply')) resolve(true)
      })
    })
    socket.send(JSON.stringify(jupyterMessages[0]))
    return await Promise.race([replied, once(socket, 'close', { signal }).then(() => false)])
  } catch {
    return false
  } finally {
    socket.terminate()
  }
}
