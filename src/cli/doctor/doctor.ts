import { readFile } from 'node:fs/promises'
import type { Config } from '../../shared/config/config.ts'
import { podmanModeHere } from '../../host/podman-mode.ts'
import { readRootlessFacts } from '../../host/rootless/facts.ts'
import type { Paint } from '../paint.ts'
import { type Check, fail, guarded, ok, renderChecks, skip, warn } from './check.ts'
import { checkImages, checkInit, checkLanguages, checkPodman } from './engine-checks.ts'
import {
  checkCgroups,
  checkDataDir,
  checkNode,
  checkPackages,
  checkPort,
  checkSubordinateIds,
  checkUlimits,
} from './machine-checks.ts'
import { checkRedis } from './redis-check.ts'
import { checkSandbox } from './sandbox-check.ts'
import { checkRootless, checkStorage, readStorage } from './rootless-checks.ts'

export interface DoctorOptions {
  root: string
  /** Read late: a setting that is wrong is one of the things to find. */
  readonly loadConfig: () => Config | Promise<Config>
  readonly print: (text: string) => void
  json: boolean
  /** Colours the lines; no colours when it is absent. */
  readonly paint?: Paint
}

/**
 * `runyard doctor`: looks at everything Runyard needs, changes nothing.
 * @returns the exit code, 1 when a check failed
 */
export async function doctor(options: DoctorOptions): Promise<number> {
  const checks = await examine(options)
  options.print(options.json ? JSON.stringify({ checks }, null, 2) : renderChecks(checks, options.paint))
  return checks.some(({ state }) => state === 'fail') ? 1 : 0
}

async function examine({ root, loadConfig }: DoctorOptions): Promise<Check[]> {
  const checks = [
    checkNode(process.versions.node),
    await guarded('system packages', () => checkPackages(root)),
    await guarded('cgroups', async () => checkCgroups(await read('/proc/self/mounts'), await read(CONTROLLERS))),
    await guarded('ulimits', checkUlimits),
    await guarded('podman', checkPodman),
    await guarded('init', () => checkInit(root)),
  ]
  const failed = (name: string) => checks.some((check) => check.name === name && check.state === 'fail')
  let config: Config
  try {
    config = await loadConfig()
  } catch (error) {
    return [
      ...checks,
      fail('settings', (error as Error).message, 'correct this variable; docs/configuration.md lists all'),
      ...['images', 'sandbox', 'Redis', 'data directory', 'port'].map((name) => skip(name, 'the settings')),
    ]
  }
  checks.push(checkNames(config), ...checkLanguages(root), ...(await checkMode(config)))
  checks.push(
    failed('podman') ? skip('images', 'podman') : await guarded('images', () => checkImages(root, config)),
    failed('podman') || failed('init')
      ? skip('sandbox', failed('podman') ? 'podman' : 'init')
      : await guarded('sandbox', () => checkSandbox(root, config)),
    await guarded('Redis', () => checkRedis(config)),
    await guarded('data directory', () => checkDataDir(config)),
    await guarded('port', () => checkPort(config)),
  )
  return checks
}

/** @returns a warning that names the settings given by a former name, where there are any */
export function checkNames({ formerNames }: Config): Check {
  if (formerNames.length === 0) return ok('settings', 'all valid')
  const renamed = formerNames.map(({ former, name }) => `${former} is now ${name}`).join(', ')
  return warn(
    'settings',
    `valid, but renamed: ${renamed}`,
    'use the new name; the former one works in this version only',
  )
}

/** Who podman runs as here, and what that takes. With a service of somebody else's that is their business. */
async function checkMode({ sandbox: { podmanMode, podmanSocket } }: Config): Promise<Check[]> {
  if (podmanSocket !== undefined) return []
  const checks = checkRootless(podmanMode, await readRootlessFacts())
  if (checks.some(({ state }) => state === 'fail')) return checks
  const mode = await podmanModeHere(podmanMode)
  if (mode !== 'rootless') return [...checks, await guarded('subordinate ids', checkSubordinateIds)]
  return [...checks, await guarded('rootless: storage', async () => checkStorage(await readStorage()))]
}

const CONTROLLERS = '/sys/fs/cgroup/cgroup.controllers'

const read = (file: string) => readFile(file, 'utf8').catch(() => '')
