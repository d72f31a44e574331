import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Launch } from './launch.ts'

const MACHINE = { cgroups: '/sys/fs/cgroup', disks: '/sys/block' }
/** Where podman puts a container's group: by itself, or by systemd. */
const GROUPS = [(id: string) => `libpod_parent/libpod-${id}`, (id: string) => `machine.slice/libpod-${id}.scope`]
/** Disks that lie in memory, or on other disks that have a bound themselves. */
const NO_DISK = /^(?:loop|ram|zram|dm-|md)/
/** Of 1 to 1000, where an ordinary group has 100. Kernels without a scheduler that weighs have no such file. */
const WEIGHT = 10
const WEIGHT_FILES = ['io.bfq.weight', 'io.weight', 'blkio.bfq.weight', 'blkio.weight']

/**
 * Bounds what a sandbox reads from each disk of the machine, and lets it wait behind others where the disk's scheduler weighs.
 *
 * Files of a job lie in memory, so nothing is written; but a program with little memory can read the files of its image from the disk
 * again and again. Written into the container's group, since the engine's API would have to know the disk. Whoever is not root of
 * the machine that the engine runs on sets no bound.
 * @param bytesPerSecond of one sandbox and disk; 0: no bound
 * @param machine folders of the kernel, for tests
 */
export function withDiskReads(launch: Launch, bytesPerSecond: number, log: Logger, machine = MACHINE): Launch {
  if (bytesPerSecond === 0) return launch
  let told = false
  return async (options) => {
    const transport = await launch(options)
    // From here on nothing may throw: the container runs. A disk that takes no bound, such as a drive without a disk, is let be.
    const bounds = (await disks(machine.disks)).map((disk) =>
      setBound(machine.cgroups, transport.container, disk, bytesPerSecond),
    )
    const done = bounds.length === 0 || (await Promise.all(bounds)).some(Boolean)
    await setWeight(machine.cgroups, transport.container)
    if (!done && !told) log.info('disk reads of sandboxes are not bounded: this needs root and cgroups with I/O')
    told ||= !done
    return transport
  }
}

/** Each disk as `major:minor`. Entries without a number are no disks: paths to one that has several, and what was just removed. */
async function disks(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  const real = names.filter((name) => !NO_DISK.test(name))
  const numbers = real.map((name) => readFile(join(folder, name, 'dev'), 'utf8').catch(() => ''))
  return (await Promise.all(numbers)).map((number) => number.trim()).filter((number) => number !== '')
}

async function setBound(cgroups: string, container: string, disk: string, bytesPerSecond: number): Promise<boolean> {
  return writeFirst([
    ...groups(cgroups, container).map((group) => [join(group, 'io.max'), `${disk} rbps=${bytesPerSecond}`] as const),
    ...groups(join(cgroups, 'blkio'), container).map(
      (group) => [join(group, 'blkio.throttle.read_bps_device'), `${disk} ${bytesPerSecond}`] as const,
    ),
  ])
}

const setWeight = (cgroups: string, container: string) =>
  writeFirst(
    [...groups(cgroups, container), ...groups(join(cgroups, 'blkio'), container)].flatMap((group) =>
      WEIGHT_FILES.map((file) => [join(group, file), String(WEIGHT)] as const),
    ),
  )

const groups = (cgroups: string, container: string) => GROUPS.map((group) => join(cgroups, group(container)))

/** @returns whether one of the files was there and took its text */
async function writeFirst(files: readonly (readonly [path: string, text: string])[]): Promise<boolean> {
  const written = files.map(([path, text]) => writeFile(path, text, { flag: 'r+' }))
  return (await Promise.allSettled(written)).some(({ status }) => status === 'fulfilled')
}
