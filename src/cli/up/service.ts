import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild, type Child } from '../../host/child.ts'
import { serviceCommand } from '../../host/service-command.ts'
import { logFolder, type Backends } from '../../host/backends.ts'
import { MIB } from '../../shared/limits.ts'
import type { CliContext } from '../context.ts'

export type ServiceName = 'api' | 'worker'

const LOG_BYTES = 32 * MIB

/** Starts the compiled gateway or worker, with the addresses of what runs here. */
export async function startService(
  { root, config }: CliContext,
  name: ServiceName,
  backends: Backends,
  port: number,
): Promise<Child> {
  const logFile = join(logFolder(config.dataDir), `${name}.log`)
  await putAside(logFile)
  return await startChild({
    name,
    command: serviceCommand(root, name),
    logFile,
    env: {
      ...process.env,
      REDIS_URL: backends.redisUrl,
      PODMAN_SOCKET: backends.podmanSocket,
      PORT: String(port),
      RUNYARD_DATA_DIR: config.dataDir,
    },
    deathSignal: 'KILL',
  })
}

/** One older log is kept, so that logs do not grow for ever. */
async function putAside(file: string): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  )
  if (size > LOG_BYTES) await rename(file, `${file}.1`)
}
