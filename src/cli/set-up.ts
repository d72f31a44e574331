import { mkdir } from 'node:fs/promises'
import { imageBuilder } from '../host/images/image-builder.ts'
import { listImages } from '../host/images/image-store.ts'
import { pruneImages } from '../host/images/prune-images.ts'
import { currentReferences } from '../host/images/references.ts'
import { podmanForImages } from '../host/podman.ts'
import { podmanModeHere } from '../host/podman-mode.ts'
import type { Progress } from '../host/progress.ts'
import { ensureSubordinateIds, missingSubordinateIds } from '../host/subordinate-ids.ts'
import { loadConfiguredLanguages, type CliContext } from './context.ts'

/**
 * Makes what jobs need beyond the programs of this machine: ranges of user ids and the images of these languages and of
 * the operator's container images. What exists is left as it is.
 * @param wanted ids of languages
 * @param kernels ids of those whose kernels, for sessions, are wanted too
 * @returns how many images were built
 * @throws RootlessImpossible, and Error when something cannot be made
 */
export async function setUp(
  context: CliContext,
  wanted: readonly string[],
  progress: Progress,
  kernels: readonly string[] = [],
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
  let built = 0
  for (const language of languages) {
    if (wanted.includes(language.id) && (await builder.language(language))) built += 1
    if (kernels.includes(language.id) && (await builder.kernel(language))) built += 1
  }
  for (const reference of config.sandbox.containerImages) if (await builder.container(reference)) built += 1
  if (built > 0) {
    await pruneImages(podman, config.dataDir, await listImages(podman), currentReferences(root, languages))
  }
  return built
}

/**
 * Makes what jobs in the default languages need.
 * @returns false when it was told to stop meanwhile
 */
export async function setUpDefaults(options: CliContext & { progress: Progress; stop: AbortSignal }): Promise<boolean> {
  const defaults = loadConfiguredLanguages(options.root).filter((language) => language.default)
  try {
    await setUp(options, defaults.map(({ id }) => id), options.progress) // prettier-ignore
  } catch (error) {
    // Ctrl-C in a terminal ends the builds too, and what they say then is no fault.
    if (!options.stop.aborted) throw error
  }
  return !options.stop.aborted
}
