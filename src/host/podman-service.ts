import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeEnd, startChild, type Child } from './child.ts'
import { logTail } from './log-tail.ts'
import { startRootChild } from './root-child.ts'

export interface PodmanService {
  readonly socketPath: string
  readonly child: Child
  /** Stops the service and removes its socket. Idempotent. */
  close(): Promise<void>
}

export interface PodmanServiceOptions {
  /** Where the socket is made; see `makeSocketFolder`. */
  socketFolder: string
  logFile: string
  /** OCI runtime of every container the service makes; a request cannot choose another. */
  runtime: string
}

const START_MS = 15_000

/**
 * Runs `podman system service` and waits until it answers.
 * @throws Error with the end of its log when it does not
 */
export async function startPodmanService(options: PodmanServiceOptions): Promise<PodmanService> {
  const socketPath = join(options.socketFolder, 'podman.sock')
  await rm(socketPath, { force: true })
  const start = process.getuid?.() === 0 ? startChild : startRootChild
  const child = await start({
    socketPath,
    name: 'podman service',
    command: ['podman', '--runtime', options.runtime, 'system', 'service', '--time=0', `unix://${socketPath}`],
    logFile: options.logFile,
    deathSignal: 'TERM',
  })
  let closing: Promise<void> | undefined
  const service: PodmanService = {
    socketPath,
    child,
    close() {
      return (closing ??= (async () => {
        await child.stop(5_000)
        await rm(socketPath, { force: true })
      })())
    },
  }
  const fault = await faultOfStart(socketPath, child)
  if (fault === undefined) return service
  await service.close()
  throw new Error(`podman's service ${fault}:\n${(await logTail(options.logFile)).join('\n')}`)
}

async function faultOfStart(socketPath: string, child: Child): Promise<string | undefined> {
  let ended: string | undefined
  void child.ended.then((end) => (ended = describeEnd(end)))
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(25)) {
    if (await podmanAnswers(socketPath)) return undefined
    if (ended !== undefined) return ended
  }
  return `did not answer within ${START_MS / 1000} s`
}

/** Whether a podman service answers at this socket. */
export function podmanAnswers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 5_000 }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200))
      response.on('error', () => resolve(false))
    })
    ping.on('timeout', () => ping.destroy())
    ping.on('error', () => resolve(false))
    ping.end()
  })
}
