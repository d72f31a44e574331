import { readKattisPackage } from './kattis-package.ts'
import type { ReadProblem } from './problem.ts'
import { readProblemFolder } from './problem-folder.ts'

/**
 * Reads the folder of a problem: a package of Kattis, which has a `problem.yaml`, or a plain folder.
 * @param files of the folder, by path
 * @param languageOf the language of a file by its name, where that is known
 */
export function readProblem(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
): ReadProblem {
  return files.has('problem.yaml') ? readKattisPackage(files, languageOf) : readProblemFolder(files, languageOf)
}
