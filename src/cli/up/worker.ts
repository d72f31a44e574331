import { hostname } from 'node:os'
import { logFolder } from '../../host/backends.ts'
import { createWorkerRegistry, type WorkerInfo } from '../../shared/redis/worker-registry.ts'
import { EXIT, ExitError } from '../exit.ts'
import { until } from '../until.ts'
import { withRedis } from '../with-redis.ts'
import { lockForWorker } from './instance-lock.ts'
import { keepRunning } from './keep-running.ts'
import { startPlatform } from './platform.ts'
import { setUpDefaults } from '../set-up.ts'
import type { UpOptions } from './up.ts'

const READY_MS = 60_000
const POLL_MS = 200

/**
 * `runyard worker`: a worker on this machine, with podman's service unless `PODMAN_SOCKET` names one, until it is told to stop.
 * @returns the exit code, 0: it was told to stop
 * @throws ExitError without `REDIS_URL`, or when another worker has the data directory; Error when it cannot start. Nothing is
 * left running then. A part that dies later is started again
 */
export async function worker(options: UpOptions): Promise<number> {
  const { config, print, progress, stop } = options
  const { dataDir } = config
  if (config.redisUrl === undefined) {
    throw new ExitError(EXIT.setting, 'REDIS_URL is not set; a worker needs the Redis that the gateways use')
  }
  await lockForWorker(dataDir, { pid: process.pid, url: '', dataDir })
  await withRedis(options, (redis) => redis.ping())
  if (!(await setUpDefaults(options))) return 0

  const platform = await progress.step('Starting podman and a worker', () => startPlatform(options, 0, ['worker']))
  await keepRunning(options, platform, async () => {
    const info = await progress.step('Waiting until it reports its languages', () =>
      platform.whileAlive((alive) =>
        untilTold(options, platform.parts.at(-1)?.child.pid, AbortSignal.any([stop, alive])),
      ),
    )
    const languages = Object.entries(info.runtimes.languages).map(([id, version]) => `${id} ${version}`)
    print(
      [
        '',
        `Worker              ${info.host}, jobs at a time: ${info.slots}`,
        `Languages           ${languages.join(', ')}`,
        `Logs                ${logFolder(dataDir)}`,
        'Stop                Ctrl-C',
      ].join('\n'),
    )
  })
  return 0
}

/** Waits until the worker of this process is among those that live. @throws Error after a minute (`TIMEOUT_FACTOR`), and when `signal` aborts */
async function untilTold(options: UpOptions, pid: number | undefined, signal: AbortSignal): Promise<WorkerInfo> {
  const timeoutMs = READY_MS * options.config.timeoutFactor
  return await withRedis(options, async (redis, keys) => {
    const registry = createWorkerRegistry(redis, keys)
    const host = hostname()
    const found = async () => (await registry.alive()).find((one) => one.pid === pid && one.host === host)
    const fault = () => `the worker is not ready after ${timeoutMs / 1000} s; see ${logFolder(options.config.dataDir)}`
    return await until(found, { everyMs: POLL_MS, timeoutMs, signal, fault })
  })
}
