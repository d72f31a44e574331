import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { logFolder } from '../host/backends.ts'
import { runCommand } from '../host/command.ts'
import { listImages } from '../host/images/image-store.ts'
import { probeImage } from '../host/images/references.ts'
import { detectRuntime } from '../host/oci-runtime.ts'
import { podmanCommand } from '../host/podman.ts'
import { type PodmanMode, podmanModeHere } from '../host/podman-mode.ts'
import { conmonIn, podmanAnswers, podmanSocketIn, startPodmanService } from '../host/podman-service.ts'
import { startRestartingChild } from '../host/restarting-child.ts'
import { rootPrefix } from '../host/root-command.ts'
import { CONTAINER_LABEL } from '../shared/container-label.ts'
import { type CliContext, UsageError } from './context.ts'
import { lockDataDir } from './up/instance-lock.ts'

export interface EngineOptions extends CliContext {
  /** Folder of the socket, made when it is not there; `runyard` in the runtime folder when nothing is said. */
  folder?: string | undefined
  /** Name or number of the group that may use the socket; only this user otherwise. */
  group?: string | undefined
  stop: AbortSignal
}

const GROUP = /^(\d+|[a-z_][a-z0-9_-]*)$/

/**
 * `runyard engine`: podman's service as `npm start` runs it, for workers that are started otherwise, until it is told to stop.
 * @throws UsageError when there is one already, Error when it cannot be started
 */
export async function runEngine(options: EngineOptions): Promise<void> {
  const { root, config, group, print, stop } = options
  if (group !== undefined && !GROUP.test(group)) {
    throw new UsageError(`--group is "${group}"; allowed are the name and the number of a group`)
  }
  const mode = await podmanModeHere(config.sandbox.podmanMode)
  const folder = resolve(options.folder ?? runtimeFolder(mode))
  const socket = podmanSocketIn(folder)
  const lock = await lockDataDir(folder, { pid: process.pid, url: socket, dataDir: config.dataDir })
  if (!lock.acquired || (await podmanAnswers(socket)))
    throw new UsageError(`a podman service answers at ${socket} already`)
  const { dataDir, namespace, sandbox, timeoutFactor } = config
  const logFile = join(logFolder(dataDir), 'podman.log')
  await mkdir(logFolder(dataDir), { recursive: true, mode: 0o700 })
  if (!existsSync(folder)) await makeFolder(folder, mode)
  const podman = podmanCommand({ mode })
  const image = probeImage(await listImages(podman))
  const runtime = await detectRuntime({ podman, image, asked: sandbox.ociRuntime, timeoutFactor, dataDir })
  const label = `${CONTAINER_LABEL.namespace}=${namespace}`
  const part = await startRestartingChild(async () => {
    const service = await startPodmanService({
      mode,
      socketFolder: folder,
      logFile,
      runtime,
      conmon: conmonIn(root),
      timeoutFactor,
      label,
    })
    try {
      if (group !== undefined) await share(socket, group, mode)
      return service
    } catch (error) {
      await service.close()
      throw error
    }
  })
  part.keepAlive(print)
  print(`podman's service answers at ${socket}; its containers are run by ${runtime}`)
  try {
    if (!stop.aborted) await once(stop, 'abort')
  } finally {
    await part.close()
  }
}

const runtimeFolder = (mode: PodmanMode) =>
  join(mode === 'rootless' ? (process.env['XDG_RUNTIME_DIR'] ?? '/run') : '/run', 'runyard')

/** For everybody to enter: who may use the socket is told by the socket's own mode. */
async function makeFolder(folder: string, mode: PodmanMode): Promise<void> {
  const owner = ['-o', String(process.getuid?.()), '-g', String(process.getgid?.())]
  await runCommand([...prefix(mode), 'install', '-d', '-m', '0755', ...owner, folder])
}

async function share(socket: string, group: string, mode: PodmanMode): Promise<void> {
  await runCommand([...prefix(mode), 'chgrp', group, socket])
  await chmod(socket, 0o660)
}

const prefix = (mode: PodmanMode) => (mode === 'sudo' ? rootPrefix() : [])
