import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Podman } from '../podman.ts'

/**
 * Removes the images this installation made for earlier versions of its files. Those that a container still uses stay until
 * the next time; those of other installations on the machine are left alone.
 * @param dataDir where this installation keeps the list of what it made
 * @param present every reference podman has
 * @param current the references in use by this version
 */
export async function pruneImages(
  podman: Podman,
  dataDir: string,
  present: ReadonlySet<string>,
  current: ReadonlySet<string>,
): Promise<void> {
  const file = join(dataDir, 'images.json')
  const made = await readList(file)
  const kept = new Set([...current].filter((image) => present.has(image)))
  for (const image of made) {
    if (current.has(image) || !present.has(image)) continue
    // Podman itself refuses to remove one that is in use.
    if ((await podman.try(['rmi', image])).exitCode !== 0) kept.add(image)
  }
  await writeFile(file, `${JSON.stringify([...kept].sort(), undefined, 2)}\n`)
}

async function readList(file: string): Promise<string[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as string[]
  } catch {
    return []
  }
}
