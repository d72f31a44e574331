import { readKattisPackage } from './kattis-package.ts'
import { withLines } from './file-places.ts'
import { POLYGON_SETTINGS, readPolygonPackage } from './polygon-package.ts'
import type { ReadProblem } from './problem.ts'
import { readProblemFolder } from './problem-folder.ts'

/**
 * Reads the folder of a problem, and tells faults and notes with their lines: a package of Kattis, which has a `problem.yaml`, one of Polygon, which has a `problem.xml`, or a plain folder.
 * @param files of the folder, by path
 * @param languageOf the language of a file by its name, where that is known
 * @param idOf the language with an id or another name, where that is known; names are ids when absent
 */
export function readProblem(
  files: ReadonlyMap<string, Buffer>,
  languageOf: (path: string) => string | undefined,
  idOf?: (name: string) => string | undefined,
): ReadProblem {
  const read = files.has('problem.yaml')
    ? readKattisPackage(files, languageOf)
    : files.has(POLYGON_SETTINGS)
      ? readPolygonPackage(files, languageOf)
      : readProblemFolder(files, languageOf, idOf)
  if (!read.problem) return { ...read, faults: withLines(read.faults, files) }
  return { ...read, notes: withLines(read.notes, files) }
}
