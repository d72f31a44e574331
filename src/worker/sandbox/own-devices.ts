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
  let first: Promise<unknown> | undefined
  let misses = 0

  const launchOwn: Launch = async (options) => {
    const folder = await makeNodes(parent)
    // Without waiting: the worker may be about to end.
    const remove = () => rmSync(folder, { recursive: true, force: true })
    try {
      const transport = await launch(withNodes(options, folder))
      // Before that they would show as deleted.
      transport.out.once('close', remove)
      return transport
    } catch (err) {
      remove()
      throw err
    }
  }

  const launchFirst: Launch = async (options) => {
    await removeStale(parent).catch(() => undefined)
    try {
      const transport = await launchOwn(options)
      way = 'own'
      log.info('sandboxes have device nodes of their own')
      return transport
    } catch (err) {
      const transport = await launch(options)
      // A fault that passes decides nothing.
      misses++
      if (isOfNodes(err, parent) || misses === MOST_MISSES) {
        way = 'shared'
        log.info({ reason: (err as Error).message }, 'sandboxes share the device nodes of the machine')
      }
      return transport
    }
  }

  return async (options) => {
    // The first decides for all.
    while (first) await first.catch(() => undefined)
    if (way === 'shared') return launch(options)
    if (way === 'own') return launchOwn(options)
    const transport = launchFirst(options)
    first = transport.finally(() => (first = undefined))
    return transport
  }
}

/** After so many sandboxes that start only without nodes of their own, none is given any. */
const MOST_MISSES = 3

/** Whether nodes could not be made, or the engine did not take them. */
const isOfNodes = (err: unknown, parent: string) => (err as Error).message.includes(parent)

const NODES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const
/** Where init looks for them (`DEVICES_FOLDER` in sandbox/protocol.h). */
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
