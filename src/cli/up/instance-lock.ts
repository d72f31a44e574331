import { createHash } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { EXIT, ExitError } from '../exit.ts'

/** For another process to say who it is. */
const ANSWER_MS = 2_000

/** Who already runs on a data directory. */
export interface Holder {
  pid: number
  url: string
  dataDir: string
}

export type InstanceLock = { acquired: true; release(): void } | { acquired: false; holder: Holder | undefined }

/**
 * Locks a data directory for this process, so that two never write to one Redis folder, or to one log. The lock is an
 * abstract socket: it goes with the process, however that ends, and whoever finds it taken can ask it who has it.
 * @param dataDir absolute
 */
export function lockDataDir(dataDir: string, holder: Holder): Promise<InstanceLock> {
  return lock(pathOf(dataDir), holder)
}

/** For the person who started another one on its data directory. */
export const alreadyRunning = (holder: Holder | undefined): string =>
  `Runyard is already running${holder ? ` at ${holder.url} (pid ${holder.pid})` : ''}.`

/**
 * Locks what podman's service and a worker use of a data directory, for as long as this process lives. `lockDataDir` locks the rest.
 * @throws ExitError naming the other process that has a worker there
 */
export async function lockForWorker(dataDir: string, holder: Holder): Promise<void> {
  const found = await lock(pathOf(`worker ${dataDir}`), holder)
  if (found.acquired) return
  throw new ExitError(
    EXIT.setting,
    `another worker runs on ${dataDir} (pid ${found.holder?.pid ?? '?'}); end it, or set RUNYARD_DATA_DIR to another folder for this one`,
  )
}

/**
 * Locks a namespace on this machine. Two installations that share podman's containers but no Redis would take each other's
 * sandboxes for those of a lost worker.
 */
export function lockNamespace(namespace: string, holder: Holder): Promise<InstanceLock> {
  return lock(pathOf(`namespace ${namespace}`), holder)
}

/** @param holder is read when somebody asks, so it may still change */
function lock(path: string, holder: Holder): Promise<InstanceLock> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end(JSON.stringify(holder))
    })
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') void askHolder(path).then((found) => resolve({ acquired: false, holder: found }))
      else reject(error)
    })
    server.listen(path, () => resolve({ acquired: true, release: () => void server.close() }))
    server.unref()
  })
}

/** Who runs on a data directory now; undefined when nobody does. */
export function holderOf(dataDir: string): Promise<Holder | undefined> {
  return askHolder(pathOf(dataDir))
}

function pathOf(what: string): string {
  return `\0runyard-${createHash('sha256').update(what).digest('hex').slice(0, 32)}`
}

function askHolder(path: string): Promise<Holder | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(path)
    socket.setTimeout(ANSWER_MS, () => socket.destroy())
    socket.on('data', (data) => (text += data.toString('utf8')))
    socket.on('error', () => {})
    socket.on('close', () => resolve(text === '' ? undefined : (JSON.parse(text) as Holder)))
  })
}
