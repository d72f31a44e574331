import { hostname } from 'node:os'
import { closeOnce } from '../../shared/close-once.ts'
import { SECOND } from '../../shared/limits.ts'
import { createInstallations } from '../../shared/redis/installations.ts'
import type { WorkerCore } from '../core.ts'
import { startTimer } from '../timer.ts'
import { createInstallOnRequest } from './install-on-request.ts'
import type { InstalledRuntimes } from './installed-runtimes.ts'

const REFRESH_MS = 10 * SECOND

export interface RuntimesOptions {
  /** Folder with `dist/`. */
  root: string
  podmanSocket: string
  installed: InstalledRuntimes
}

/** Keeps what is installed up to date, and installs what operators ask for, where this worker does. */
export interface RuntimeUpdates {
  /** Hears of what is asked for from now on. @throws when Redis refuses */
  start: () => Promise<void>
  close: () => Promise<void>
}

/** @param changed is called each time it was made sure what the engine has, whether that has changed or not */
export function createRuntimes(
  { config, keys, redis, subscriber, log }: WorkerCore,
  { root, podmanSocket, installed }: RuntimesOptions,
  changed: () => Promise<void>,
): RuntimeUpdates {
  const refresh = async () => {
    await installed.refresh()
    await changed()
  }
  const installing = config.worker.installOnRequest
    ? createInstallOnRequest({
        installations: createInstallations(redis, keys),
        host: hostname(),
        languages: new Set(installed.defined),
        root,
        env: { ...process.env, PODMAN_SOCKET: podmanSocket, RUNYARD_DATA_DIR: config.dataDir },
        installed: refresh,
        log,
      })
    : undefined
  subscriber.on('message', (channel: string, id: string) => {
    if (channel === keys.installations) installing?.look(id)
  })
  const look = async () => {
    await refresh()
    await installing?.lookAtAll()
  }
  const timer = startTimer('refresh of runtimes', REFRESH_MS, look, log)
  return {
    async start() {
      if (installing) await subscriber.subscribe(keys.installations)
    },
    close: closeOnce(
      () => installing?.close(),
      () => timer.stop(),
    ),
  }
}
