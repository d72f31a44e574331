import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Removes what a folder holds of workers that are gone. @param isStale asked of each name @throws what reading or removing fails of */
export async function removeStale(folder: string, isStale: (name: string) => Promise<boolean>): Promise<void> {
  for (const name of await readdir(folder)) {
    if (await isStale(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
}
