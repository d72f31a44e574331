import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The folder of Runyard's package.json, where `languages/` and `sandbox/` stand, seen from compiled and from source files
 * alike.
 * @throws Error when no parent folder of this file holds them
 */
export function packageRoot(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json')) || !existsSync(join(folder, 'languages'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error(`no package.json beside languages/ above ${import.meta.dirname}`)
    folder = parent
  }
  return folder
}

/** Runyard's version, as its package.json has it. */
export const ownVersion = (): string =>
  (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version
