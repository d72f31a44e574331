import { once } from 'node:events'
import { logFolder } from '../../host/backends.ts'
import { freePort } from '../../host/free-port.ts'
import type { Progress } from '../../host/progress.ts'
import { loadConfiguredLanguages, type CliContext } from '../context.ts'
import { setUp } from '../set-up.ts'
import { claimDataDir } from './claim.ts'
import { describeJob, runFirstJob } from './first-job.ts'
import { watchLog } from './log-watch.ts'
import { startPlatform, type Platform } from './platform.ts'
import { waitUntilReady } from './wait-until-ready.ts'

export interface UpOptions extends CliContext {
  progress: Progress
  /** Aborts when a person or a supervisor wants this to end. */
  stop: AbortSignal
  /** Aborts when they want it to end at once. */
  hurry: AbortSignal
}

const READY_MS = 60_000

/**
 * `runyard up`: everything on one machine, until it is told to stop.
 * @returns the exit code: 0 when it was told to stop, or runs already
 * @throws Error when it cannot start or a part of it died; nothing is left running then
 */
export async function up(options: UpOptions): Promise<number> {
  const { config, print, progress, stop } = options
  const { host } = config.http
  const claim = await claimDataDir(config.dataDir, { pid: process.pid, url: urlOf(host, config.http.port) })
  if (!claim.mine) {
    print(`Runyard is already running${claim.holder ? ` at ${claim.holder.url} (pid ${claim.holder.pid})` : ''}.`)
    return 0
  }
  const port = await freePort(host, config.http.port)
  const defaults = loadConfiguredLanguages(options.root).filter((language) => language.default)
  await setUp(options, defaults.map(({ id }) => id), progress) // prettier-ignore
  if (stop.aborted) return 0

  const platform = await progress.step('Starting Redis, podman, worker and gateway', () => startPlatform(options, port))
  options.hurry.addEventListener('abort', () => platform.hurry())
  try {
    await serve(options, platform, urlOf(host, port))
  } catch (error) {
    if (!stop.aborted) throw error
  } finally {
    print('\nStopping; running jobs are waited for (Ctrl-C again stops them too).')
    await platform.close()
    print('Stopped.')
  }
  return 0
}

/** From the first answer to the signal that ends it. */
async function serve(options: UpOptions, platform: Platform, url: string): Promise<void> {
  const { config, print, progress, stop } = options
  await progress.step('Waiting until they can take jobs', () =>
    platform.whileAlive((alive) => waitUntilReady(url, 'python', READY_MS, AbortSignal.any([stop, alive]))),
  )
  const job = await progress.step('Running one job through all of it', () =>
    platform.whileAlive((alive) => runFirstJob(url, AbortSignal.any([stop, alive]))),
  )
  print(`\n${describeJob(job)}\n\n${addresses(url, config.dataDir)}`)
  const watched = platform.children.filter(({ name }) => name === 'api' || name === 'worker')
  const watches = await Promise.all(watched.map((child) => watchLog(child.name, child.logFile, print)))
  try {
    if (!stop.aborted) await platform.whileAlive((signal) => once(stop, 'abort', { signal }))
  } finally {
    for (const watch of watches) watch.stop()
  }
}

function addresses(url: string, dataDir: string): string {
  return [
    `Runyard answers at  ${url}`,
    `Try it              curl -s ${url}/v1/jobs -H 'content-type: application/json' -H 'prefer: wait=30' \\`,
    `                      -d '{"language": "python", "code": "print(6 * 7)"}'`,
    `Logs                ${logFolder(dataDir)}`,
    'Stop                Ctrl-C',
  ].join('\n')
}

const urlOf = (host: string, port: number) => `http://${host.includes(':') ? `[${host}]` : host}:${port}`
