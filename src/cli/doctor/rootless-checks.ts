import { readFile, statfs } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { PREFIX } from '../../host/images/references.ts'
import { podmanCommand } from '../../host/podman.ts'
import type { PodmanModeSetting } from '../../host/podman-mode.ts'
import { canBeRootless, IDS_OF_SANDBOX, idsOf, type RootlessFacts, rootlessNeeds } from '../../host/rootless/needs.ts'
import { GIB, MIB } from '../../shared/limits.ts'
import { type Check, ok, warn } from './check.ts'

/**
 * What rootless podman needs. Where it was asked for, or is what `auto` takes, each need is a check; elsewhere one line
 * says how much is missing.
 */
export function checkRootless(asked: PodmanModeSetting, facts: RootlessFacts): Check[] {
  if (asked === 'root' || (asked === 'auto' && facts.uid === 0)) return []
  const needs = rootlessNeeds(facts)
  if (asked === 'rootless' || canBeRootless(needs)) {
    return needs.map((need) => ({ ...need, name: `rootless: ${need.name}` }))
  }
  const lacking = needs.filter(({ state }) => state === 'fail').map(({ name }) => name)
  return [
    ok('podman mode', `root, through sudo; a rootless podman needs first: ${lacking.join(', ')} (docs/rootless.md)`),
  ]
}

/** How a user's podman keeps images and containers. */
export interface Storage {
  /** What `podman info` says. */
  driver: string
  folder: string
  freeBytes: number
  /** Of the images of languages, all together. */
  imageBytes: number
  /** How many sandboxes the user's ids are enough for at one time. */
  ranges: number
  /** Whether a file system in between shows other owners, so that nothing has to be copied for them. */
  maps: boolean
}

const NAME = 'rootless: storage'

export async function readStorage(): Promise<Storage> {
  const podman = podmanCommand({ mode: 'rootless' })
  const info = JSON.parse(await podman.run(['info', '--format', 'json'])) as {
    store: { graphDriverName: string; graphRoot: string; graphOptions: Record<string, unknown> | null }
  }
  const { graphDriverName, graphRoot, graphOptions } = info.store
  const images = JSON.parse(await podman.run(['images', '--format', 'json'])) as {
    Names?: string[] | null
    Size: number
  }[]
  const ours = images.filter(({ Names }) => (Names ?? []).some((name) => isOfLanguage(name)))
  const { bavail, bsize } = await statfs(graphRoot)
  const subuid = await readFile('/etc/subuid', 'utf8').catch(() => '')
  return {
    driver: graphDriverName,
    folder: graphRoot,
    freeBytes: bavail * bsize,
    imageBytes: ours.reduce((sum, { Size }) => sum + Size, 0),
    ranges: Math.floor(idsOf(subuid, userInfo().username, userInfo().uid) / IDS_OF_SANDBOX),
    maps: Object.keys(graphOptions ?? {}).some((name) => name.endsWith('mount_program')),
  }
}

const isOfLanguage = (name: string) => name.startsWith(PREFIX) && !/\/(debian|base|toolchain-[^:]+):/.test(name)

/**
 * Podman's last resort, `vfs`, copies all files of an image for each container. With `overlay` a user's podman copies an image once
 * for each range of ids that a sandbox may get, since only root can have the kernel map the owners.
 */
export function checkStorage({ driver, folder, freeBytes, imageBytes, ranges, maps }: Storage): Check {
  if (driver === 'vfs') {
    return warn(
      NAME,
      'vfs, which copies an image for each sandbox',
      'put "[storage]" and \'driver = "overlay"\' into ~/.config/containers/storage.conf; then podman system reset, which removes this user\'s images',
    )
  }
  if (maps) return ok(NAME, `${driver}, owners mapped by a mount program`)
  const mostBytes = ranges * imageBytes
  const detail = `${driver}; images may take up to ${gib(mostBytes)} more (${ranges} ranges of ids, a copy of ${(imageBytes / MIB).toFixed(0)} MiB for each), ${gib(freeBytes)} are free in ${folder}`
  if (freeBytes >= mostBytes) return ok(NAME, detail)
  return warn(NAME, detail, 'free space there, or have fuse-overlayfs map the owners: docs/rootless.md#storage')
}

const gib = (bytes: number) => `${(bytes / GIB).toFixed(1)} GiB`
