import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { access, constants, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ContainerCreateOptions } from 'dockerode'
import type { Logger } from 'pino'
import type { Launch } from './launch.ts'
import { DEVICES_FOLDER, OPTION_DEVICES } from './protocol.ts'
import { removeStale } from './remove-stale.ts'

/**
 * Gives each container device nodes of its own.
 *
 * In a user namespace nobody can make one, so the engine shows the machine's: a lock that a job takes on such a file is felt by all
 * of the machine. Root makes others, for one container each. They lie on the machine's `/dev`, since other file
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
    await removeStale(parent, isStale).catch(() => undefined)
    try {
      const transport = await launchOwn(options)
      way = 'own'
      log.info('sandboxes have their own device nodes')
      return transport
    } catch (err) {
      const transport = await launch(options)
      // A fault that passes decides nothing.
      misses++
      if (err instanceof NoNodes || misses === MOST_MISSES) {
        way = 'shared'
        log.info({ reason: (err as Error).message }, 'sandboxes share the device nodes of the machine')
      }
      return transport
    }
  }

  return async (options) => {
    // The first decides for all.
    while (first) await first
    if (way === 'shared') return launch(options)
    if (way === 'own') return launchOwn(options)
    const transport = launchFirst(options)
    const ended = () => (first = undefined)
    first = transport.then(ended, ended)
    return transport
  }
}

/** After so many sandboxes that start only without nodes of their own, none is given any. */
const MOST_MISSES = 3

/** Nodes cannot be made here. */
class NoNodes extends Error {
  override readonly name = 'NoNodes'
}

const NODES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const
/** Before the worker's process: its id, and when it started, since ids come again. */
const PREFIX = 'runyard-'

/** Copies of the machine's nodes, which are the same devices but other files. @throws NoNodes */
async function makeNodes(parent: string): Promise<string> {
  let folder: string | undefined
  try {
    await access(parent, constants.W_OK)
    folder = await mkdtemp(join(parent, `${PREFIX}${process.pid}-${(await startOf(process.pid)) ?? 0}-`))
    const from = NODES.map((name) => join('/dev', name))
    await promisify(execFile)('cp', ['--archive', ...from, folder])
    return folder
  } catch (cause) {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    throw new NoNodes((cause as Error).message, { cause })
  }
}

/** When a process started, in clock ticks since the machine booted; undefined when there is none of this id. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // Its name, which may hold anything, stands in brackets; the start is field 22, the 20th behind it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function withNodes(options: ContainerCreateOptions, folder: string): ContainerCreateOptions {
  const mounts = NODES.map((name) => ({
    Type: 'bind' as const,
    Source: join(folder, name),
    Target: join(DEVICES_FOLDER, name),
  }))
  return {
    ...options,
    Cmd: [...(options.Cmd ?? []), OPTION_DEVICES],
    HostConfig: { ...options.HostConfig, Mounts: [...(options.HostConfig?.Mounts ?? []), ...mounts] },
  }
}

/** Whether a worker that was killed has left it. */
async function isStale(name: string): Promise<boolean> {
  const [, pid, start] = new RegExp(`^${PREFIX}(\\d+)-(\\d+)-`).exec(name) ?? []
  return pid !== undefined && start !== (await startOf(Number(pid)))
}
