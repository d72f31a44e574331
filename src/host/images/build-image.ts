import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Podman } from '../podman.ts'
import { ulimitArguments } from '../ulimits.ts'

export interface BuildOptions {
  podman: Podman
  tag: string
  /** Text of the Containerfile. */
  containerfile: string
  /** Folder the Containerfile copies from. */
  context: string
  buildArgs?: Record<string, string>
  /** `--volume` arguments. */
  volumes?: readonly string[]
  onLine?: (line: string) => void
}

/**
 * Builds one image. The build uses the host's network and never asks for higher limits than this process has.
 * @throws CommandError ending with the last lines of the build
 */
export async function buildImage(options: BuildOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'runyard-build-'))
  try {
    const file = join(folder, 'Containerfile')
    await writeFile(file, options.containerfile)
    await options.podman.run(
      [
        'build',
        '--pull=never',
        '--format=oci',
        '--network=host',
        `--tag=${options.tag}`,
        `--file=${file}`,
        ...Object.entries(options.buildArgs ?? {}).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
        ...(options.volumes ?? []),
        ...ulimitArguments(),
        options.context,
      ],
      { onLine: options.onLine },
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A line of apt or podman as a few words for a progress line; undefined when it says nothing to a person. */
export function condense(line: string): string | undefined {
  const apt = /^(Unpacking|Setting up) (\S+?)(?::\S+)? /.exec(line)
  if (apt) return `${apt[1] === 'Unpacking' ? 'unpacking' : 'setting up'} ${apt[2]}`
  const download = /^Get:\d+ \S+ \S+ \S+ (\S+) \S+ \S+ \[(.+)\]$/.exec(line)
  if (download) return `fetching ${download[1]} (${download[2]})`
  const step = /^STEP (\d+\/\d+)/.exec(line)
  return step ? `step ${step[1]}` : undefined
}
