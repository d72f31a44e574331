import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { readAptSettings } from '../../src/host/apt-settings.ts'
import { runCommand } from '../../src/host/command.ts'
import { debootstrapArguments } from '../../src/host/images/debian-image.ts'

/** A release of Debian as a server has it: a kernel, systemd as PID 1, AppArmor, a login by ssh, and what Runyard needs. */
export type Suite = 'trixie' | 'bookworm'

const PACKAGES = [
  ['linux-image-cloud-amd64', 'systemd-sysv', 'dbus', 'dbus-user-session', 'libpam-systemd', 'apparmor'],
  ['openssh-server', 'sudo', 'iproute2', 'procps', 'ca-certificates', 'debian-archive-keyring', 'mmdebstrap'],
  ['podman', 'crun', 'runc', 'uidmap', 'fuse-overlayfs', 'slirp4netns', 'redis-server'],
  ['gcc', 'make', 'libc6-dev', 'libseccomp-dev'],
].flat()

/** Bookworm's own Node is too old; it gets this machine's. */
const OF_SUITE: Record<Suite, readonly string[]> = { trixie: ['nodejs', 'npm', 'passt'], bookworm: [] }

/**
 * Makes the archive of a release's files from its packages, unless it is there.
 * @returns its path
 * @throws CommandError
 */
export async function makeDebian(suite: Suite, folder: string, say: (text: string) => void): Promise<string> {
  const packages = [...PACKAGES, ...OF_SUITE[suite]]
  const version = createHash('sha256').update(packages.join()).digest('hex').slice(0, 12)
  const archive = join(folder, `${suite}-${version}.tar`)
  if (existsSync(archive)) return archive
  await mkdir(folder, { recursive: true })
  say(`making ${suite} from its packages`)
  const unfinished = join(folder, `unfinished-${suite}.tar`)
  const apt = await readAptSettings(suite)
  await runCommand(['mmdebstrap', '--mode=root', ...debootstrapArguments(unfinished, apt, suite, packages)])
  await rename(unfinished, archive)
  return archive
}
