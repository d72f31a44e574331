import { readKattisPackage } from './kattis-package.ts'
import { POLYGON_SETTINGS, readPolygonPackage } from './polygon-package.ts'
import type { ReadProblem } from './problem.ts'
import { readProblemFolder } from './problem-folder.ts'

/**
 * Reads the folder of a problem: a package of Kattis, which has a `problem.yaml`, one of Polygon, which has a `problem.xml`, or a plain folder.
 * @param files of the folder, by path
 * @param languageOf the language of a file by its name, where that is known
 * @param idOf the language with an id or another name, where that is known; names are ids when absent
 */
export function readProblem(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
  idOf?: (name: string) => string | undefined,
): ReadProblem {
  if (files.has('problem.yaml')) return readKattisPackage(files, languageOf)
  if (files.has(POLYGON_SETTINGS)) return readPolygonPackage(files, languageOf)
  return readProblemFolder(files, languageOf, idOf)
}
