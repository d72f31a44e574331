import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { listImages } from '../../host/images/image-store.ts'
import { podmanCommand, podmanVersion } from '../../host/podman.ts'
import { podmanModeHere } from '../../host/podman-mode.ts'
import type { Config } from '../../shared/config/config.ts'
import { type FormerField, loadLanguages } from '../../shared/language.ts'
import { imageNames } from '../../shared/runtime-image.ts'
import { fail, ok, type Check, warn } from './check.ts'

const OLDEST_PODMAN_MAJOR = 4

export async function checkPodman(): Promise<Check> {
  const version = await podmanVersion()
  if (version === undefined)
    return fail('podman', 'not found', 'npm start installs it, and so does apt-get install podman')
  if (Number(version.split('.')[0]) >= OLDEST_PODMAN_MAJOR) return ok('podman', version)
  return fail('podman', `${version} is too old`, `install podman ${OLDEST_PODMAN_MAJOR}.0 or newer`)
}

/** Definitions of languages that use a former name; nothing when none does. A malformed one is a fault of the images. */
export function checkLanguages(root: string): Check[] {
  const found: FormerField[] = []
  try {
    loadLanguages(join(root, 'languages'), (field) => found.push(field))
  } catch {
    return []
  }
  if (found.length === 0) return []
  const renamed = found.map(({ file, former, name }) => `${file}: "${former}" is now "${name}"`).join('\n')
  return [warn('languages', renamed, 'use the new name; the former one works in this version only')]
}

export async function checkImages(root: string, config: Config): Promise<Check> {
  const languages = loadLanguages(join(root, 'languages'))
  const mode = await podmanModeHere(config.sandbox.podmanMode)
  const podman = podmanCommand({ socketPath: config.sandbox.podmanSocket, mode })
  const present = await listImages(podman)
  const names = imageNames(root)
  const installed = languages.filter((language) => present.has(names.runtime(language)))
  const missing = languages.filter((language) => language.default && !installed.includes(language))
  const listed = (list: typeof languages) => list.map(({ id }) => id).join(', ')
  if (missing.length === 0) return ok('images', listed(installed))
  return fail('images', `missing or out of date: ${listed(missing)}`, 'npm run setup builds them')
}

export async function checkInit(root: string): Promise<Check> {
  const file = join(root, 'sandbox/build/init')
  return existsSync(file) ? ok('init', file) : fail('init', `${file} is missing`, 'make -C sandbox')
}
