import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { imageNames, installerRecipe, kernelRecipe, recipe } from '../../shared/runtime-image.ts'
import type { Language } from '../../shared/language.ts'

/** The Debian release the images are made of. */
export const SUITE = 'trixie'

/** Every image of Runyard's making has a name that begins so. */
export const PREFIX = 'localhost/runyard/'

/** Debian as it came, before `sandbox/base.sh`. */
export const DEBIAN_IMAGE = `${PREFIX}debian:${SUITE}`

/** The base of all language images, named by a hash of the recipe. */
export function baseImage(root: string): string {
  return `${PREFIX}base:${hash(readFileSync(join(root, 'sandbox/base.sh')), SUITE)}`
}

/** A language's packages on the base image, still without init: what need not be built again when only init changed. */
export function toolchainImage(root: string, language: Language): string {
  return `${PREFIX}toolchain-${language.id}:${hash(baseImage(root), ...recipe(root, language))}`
}

/** The same with the language's kernel. */
export function kernelToolchainImage(root: string, language: Language): string {
  const parts = [...recipe(root, language), ...kernelRecipe(root, language)]
  return `${PREFIX}toolchain-kernel-${language.id}:${hash(baseImage(root), ...parts)}`
}

/** The same with the language's installer. */
export function installerToolchainImage(root: string, language: Language): string {
  const parts = [...recipe(root, language), ...installerRecipe(root, language)]
  return `${PREFIX}toolchain-installer-${language.id}:${hash(baseImage(root), ...parts)}`
}

/** Every reference this version of Runyard may use for these languages. */
export function currentReferences(root: string, languages: readonly Language[]): Set<string> {
  const names = imageNames(root)
  return new Set([
    DEBIAN_IMAGE,
    baseImage(root),
    ...languages.flatMap((language) => [toolchainImage(root, language), names.runtime(language)]),
    ...languages.flatMap((language) =>
      language.kernel ? [kernelToolchainImage(root, language), names.kernel(language)] : [],
    ),
    ...languages.flatMap((language) =>
      language.environments ? [installerToolchainImage(root, language), names.installer(language)] : [],
    ),
  ])
}

function hash(...parts: (string | Buffer)[]): string {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part)
  return sum.digest('hex').slice(0, 12)
}

/**
 * An image of ours to try OCI runtimes with.
 * @throws Error when there is none
 */
export function probeImage(images: ReadonlySet<string>): string {
  const ours = [...images].filter((image) => image.startsWith(PREFIX) && !image.startsWith(`${PREFIX}container-`))
  const image = images.has(DEBIAN_IMAGE) ? DEBIAN_IMAGE : ours[0]
  if (image === undefined) throw new Error('podman has no image of Runyard yet; "npm run setup" makes them')
  return image
}
