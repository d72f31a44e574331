import { mkdir } from 'node:fs/promises'
import { logFolder, startBackends } from '../../host/backends.ts'
import { describeEnd, type Child } from '../../host/child.ts'
import { waitForNoContainers } from '../../host/leftovers.ts'
import { type RestartingChild, type Running, startRestartingChild } from '../../host/restarting-child.ts'
import { logTail } from '../../host/log-tail.ts'
import { closeOnce } from '../../shared/close-once.ts'
import { CONTAINER_LABEL } from '../../shared/container-label.ts'
import type { CliContext } from '../context.ts'
import { summarise } from './log-watch.ts'
import { type Addresses, type ServiceName, startService } from './service.ts'

/** Services of ours and what they need on this machine, as children of this process. */
export interface Platform {
  readonly parts: readonly RestartingChild[]
  /** From now on, starts again what ends by itself. @param tell gets a line for a person each time */
  keepAlive(tell: (line: string) => void): void
  /**
   * Settles as `work` does, unless a child ends first: then the signal `work` was given aborts.
   * @throws Error naming the child, with the end of its log
   */
  whileAlive<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** Stops gateway, worker, podman's service and Redis, in this order. Idempotent. */
  close(): Promise<void>
  /** Makes a close under way quick: running jobs are not waited for. */
  hurry(): void
}

/**
 * Starts these services, and before them Redis, unless `REDIS_URL` names one, and podman's service, when there is to be a worker and
 * `PODMAN_SOCKET` names none.
 * @param port of the gateway
 * @throws Error when a part cannot be started; nothing is left running then
 */
export async function startPlatform(
  context: CliContext,
  port: number,
  names: readonly ServiceName[] = ['worker', 'api'],
): Promise<Platform> {
  const { namespace, sandbox, worker: settings } = context.config
  const label = `${CONTAINER_LABEL.namespace}=${namespace}`
  const backends = await startWhatIsNeeded(context, label, names)
  const services = new Map<ServiceName, RestartingChild>()
  const ownPodman = sandbox.podmanSocket === undefined ? backends.podmanSocket : undefined
  const start = async (name: ServiceName): Promise<Running> => {
    const child = await startService(context, name, backends, port)
    return { child, close: (graceMs) => child.stop(graceMs) }
  }
  const close = closeOnce(
    () => services.get('api')?.close(API_GRACE_MS),
    () => services.get('worker')?.close(settings.drainTimeoutMs + WORKER_GRACE_MS),
    () => (ownPodman === undefined ? undefined : waitForNoContainers(ownPodman, label, CONTAINERS_MS)),
    () => backends.close(),
  )
  try {
    for (const name of names) services.set(name, await startRestartingChild(() => start(name)))
  } catch (error) {
    await close()
    throw error
  }
  const parts = [...backends.parts, ...services.values()]
  const death = firstDeath(parts.map(({ child }) => child))
  return {
    parts,
    keepAlive: (tell) => parts.forEach((part) => part.keepAlive(tell)),
    async whileAlive(work) {
      const race = new AbortController()
      try {
        return await Promise.race([work(race.signal), death])
      } finally {
        race.abort()
      }
    },
    close,
    hurry: () => services.forEach(({ child }) => child.kill()),
  }
}

/** What the services need, as children of this process; a gateway alone needs a Redis, which is elsewhere then. */
async function startWhatIsNeeded(
  { config }: CliContext,
  label: string,
  names: readonly ServiceName[],
): Promise<Addresses & { parts: readonly RestartingChild[]; close(): Promise<void> }> {
  const { dataDir, redisUrl, sandbox, timeoutFactor } = config
  if (redisUrl !== undefined && !names.includes('worker')) {
    await mkdir(logFolder(dataDir), { recursive: true, mode: 0o700 })
    return { redisUrl, podmanSocket: undefined, parts: [], close: async () => {} }
  }
  const { podmanSocket, podmanMode, ociRuntime } = sandbox
  return await startBackends({ dataDir, redisUrl, podmanSocket, podmanMode, ociRuntime, timeoutFactor, label })
}

const API_GRACE_MS = 10_000
/** Beyond the drain time: to remove its sandboxes. */
const WORKER_GRACE_MS = 15_000
/** The containers of a worker that was killed are gone after about two. */
const CONTAINERS_MS = 6_000

function firstDeath(children: readonly Child[]): Promise<never> {
  const death = Promise.race(
    children.map(async (child): Promise<never> => {
      const end = await child.ended
      const tail = (await logTail(child.logFile)).map((line) => summarise(line) ?? '').filter((line) => line !== '')
      const said = tail.length === 0 ? '' : `\n${tail.map((line) => `  ${line}`).join('\n')}`
      throw new Error(`${child.name} ${describeEnd(end)} unexpectedly; the end of ${child.logFile}:${said}`)
    }),
  )
  // Whoever waits learns of it through whileAlive; after a close nobody does.
  death.catch(() => {})
  return death
}
