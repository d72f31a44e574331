import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesFor } from './fetched-file.ts'
import type { Language } from './language.ts'

/** Labels on every image the set-up builds. */
export const IMAGE_LABEL = {
  language: 'io.runyard.language',
  version: 'io.runyard.version',
} as const

/** Where init stands in every image a sandbox is made from. */
export const INIT_PATH = '/.runyard/init'

const SANDBOX_SOURCES = /\.(c|h)$|^Makefile$|^base\.sh$/

/** The references of the images that a set-up builds. */
export interface ImageNames {
  /**
   * Of a language's image, e.g. `localhost/runyard/python:3f2a9c0d1e4b`. The tag is a hash of all that the image is built from (the
   * sandbox's sources, the language's Containerfile, the files it copies and its version command), so a worker never runs an image of
   * another version of Runyard, and a change of a source is a rebuild.
   */
  runtime: (language: Language) => string
  /** Of the image that a language's sessions run in: that of its jobs, with a Jupyter kernel. */
  kernel: (language: Language) => string
  /** Of the image that installs a language's packages: that of its jobs, with an installer. */
  installer: (language: Language) => string
  /**
   * Of the image that wraps a foreign one with init, for jobs of kind `container`.
   * @param reference what the operator allowed, e.g. `alpine:3.20`
   */
  wrapped: (reference: string) => string
}

/**
 * Those of the sources as they are now: the sandbox's are read once for all images.
 * @param root the folder that holds `sandbox/` and `languages/`
 */
export function imageNames(root: string): ImageNames {
  const sandbox = hashOfSandbox(root)
  const nameOf = (name: string, parts: readonly (string | Buffer)[]) => {
    const hash = sandbox.copy()
    for (const part of parts) hash.update(part)
    return `localhost/runyard/${name}:${hash.digest('hex').slice(0, 12)}`
  }
  const ofLanguage = (name: string, { versionCommand }: Language, parts: readonly Buffer[]) =>
    nameOf(name, [...parts, JSON.stringify(versionCommand)])
  return {
    runtime: (language) => ofLanguage(language.id, language, recipe(root, language)),
    kernel: (language) =>
      ofLanguage(`kernel-${language.id}`, language, [...recipe(root, language), ...kernelRecipe(root, language)]),
    installer: (language) =>
      ofLanguage(`installer-${language.id}`, language, [...recipe(root, language), ...installerRecipe(root, language)]),
    wrapped: (reference) => nameOf(`container-${wordsOf(reference)}`, [reference]),
  }
}

/** See `ImageNames.runtime`; whoever needs those of many languages asks `imageNames`. */
export const runtimeImage = (root: string, language: Language): string => imageNames(root).runtime(language)

/** See `ImageNames.kernel`. */
export const kernelImage = (root: string, language: Language): string => imageNames(root).kernel(language)

/** See `ImageNames.installer`. */
export const installerImage = (root: string, language: Language): string => imageNames(root).installer(language)

/** See `ImageNames.wrapped`. */
export const wrappedImage = (root: string, reference: string): string => imageNames(root).wrapped(reference)

/**
 * What a language's image is made of beside its base: its Containerfile, each file it copies, whose paths begin at
 * `languages/`, and the pins of the files it fetches.
 */
export function recipe(root: string, language: Language): Buffer[] {
  return [...sourcesOf(root, `${language.id}/Containerfile`), ...pinsOf(root, language.fetch)]
}

/** The same of what its kernel adds. */
export function kernelRecipe(root: string, language: Language): Buffer[] {
  return [...sourcesOf(root, `${language.id}/kernel/Containerfile`), ...pinsOf(root, language.kernel?.fetch)]
}

/** The same of what its installer adds. */
export function installerRecipe(root: string, language: Language): Buffer[] {
  const { fetch } = language.environments ?? {}
  // An installer that fetches nothing has its pins in the hash all the same.
  const pins = filesFor(fetch).length > 0 ? pinsOf(root, fetch) : [Buffer.from('[]')]
  return [...sourcesOf(root, `${language.id}/installer/Containerfile`), ...pins]
}

function pinsOf(root: string, fetch: Language['fetch']): Buffer[] {
  const entries = filesFor(fetch)
  if (entries.length === 0) return []
  const lists = entries.flatMap((entry) => ('list' in entry ? [readFileSync(join(root, 'languages', entry.list))] : []))
  return [Buffer.from(JSON.stringify(entries)), ...lists]
}

function sourcesOf(root: string, path: string): Buffer[] {
  const folder = join(root, 'languages')
  const containerfile = readFileSync(join(folder, path))
  const sources = [...containerfile.toString().matchAll(/^COPY (.+) \S+$/gm)].flatMap(
    ([, paths]) => paths?.split(' ') ?? [],
  )
  return [containerfile, ...sources.map((source) => readFileSync(join(folder, source)))]
}

const wordsOf = (reference: string): string =>
  reference
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

function hashOfSandbox(root: string): ReturnType<typeof createHash> {
  const hash = createHash('sha256')
  const folder = join(root, 'sandbox')
  const names = readdirSync(folder).filter((name) => SANDBOX_SOURCES.test(name))
  for (const name of names.sort()) hash.update(name).update(readFileSync(join(folder, name)))
  return hash
}
