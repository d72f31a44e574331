import { execFile } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { access, constants, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ContainerCreateOptions } from 'dockerode'
import type { Logger } from 'pino'
import type { Launch } from './launch.ts'

/**
 * Gives each container device nodes of its own.
 *
 * In a user namespace nobody can make one, so the engine shows the machine's: what a job does to such a file, a lock or a watch, is
 * felt by all of the machine. Root makes others, for one container each. They lie on the machine's `/dev`, since other file
 * systems are often mounted without devices. Whoever is not root of the machine that the engine runs on is left with what the
 * engine shows.
 */
export function withOwnDevices(launch: Launch, log: Logger, parent = '/dev'): Launch {
  let way: 'untried' | 'own' | 'shared' = 'untried'
  const decide = (reason?: string) => {
    if (way === 'untried') {
      if (reason === undefined) log.info('sandboxes have device nodes of their own')
      else log.info({ reason }, 'sandboxes share the device nodes of the machine')
    }
    way = reason === undefined ? 'own' : 'shared'
  }
  return async (options) => {
    if (way === 'shared') return launch(options)
    if (way === 'untried') await removeStale(parent).catch(() => undefined)
    let folder: string | undefined
    // Without waiting: the worker may be about to end.
    const remove = () => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    }
    try {
      folder = await makeNodes(parent)
      const wire = await launch(withNodes(options, folder))
      // Before that they would show as deleted.
      wire.out.once('close', remove)
      decide()
      return wire
    } catch (err) {
      remove()
      if (way === 'own') throw err
      const wire = await launch(options)
      decide((err as Error).message)
      return wire
    }
  }
}

const NODES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const
/** Where init looks for them (`OWN_DEVICES` in sandbox/sandbox.h). */
const SHOWN_AT = '/run/devices'
/** Before the id of the worker's process. */
const PREFIX = 'runyard-'

/** Copies of the machine's nodes, which are the same devices but other files. */
async function makeNodes(parent: string): Promise<string> {
  await access(parent, constants.W_OK)
  const folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`))
  try {
    const from = NODES.map((name) => join('/dev', name))
    await promisify(execFile)('cp', ['--archive', ...from, folder])
    return folder
  } catch (err) {
    await rm(folder, { recursive: true, force: true })
    throw err
  }
}

function withNodes(options: ContainerCreateOptions, folder: string): ContainerCreateOptions {
  const mounts = NODES.map((name) => ({
    Type: 'bind' as const,
    Source: join(folder, name),
    Target: join(SHOWN_AT, name),
  }))
  return {
    ...options,
    Cmd: [...(options.Cmd ?? []), '--devices'],
    HostConfig: { ...options.HostConfig, Mounts: [...(options.HostConfig?.Mounts ?? []), ...mounts] },
  }
}

/** What workers that were killed have left. */
async function removeStale(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue
    await rm(join(parent, name), { recursive: true, force: true })
  }
}
