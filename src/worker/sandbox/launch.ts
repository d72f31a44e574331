import { chmod, mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ContainerCreateOptions } from 'dockerode'
import type { Logger } from 'pino'
import { MINUTE, SECOND } from '../../shared/limits.ts'
import type { Engine } from './engine.ts'
import { OPTION_TRANSPORT, TRANSPORT_FOLDER, TRANSPORT_SOCKET } from './protocol.ts'
import { removeStale } from './remove-stale.ts'
import { attachedTransport, directTransport, type Transport } from './transport.ts'

/**
 * Starts a container and opens the transport to the init in it.
 *
 * What goes through the engine passes its service and the container's monitor, each way: over 1 ms of CPU time a job. So init
 * connects to a socket of the worker's instead, which is shown to it in a folder of its own and taken away before there is any
 * job. Whether that can be here the first container tells, which has both ways: an engine may run on another machine or in
 * other namespaces than the worker, or keep containers from sockets of the host.
 * @throws what the engine answers; nothing is left then
 */
export type Launch = (options: ContainerCreateOptions) => Promise<Transport>

/** What folders of sockets are called. */
const PREFIX = 'transport-'
/** From the start of a container until its init has connected. */
const CONNECT_MS = 10 * SECOND
/** How often it is looked whether an init that has not connected still runs. */
const LOOK_MS = SECOND
/** What a worker that was killed has left goes after so long. */
const STALE_MS = 10 * MINUTE

/**
 * @param makeFolder where sockets are made, for this user only. Undefined: everything goes through the engine
 */
export function createLaunch(engine: Engine, makeFolder: (() => Promise<string>) | undefined, log: Logger): Launch {
  let way: 'untried' | 'direct' | 'attached' = makeFolder ? 'untried' : 'attached'
  const attached = async (options: ContainerCreateOptions) => attachedTransport(await engine.launch(options))
  const decide = (reason?: string) => {
    way = reason === undefined ? 'direct' : 'attached'
    if (reason === undefined) log.info('sandboxes connect to sockets of this worker')
    else log.info({ reason }, 'sandboxes cannot connect to sockets of this worker; using the engine instead')
  }

  return async (options) => {
    if (!makeFolder || way === 'attached') return attached(options)
    if (way === 'direct') {
      const folder = await makeFolder()
      // What was said by one that ended before it connected went nowhere; the engine hears what the next one says.
      return (await launchDirect(engine, options, folder)) ?? (await launchBoth(engine, options, folder)).transport
    }
    try {
      const folder = await makeFolder()
      await removeStale(folder, (name) => isStale(folder, name))
      const { transport, reason } = await launchBoth(engine, options, folder)
      decide(reason)
      return transport
    } catch (err) {
      // Whether the folder is what was refused, or any container would be, one without it tells.
      const transport = await attached(options)
      decide((err as Error).message)
      return transport
    }
  }
}

/** A socket in a folder of its own, to be shown to one container. */
interface Door {
  folder: string
  /** The first two connections. */
  connected: Promise<[Socket, Socket]>
  /** Takes it away. @param keep whether connections stay */
  close(keep: boolean): Promise<void>
}

async function openDoor(folder: string): Promise<Door> {
  const own = await mkdtemp(join(folder, PREFIX))
  const server = createServer()
  // For the container's root, which is nobody here. Nobody else comes through the folder around it.
  await chmod(own, 0o755)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path: join(own, TRANSPORT_SOCKET), readableAll: true, writableAll: true }, resolve)
  })
  const sockets: Socket[] = []
  const connected = new Promise<[Socket, Socket]>((resolve) => {
    server.on('connection', (socket) => {
      socket.on('error', () => undefined) // Told by its end.
      sockets.push(socket)
      const [frames, lines] = sockets
      if (frames && lines) resolve([frames, lines])
    })
  })
  return {
    folder: own,
    connected,
    async close(keep) {
      server.close()
      if (!keep) for (const socket of sockets) socket.destroy()
      await rm(own, { recursive: true, force: true })
    },
  }
}

const withDoor = (options: ContainerCreateOptions, { folder }: Door): ContainerCreateOptions => ({
  ...options,
  Cmd: [...(options.Cmd ?? []), OPTION_TRANSPORT],
  HostConfig: {
    ...options.HostConfig,
    Mounts: [
      ...(options.HostConfig?.Mounts ?? []),
      { Type: 'bind', Source: folder, Target: TRANSPORT_FOLDER, ReadOnly: true },
    ],
  },
})

/** With a door and the engine's streams; init takes the door if it can. `reason`: why it did not. */
async function launchBoth(
  engine: Engine,
  options: ContainerCreateOptions,
  folder: string,
): Promise<{ transport: Transport; reason?: string }> {
  const door = await openDoor(folder)
  let came: [Socket, Socket] | undefined
  try {
    const launched = await engine.launch(withDoor(options, door))
    const { id, stream } = launched
    stream.on('error', () => undefined) // Told by its end.
    const spoke = new Promise<undefined>((resolve) => {
      for (const event of ['readable', 'close']) stream.once(event, () => resolve(undefined))
      if (stream.closed) resolve(undefined)
    })
    const late = sleep(CONNECT_MS * engine.timeoutFactor, undefined, { ref: false })
    came = await Promise.race([door.connected, spoke, late])
    if (!came) return { transport: attachedTransport(launched), reason: 'init did not connect' }
    stream.destroy()
    return { transport: directTransport(id, ...came) }
  } finally {
    await door.close(came !== undefined)
  }
}

/** With a door alone. @returns undefined when init ended, or was given up, before it connected; it is removed then */
async function launchDirect(
  engine: Engine,
  options: ContainerCreateOptions,
  folder: string,
): Promise<Transport | undefined> {
  const door = await openDoor(folder)
  let came: [Socket, Socket] | undefined
  try {
    const streams = { OpenStdin: false, StdinOnce: false, AttachStdin: false, AttachStdout: false, AttachStderr: false }
    const id = await engine.start({ ...withDoor(options, door), ...streams })
    const deadline = performance.now() + CONNECT_MS * engine.timeoutFactor
    do {
      came = await Promise.race([door.connected, sleep(LOOK_MS, undefined, { ref: false })])
      if (came) return directTransport(id, ...came)
    } while (performance.now() < deadline && (await engine.isRunning(id).catch(() => true)))
    await engine.remove(id)
    return undefined
  } finally {
    await door.close(came !== undefined)
  }
}

async function isStale(folder: string, name: string): Promise<boolean> {
  if (!name.startsWith(PREFIX)) return false
  const made = await stat(join(folder, name)).catch(() => undefined)
  return made !== undefined && Date.now() - made.mtimeMs > STALE_MS
}
