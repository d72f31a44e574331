import { existsSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tryCommand } from './command.ts'

/**
 * How this machine reaches Debian's packages. An image is built the same way (through the same proxy, from the same mirror,
 * trusting the same certificates), by files that are only mounted while it is built and are no part of it.
 */
export interface AptSettings {
  /** Lines of an apt.conf. */
  options: string[]
  /** Lines of a sources.list; empty when this machine has no Debian mirror of its own (Ubuntu): then the usual one. */
  sources: string[]
}

/** Which settings concern the way to the mirror, and not this machine's own taste. */
const CARRIED = /^Acquire::(http|https|ftp|Check-|ForceIPv|Retries|Queue-|Max-|Proxy)/i

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'

/** @param suite the release that is built, e.g. `trixie` */
export async function readAptSettings(suite: string): Promise<AptSettings> {
  const [dump, targets] = await Promise.all([
    tryCommand(['apt-config', 'dump']),
    tryCommand(['apt-get', 'indextargets', '--format', '$(CREATED_BY) $(ORIGIN) $(LABEL) $(REPO_URI)']),
  ])
  return { options: carriedOptions(dump.stdout), sources: debianSources(targets.stdout, suite) }
}

/** @param dump output of `apt-config dump` */
export function carriedOptions(dump: string): string[] {
  return dump.split('\n').filter((line) => CARRIED.test(line) && !line.endsWith(' "";'))
}

/** @param targets lines of creator, origin, label and address of each index apt knows */
export function debianSources(targets: string, suite: string): string[] {
  const uriOf = (label: string) =>
    targets
      .split('\n')
      .map((line) => line.split(' '))
      .find(([creator, origin, found]) => creator === 'Packages' && origin === 'Debian' && found === label)?.[3]
  const main = uriOf('Debian')
  const security = uriOf('Debian-Security')
  if (main === undefined) return []
  return [
    `deb ${main} ${suite} main`,
    `deb ${main} ${suite}-updates main`,
    ...(security === undefined ? [] : [`deb ${security} ${suite}-security main`]),
  ]
}

/**
 * Writes the settings as folders to mount into a build, beside a cache of package lists and packages that all builds share.
 * @returns the `--volume` arguments of `podman build`
 */
export async function aptVolumes(folder: string, settings: AptSettings): Promise<string[]> {
  const paths = {
    options: join(folder, 'apt.conf.d'),
    sources: join(folder, 'sources.list.d'),
    lists: join(folder, 'lists'),
    packages: join(folder, 'packages'),
  }
  await Promise.all(Object.values(paths).map((path) => mkdir(path, { recursive: true })))
  const options = [...BUILD_OPTIONS, ...settings.options]
  if (existsSync(CERTIFICATES)) {
    await copyFile(CERTIFICATES, join(paths.options, 'certificates.pem'))
    options.push('Acquire::https::CaInfo "/etc/apt/apt.conf.d/certificates.pem";')
  }
  await writeFile(join(paths.options, '90runyard'), `${options.join('\n')}\n`)
  const volumes = [
    `${paths.options}:/etc/apt/apt.conf.d:ro`,
    `${paths.lists}:/var/lib/apt/lists`,
    `${paths.packages}:/var/cache/apt`,
  ]
  if (settings.sources.length > 0) {
    await writeFile(join(paths.sources, 'runyard.list'), `${settings.sources.join('\n')}\n`)
    volumes.push(`${paths.sources}:/etc/apt/sources.list.d:ro`)
  }
  return volumes.flatMap((volume) => ['--volume', volume])
}

const BUILD_OPTIONS = [
  'APT::Install-Recommends "false";',
  'APT::Install-Suggests "false";',
  'APT::Sandbox::User "root";',
  'Acquire::Languages "none";',
  'Dir::Ignore-Files-Silently:: "\\.pem$";',
  'Dpkg::Use-Pty "false";',
  'quiet "1";',
]
