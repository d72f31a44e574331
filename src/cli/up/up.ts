import { logFolder } from '../../host/backends.ts'
import { freePort } from '../../host/free-port.ts'
import type { Progress } from '../../host/progress.ts'
import type { Config } from '../../shared/config/config.ts'
import { loadCatalogue } from '../catalogue.ts'
import type { CliContext } from '../context.ts'
import { dashboardLink, LINK_MINUTES } from '../dashboard.ts'
import { EXIT, ExitError } from '../exit.ts'
import { alreadyRunning, lockDataDir, lockForWorker, lockNamespace, type Holder } from './instance-lock.ts'
import { describeJob, runFirstJob, withOwnKey } from './first-job.ts'
import { describeLanguages } from './installed-languages.ts'
import { probeHost, urlOf } from './hosts.ts'
import { keepRunning, type Until } from './keep-running.ts'
import { startPlatform, type Platform } from './platform.ts'
import { setUpDefaults } from '../set-up.ts'
import { waitUntilReady } from './wait-until-ready.ts'

export interface UpOptions extends CliContext, Until {
  progress: Progress
}

const FIRST_JOB_MS = 60_000
const LANGUAGES_MS = 5_000

/**
 * `runyard up`: everything on one machine, until it is told to stop.
 * @returns the exit code: 0 when it was told to stop, or runs already
 * @throws Error when it cannot start; nothing is left running then. A part that dies later is started again
 */
export async function up(options: UpOptions): Promise<number> {
  const { config, print, progress } = options
  const { host } = config.http
  const self: Holder = { pid: process.pid, url: urlOf(host, config.http.port), dataDir: config.dataDir }
  const lock = await lockDataDir(config.dataDir, self)
  if (!lock.acquired) {
    print(alreadyRunning(lock.holder))
    return 0
  }
  await lockForWorker(config.dataDir, self)
  if (config.redis === undefined) await requireOwnNamespace(config.namespace, self)
  const port = await freePort(host, config.http.port)
  self.url = urlOf(host, port)
  if (!(await setUpDefaults(options))) return 0

  const platform = await progress.step('Starting Redis, podman, worker and gateway', () => startPlatform(options, port))
  await keepRunning(options, platform, () => begin(options, platform, port))
  return 0
}

/** @throws ExitError naming who has the namespace */
async function requireOwnNamespace(namespace: string, self: Holder): Promise<void> {
  const lock = await lockNamespace(namespace, self)
  if (lock.acquired) return
  const { pid, url, dataDir } = lock.holder ?? { pid: '?', url: '?', dataDir: '?' }
  throw new ExitError(
    EXIT.setting,
    `another Runyard of the namespace "${namespace}" runs on this machine, at ${url} (pid ${pid}, data in ${dataDir}); ` +
      'to run a second one, set RUNYARD_NAMESPACE and PORT',
  )
}

/** Runs a job through all of it and tells what there is. */
async function begin(options: UpOptions, platform: Platform, port: number): Promise<void> {
  const { config, print, progress, stop } = options
  const url = `http://${probeHost(config.http.host)}:${port}`
  const shown = await withOwnKey(options, async (headers) => {
    await progress.step('Waiting until they accept jobs', () =>
      platform.whileAlive((alive) =>
        waitUntilReady(url, headers, 'python', config.timeoutFactor, AbortSignal.any([stop, alive])),
      ),
    )
    const job = await progress.step('Running a first job', () =>
      platform.whileAlive((alive) =>
        runFirstJob(url, headers, FIRST_JOB_MS * config.timeoutFactor, AbortSignal.any([stop, alive])),
      ),
    )
    const languages = await platform.whileAlive((alive) =>
      describeLanguages(
        url,
        headers,
        loadCatalogue(options.root),
        LANGUAGES_MS * config.timeoutFactor,
        AbortSignal.any([stop, alive]),
      ),
    )
    return { job, languages }
  })
  const dashboard = await dashboardLink(options, urlOf(config.http.host, port))
  print(`\n${describeJob(shown.job)}\n\n${addresses(config, port, shown.languages, dashboard)}`)
}

function addresses(
  { auth, http, dataDir }: Config,
  port: number,
  languages: readonly string[],
  dashboard: string,
): string {
  const url = urlOf(http.host, port)
  const key = auth === 'required' ? " -H 'authorization: Bearer KEY'" : ''
  return [
    `Playground          ${url}/, the API at ${url}/docs`,
    `Dashboard           ${dashboard}`,
    `                    opens once, within ${LINK_MINUTES} minutes; npx runyard dashboard prints another link`,
    ...(auth === 'none' ? [] : ['Create a key        npx runyard keys create --name my-laptop --tenant me']),
    `Try it              curl -s ${url}/v1/jobs${key} -H 'content-type: application/json' -H 'prefer: wait=30' \\`,
    `                      -d '{"language": "python", "code": "print(6 * 7)"}'`,
    ...languages,
    `Logs                ${logFolder(dataDir)}`,
    'Stop                Ctrl-C',
  ].join('\n')
}
