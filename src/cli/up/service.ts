import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild, type Child } from '../../host/child.ts'
import { serviceCommand } from '../../host/service-command.ts'
import { logFolder, type Backends } from '../../host/backends.ts'
import { MIB } from '../../shared/limits.ts'
import type { CliContext } from '../context.ts'

export type ServiceName = 'api' | 'worker'

/** Where what a service needs is reached; a gateway needs no podman. */
export type Addresses = Pick<Backends, 'redisUrl'> & { readonly podmanSocket: string | undefined }

const LOG_BYTES = 32 * MIB

/** Starts the compiled gateway or worker, with the addresses of what runs here. */
export async function startService(
  { root, config }: CliContext,
  name: ServiceName,
  addresses: Addresses,
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
      REDIS_URL: addresses.redisUrl,
      PODMAN_SOCKET: addresses.podmanSocket,
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
