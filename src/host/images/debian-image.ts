import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AptSettings } from '../apt-settings.ts'
import { runCommand } from '../command.ts'
import type { Podman } from '../podman.ts'
import { rootPrefix } from '../root-command.ts'
import { condense } from './build-image.ts'
import { DEBIAN_IMAGE, SUITE } from './references.ts'

const ANSWER_MS = 6000
const PULL_MS = 300_000

/** Gets a minimal Debian: from the image registry when one answers within seconds, else made from Debian's packages. */
export async function makeDebianImage(
  podman: Podman,
  folder: string,
  apt: AptSettings,
  detail: (text: string) => void,
): Promise<void> {
  detail('asking the image registry')
  if (await pullImage(podman, `debian:${SUITE}-slim`, detail)) {
    await podman.run(['tag', `debian:${SUITE}-slim`, DEBIAN_IMAGE])
    return
  }
  await mkdir(folder, { recursive: true })
  const archive = join(folder, 'debian.tar')
  try {
    detail('no registry answers: making it from Debian packages')
    await runCommand(
      [...(podman.mode === 'sudo' ? rootPrefix() : []), 'mmdebstrap', ...debootstrapArguments(archive, apt)],
      {
        onLine: (line) => {
          const text = condense(line) ?? (line.startsWith('I: ') ? line.slice(3) : undefined)
          if (text !== undefined) detail(text)
        },
      },
    )
    detail('importing it')
    await podman.run(['import', '--quiet', archive, DEBIAN_IMAGE])
  } finally {
    await rm(archive, { force: true })
  }
}

/**
 * mmdebstrap's arguments: no documentation, and nothing of this machine left in the result.
 * @param packages beside those that every Debian has
 */
export function debootstrapArguments(
  archive: string,
  apt: AptSettings,
  suite: string = SUITE,
  packages: readonly string[] = [],
): string[] {
  const excluded = ['doc/*', 'man/*', 'info/*', 'locale/*', 'lintian/*', 'bug/*']
  return [
    '--variant=minbase',
    ...(packages.length > 0 ? [`--include=${packages.join(',')}`] : []),
    ...excluded.map((path) => `--dpkgopt=path-exclude=/usr/share/${path}`),
    ...apt.options.map((option) => `--aptopt=${option}`),
    '--aptopt=Acquire::Languages "none"',
    '--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf" "$1/etc/apt/apt.conf.d/99mmdebstrap"',
    ...(apt.sources.length > 0 ? ['--customize-hook=rm -f "$1/etc/apt/sources.list"'] : []),
    suite,
    archive,
    ...apt.sources,
  ]
}

/** Pulls an image. @returns false when the registry cannot be reached or does not answer soon */
export async function pullImage(podman: Podman, name: string, detail: (text: string) => void): Promise<boolean> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), ANSWER_MS)
  const { exitCode } = await podman.try(['pull', name], {
    signal: silence.signal,
    timeoutMs: PULL_MS,
    onLine: (line) => {
      if (!/Getting image source|Copying blob/.test(line)) return
      clearTimeout(timer)
      detail('fetching it from the image registry')
    },
  })
  clearTimeout(timer)
  return exitCode === 0
}
