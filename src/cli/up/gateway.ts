import { logFolder } from '../../host/backends.ts'
import { freePort } from '../../host/free-port.ts'
import { EXIT, ExitError } from '../exit.ts'
import { until } from '../until.ts'
import { withRedis } from '../with-redis.ts'
import { alreadyRunning, lockDataDir, type Holder } from './instance-lock.ts'
import { probeHost, urlOf } from './hosts.ts'
import { keepRunning } from './keep-running.ts'
import { startPlatform } from './platform.ts'
import type { UpOptions } from './up.ts'

const READY_MS = 60_000
const POLL_MS = 150
/** What one answer has. */
const ANSWER_MS = 2_000

/**
 * `runyard gateway`: a gateway on this machine and nothing else, until it is told to stop. It needs neither podman nor root.
 * @returns the exit code: 0 when it was told to stop, or runs already
 * @throws ExitError without `REDIS_URL`; Error when it cannot start. Nothing is left running then. Should it die later it is
 * started again
 */
export async function gateway(options: UpOptions): Promise<number> {
  const { config, print, progress, stop } = options
  const { dataDir, http } = config
  if (config.redisUrl === undefined) {
    throw new ExitError(EXIT.setting, 'REDIS_URL is not set; a gateway needs the Redis that the workers use')
  }
  const self: Holder = { pid: process.pid, url: urlOf(http.host, http.port), dataDir }
  const lock = await lockDataDir(dataDir, self)
  if (!lock.acquired) {
    print(alreadyRunning(lock.holder))
    return 0
  }
  await withRedis(options, (redis) => redis.ping())
  const port = await freePort(http.host, http.port)
  self.url = urlOf(http.host, port)

  const platform = await progress.step('Starting a gateway', () => startPlatform(options, port, ['api']))
  await keepRunning(options, platform, async () => {
    const probe = `http://${probeHost(http.host)}:${port}/healthz`
    await progress.step('Waiting until it answers', () =>
      platform.whileAlive((alive) => untilAnswered(probe, config.timeoutFactor, AbortSignal.any([stop, alive]))),
    )
    print(
      `\nGateway             ${self.url}/, the API at ${self.url}/docs\nLogs                ${logFolder(dataDir)}\nStop                Ctrl-C`,
    )
  })
  return 0
}

/** @throws Error after a minute (`TIMEOUT_FACTOR`), and when `signal` aborts */
async function untilAnswered(url: string, timeoutFactor: number, signal: AbortSignal): Promise<void> {
  const timeoutMs = READY_MS * timeoutFactor
  const answers = async () => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS * timeoutFactor) }).catch(() => undefined)
    return answer?.ok ? true : undefined
  }
  const fault = () => `${url} does not answer 200 after ${timeoutMs / 1000} s`
  await until(answers, { everyMs: POLL_MS, timeoutMs, signal, fault })
}
