import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { closeOnce } from '../shared/close-once.ts'
import { packageRoot } from '../shared/package-root.ts'
import { listImages } from './images/image-store.ts'
import { probeImage } from './images/references.ts'
import { detectRuntime } from './oci-runtime.ts'
import { podmanCommand } from './podman.ts'
import { podmanModeHere, type PodmanModeSetting } from './podman-mode.ts'
import { conmonIn, podmanSocketIn, startPodmanService } from './podman-service.ts'
import { redisUrlIn, startRedis } from './redis.ts'
import { type RestartingChild, startRestartingChild } from './restarting-child.ts'
import { makeSocketFolder } from '../shared/socket-folder.ts'

export interface Backends {
  /** As `REDIS_URL` takes it. */
  readonly redisUrl: string
  /** As `PODMAN_SOCKET` takes it. */
  readonly podmanSocket: string
  /** What was started here, to be watched. */
  readonly parts: readonly RestartingChild[]
  /** Stops what was started here, podman's service before Redis. Idempotent. */
  close(): Promise<void>
}

export interface BackendOptions {
  /** Absolute. Sockets, logs and Redis's data are kept below it. */
  dataDir: string
  /** One that runs already; none is started then. */
  redisUrl?: string | undefined
  /** One that answers already; none is started then. */
  podmanSocket?: string | undefined
  /** How podman is to be run; `auto` when nothing is said. */
  podmanMode?: PodmanModeSetting | undefined
  /** The OCI runtime to use, without trying others. */
  ociRuntime?: string | undefined
  /** Multiplies how long their answers are waited for: `TIMEOUT_FACTOR`. */
  timeoutFactor?: number | undefined
  /** Label of the containers whose half-made ones go with podman's service, e.g. `name=value`. */
  label?: string | undefined
}

/**
 * Starts Redis and podman's service, each unless there is one already.
 * @throws Error when one does not start; nothing is left running then
 */
export async function startBackends(options: BackendOptions): Promise<Backends> {
  const { dataDir, timeoutFactor } = options
  const logs = logFolder(dataDir)
  await mkdir(logs, { recursive: true, mode: 0o700 })
  const socketFolder = await makeSocketFolder(dataDir)
  const parts: RestartingChild[] = []
  const close = closeOnce(
    () => parts[1]?.close(),
    () => parts[0]?.close(),
  )
  let { redisUrl, podmanSocket } = options
  try {
    if (redisUrl === undefined) {
      const start = () => startRedis({ dataDir, socketFolder, logFile: join(logs, 'redis.log'), timeoutFactor })
      parts.push(await startRestartingChild(start))
      redisUrl = redisUrlIn(socketFolder)
    }
    if (podmanSocket === undefined) {
      const mode = await podmanModeHere(options.podmanMode ?? 'auto')
      const podman = podmanCommand({ mode })
      const image = probeImage(await listImages(podman))
      const runtime = await detectRuntime({ podman, image, asked: options.ociRuntime, timeoutFactor, dataDir })
      const logFile = join(logs, 'podman.log')
      const start = () =>
        startPodmanService({
          mode,
          socketFolder,
          logFile,
          runtime,
          conmon: conmonIn(packageRoot()),
          timeoutFactor,
          label: options.label,
        })
      parts.push(await startRestartingChild(start))
      podmanSocket = podmanSocketIn(socketFolder)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { redisUrl, podmanSocket, parts, close }
}

/** Where the logs of everything started are. */
export const logFolder = (dataDir: string) => join(dataDir, 'logs')
