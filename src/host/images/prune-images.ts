import type { Language } from '../../shared/language.ts'
import type { Podman } from '../podman.ts'
import { listImages } from './image-store.ts'
import { PREFIX } from './references.ts'

/**
 * Which images of a language (or `base`) are left over from other versions of Runyard's files.
 * @param images every reference podman has
 * @param current the references in use by this version
 */
export function outdatedImages(
  images: Iterable<string>,
  current: ReadonlySet<string>,
  languages: readonly Language[],
): string[] {
  const names = new Set(['base', ...languages.flatMap(({ id }) => [id, `toolchain-${id}`])])
  const nameOf = (image: string) => image.slice(PREFIX.length).split(':')[0] ?? ''
  return [...images].filter((image) => image.startsWith(PREFIX) && names.has(nameOf(image)) && !current.has(image))
}

/** Removes them where no container uses them. Podman itself refuses the others. */
export async function pruneImages(
  podman: Podman,
  current: ReadonlySet<string>,
  languages: readonly Language[],
): Promise<string[]> {
  const removed: string[] = []
  for (const image of outdatedImages(await listImages(podman), current, languages)) {
    const { exitCode } = await podman.try(['rmi', image])
    if (exitCode === 0) removed.push(image)
  }
  return removed
}
