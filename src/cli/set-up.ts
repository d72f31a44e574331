import { mkdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { type ImageBuilder, imageBuilder } from '../host/images/image-builder.ts'
import { listImages } from '../host/images/image-store.ts'
import { pruneImages } from '../host/images/prune-images.ts'
import { currentReferences } from '../host/images/references.ts'
import { podmanForImages } from '../host/podman.ts'
import { podmanModeHere } from '../host/podman-mode.ts'
import type { Progress } from '../host/progress.ts'
import { ensureSubordinateIds, missingSubordinateIds } from '../host/subordinate-ids.ts'
import type { Language } from '../shared/language.ts'
import { loadConfiguredLanguages } from './catalogue.ts'
import type { CliContext } from './context.ts'

/**
 * Makes what jobs need beyond the programs of this machine: ranges of user ids and the images of these languages and of
 * the operator's container images. What exists is left as it is.
 * @param wanted ids of languages
 * @param stop nothing further is begun once it is aborted
 * @param kernels ids of those whose kernels, for sessions, are wanted too
 * @param installers ids of those whose installers of packages are wanted too
 * @returns how many images were built
 * @throws RootlessImpossible, and Error when something cannot be made; the other languages are made all the same
 */
export async function setUp(
  context: CliContext,
  wanted: readonly string[],
  progress: Progress,
  kernels: readonly string[] = [],
  stop?: AbortSignal,
  installers: readonly string[] = [],
): Promise<number> {
  const { root, config } = context
  const languages = loadConfiguredLanguages(root)
  const mode = await podmanModeHere(config.sandbox.podmanMode)
  const podman = await podmanForImages(config.sandbox.podmanSocket, mode)
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const needsRoot = config.sandbox.podmanSocket === undefined && mode !== 'rootless'
  if (needsRoot && (await missingSubordinateIds()).length > 0) {
    await progress.step('User id ranges for sandboxes (/etc/subuid, /etc/subgid)', ensureSubordinateIds)
  }
  const builder = imageBuilder({ root, dataDir: config.dataDir, podman, progress, timeoutFactor: config.timeoutFactor })
  const { built: made, failed } = await buildLanguages(
    builder,
    languages.filter(({ id }) => wanted.includes(id)),
    stop,
  )
  let built = made
  for (const language of languages) {
    if (stop?.aborted) break
    if (kernels.includes(language.id) && (await builder.kernel(language))) built += 1
    if (installers.includes(language.id) && (await builder.installer(language))) built += 1
  }
  for (const reference of config.sandbox.containerImages) if (await builder.container(reference)) built += 1
  if (built > 0) {
    await pruneImages(podman, config.dataDir, await listImages(podman), currentReferences(root, languages))
  }
  if (failed.length > 0) throw notInstalled(failed, wanted.length)
  return built
}

/** At most so many images are built at a time: a build waits for the network, then for one processor. */
const MOST_BUILDS = 4

interface Failed {
  language: Language
  error: unknown
}

/** Builds the images that are missing, several at a time. What was built stays, so the same command goes on after a failure. */
async function buildLanguages(
  builder: ImageBuilder,
  languages: readonly Language[],
  stop: AbortSignal | undefined,
): Promise<{ built: number; failed: Failed[] }> {
  const missing: Language[] = []
  for (const language of languages) if (!(await builder.hasLanguage(language))) missing.push(language)
  if (missing.length > 0) await builder.base()
  const failed: Failed[] = []
  let next = 0
  const build = async () => {
    for (let language = missing[next]; language && !stop?.aborted; language = missing[next]) {
      next += 1
      const position = missing.length > 1 ? `(${next} of ${missing.length})` : ''
      await builder.language(language, position).catch((error: unknown) => failed.push({ language, error }))
    }
  }
  const lanes = Math.min(MOST_BUILDS, availableParallelism(), missing.length)
  await Promise.all(Array.from({ length: lanes }, build))
  return { built: next - failed.length, failed }
}

function notInstalled(failed: readonly Failed[], wanted: number): unknown {
  const [first] = failed
  if (wanted === 1 || !first) return first?.error
  const reasons = failed.map(({ language, error }) => `${language.id}: ${(error as Error).message}`)
  const ids = failed.map(({ language }) => language.id).join(' ')
  return new Error(
    `${failed.length} of ${wanted} languages could not be installed, the others were.\n\n${reasons.join('\n\n')}\n\n` +
      `To try again: npx runyard languages install ${ids}`,
  )
}

/**
 * Makes what jobs in the default languages need.
 * @returns false when it was told to stop meanwhile
 */
export async function setUpDefaults(options: CliContext & { progress: Progress; stop: AbortSignal }): Promise<boolean> {
  const defaults = loadConfiguredLanguages(options.root).filter((language) => language.default)
  try {
    await setUp(
      options,
      defaults.map(({ id }) => id),
      options.progress,
      [],
      options.stop,
    )
  } catch (error) {
    // Ctrl-C in a terminal ends the builds too, and what they say then is no fault.
    if (!options.stop.aborted) throw error
  }
  return !options.stop.aborted
}
