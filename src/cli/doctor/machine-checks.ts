import { access, constants, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { freePort, PortError } from '../../host/free-port.ts'
import { hardLimits } from '../../host/ulimits.ts'
import { missingSubordinateIds } from '../../host/subordinate-ids.ts'
import { missingPackages, systemPackages } from '../../host/system-packages.ts'
import type { Config } from '../../shared/config/config.ts'
import { DEFAULT_LIMITS } from '../../shared/limits.ts'
import { holderOf } from '../up/instance-lock.ts'
import { fail, ok, warn, type Check } from './check.ts'

const OLDEST_NODE = [20, 19] as const

/** @param version e.g. `20.20.2` */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const fits = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])
  return fits
    ? ok('node', version)
    : fail('node', `${version} is too old`, `install Node ${OLDEST_NODE.join('.')} or newer`)
}

export async function checkPackages(root: string): Promise<Check> {
  const missing = await missingPackages(await systemPackages(root))
  if (missing.length === 0) return ok('system packages', 'all installed')
  const names = missing.map(({ name }) => name).join(' ')
  return warn('system packages', `missing: ${names}`, `apt-get install --no-install-recommends ${names}`)
}

export async function checkSubordinateIds(): Promise<Check> {
  const missing = await missingSubordinateIds()
  if (missing.length === 0) return ok('subordinate ids', 'user "containers" has a range in /etc/subuid and /etc/subgid')
  return fail('subordinate ids', `no range for user "containers" in ${missing.join(' and ')}`, 'npm run setup')
}

export async function checkUlimits(): Promise<Check> {
  const limits = hardLimits(await readFile('/proc/self/limits', 'utf8'))
  const open = limits.find(({ name }) => name === 'nofile')?.value ?? 0
  const detail = limits.map(({ name, value }) => `${name} ${value}`).join(', ')
  const enough = open >= 4 * DEFAULT_LIMITS.openFiles
  return enough ? ok('ulimits', detail) : fail('ulimits', `${detail}: too few open files`, 'ulimit -Hn 4096 or more')
}

const NEEDED = ['memory', 'pids', 'cpu'] as const

/**
 * @param mounts contents of /proc/self/mounts
 * @param controllers contents of /sys/fs/cgroup/cgroup.controllers; empty where that is no cgroup v2
 */
export function checkCgroups(mounts: string, controllers: string): Check {
  const v2 = new Set(controllers.trim().split(/\s+/))
  const v1 = new Set(
    mounts
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, , type]) => type === 'cgroup')
      .flatMap(([, , , options = '']) => options.split(',')),
  )
  const found = (name: string) => v2.has(name) || v1.has(name)
  const lacking = NEEDED.filter((name) => !found(name))
  const version = v1.size === 0 ? 'v2' : controllers.trim() === '' ? 'v1' : 'v1 and v2'
  if (lacking.length === 0) return ok('cgroups', `${version}, with ${NEEDED.join(', ')}`)
  const mend = 'boot with cgroup_enable=memory, or give this container the controllers of its host'
  return fail('cgroups', `${version}, without ${lacking.join(', ')}`, mend)
}

export async function checkDataDir({ dataDir }: Config): Promise<Check> {
  try {
    const there = await nearest(dataDir)
    await access(there, constants.R_OK | constants.W_OK | constants.X_OK)
    if (there === dataDir && !(await stat(there)).isDirectory()) throw new Error('it is not a folder')
    return ok('data directory', there === dataDir ? dataDir : `${dataDir}, which the start creates`)
  } catch (error) {
    return fail(
      'data directory',
      `${dataDir}: ${(error as Error).message}`,
      'set RUNYARD_DATA_DIR to a writable folder',
    )
  }
}

/** The path itself, or, where there is nothing yet, the folder in which it would be made. */
async function nearest(path: string): Promise<string> {
  try {
    await stat(path)
    return path
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    return await nearest(dirname(path))
  }
}

/** A port that Runyard itself holds, started on the same data directory, is as it should be. */
export async function checkPort({ http, dataDir }: Config): Promise<Check> {
  const holder = await holderOf(dataDir)
  if (holder !== undefined) return ok('port', `Runyard runs at ${holder.url} (pid ${holder.pid})`)
  try {
    return ok('port', `${await freePort(http.host, http.port)} of ${http.host} is free`)
  } catch (error) {
    if (error instanceof PortError) return warn('port', error.fault, error.mend)
    throw error
  }
}
