import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { MIB } from '../../shared/limits.ts'
import type { Launch } from './launch.ts'

const CGROUPS = '/sys/fs/cgroup/memory'
/** Where podman puts a container's group: by itself, or by systemd. */
const GROUPS = [(id: string) => `libpod_parent/libpod-${id}`, (id: string) => `machine.slice/libpod-${id}.scope`]
const MOST_BYTES = 16 * MIB

/** What TCP and UDP sockets of a sandbox may hold together. */
export const socketBytes = (memoryBytes: number) => Math.min(MOST_BYTES, Math.floor(memoryBytes / 4))

/**
 * Bounds what lies in a sandbox's sockets, under version 1 of cgroups: there it is no part of the container's memory, but has a
 * limit of its own, which the engine's API cannot be asked for and which is none unless it is set. Version 2 counts it as memory.
 */
export function withSocketMemory(launch: Launch, log: Logger, cgroups = CGROUPS): Launch {
  let told = false
  return async (options) => {
    const transport = await launch(options)
    const version1 = await access(join(cgroups, 'memory.kmem.tcp.limit_in_bytes')).then(
      () => true,
      () => false,
    )
    if (!version1) return transport
    const bytes = String(socketBytes(options.HostConfig?.Memory ?? Infinity))
    const set = GROUPS.map((group) =>
      writeFile(join(cgroups, group(transport.container), 'memory.kmem.tcp.limit_in_bytes'), bytes, { flag: 'r+' }),
    )
    const done = (await Promise.allSettled(set)).some(({ status }) => status === 'fulfilled')
    if (!done && !told) log.warn('socket buffers of sandboxes are not limited: their memory cgroup was not found')
    told ||= !done
    return transport
  }
}
