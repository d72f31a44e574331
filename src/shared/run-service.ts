import type { Logger } from 'pino'
import { type Config, loadConfig } from './config/config.ts'
import { createLog } from './log.ts'
import { packageRoot } from './package-root.ts'
import { createCollectorLog } from './tracing/collector-log.ts'
import { openTracing, type Tracing } from './tracing/tracing.ts'

export interface Service {
  close(): Promise<void>
}

/** What the processes are called in traces. */
const SERVICE_NAMES = { api: 'runyard-gateway', worker: 'runyard-worker' }

/** "Unsettled top-level await" among Node's exit codes. */
const NOTHING_LEFT = 13

/**
 * The life of a process: reads the settings, starts its one service, and closes it when it is told to stop. This is where a
 * service's process ends, with 0 after an orderly stop and with 1, and a plain sentence on standard error, when it could not be started or closed.
 * @param start gets the settings and the folder with `languages/` and `sandbox/`
 */
export async function runService(
  name: 'api' | 'worker',
  start: (config: Config, root: string, log: Logger, tracing: Tracing | undefined) => Promise<Service>,
): Promise<void> {
  const signal = stopSignal()
  // Node's own end of a process in which nothing is left to wait for; it says nothing of it.
  process.once('exit', (code) => {
    if (code === NOTHING_LEFT)
      process.stderr.write(`runyard ${name}: ended during its start, because nothing was left to wait for\n`)
  })
  try {
    const root = packageRoot()
    const config = loadConfig(root)
    const collector = createCollectorLog(() => log)
    const tracing = await openTracing(config.tracing, SERVICE_NAMES[name], collector)
    const log: Logger = createLog(config.logLevel, name, tracing?.logFields)
    for (const { former, name: setting } of config.formerNames) {
      log.warn({ former, setting }, 'setting was renamed; its former name works in this version only')
    }
    const service = await Promise.race([start(config, root, log, tracing), aborted(signal)])
    // Told to stop while starting: what was begun ends with this process, sandboxes at the end of their input.
    if (!service) process.exit(0)
    await aborted(signal)
    log.info({ reason: String(signal.reason) }, 'stopping')
    await service.close()
    await tracing?.close()
    log.info('stopped')
    // What outlived its time to end still holds timers and sockets.
    process.exit(0)
  } catch (error) {
    process.stderr.write(`runyard ${name}: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/**
 * Turns SIGTERM and SIGINT, and the loss of a parent that started this process with a channel to it, into one AbortSignal.
 * A second signal is left to its default, so that an operator can always end the process.
 */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = (reason: string) => controller.abort(new Error(reason))
  process.once('SIGTERM', () => stop('SIGTERM'))
  process.once('SIGINT', () => stop('SIGINT'))
  if (process.channel) {
    process.once('disconnect', () => stop('the parent process is gone'))
    // The channel only tells of the parent's end; it must not keep this process alive.
    process.channel.unref()
  }
  return controller.signal
}
