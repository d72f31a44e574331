import { POLYGON_SETTINGS } from './polygon-package.ts'

/** Statements, and what tests were made and are looked at with: of a package of Kattis. What a folder `.files` has is for programs. */
const KATTIS =
  /^(?:(?:problem_)?statement|attachments|solution|generators|problem_slide|(?:(?:in|out)put|test_case)_visualizers?|data\/(?:in)?valid_(?:in|out)put)\/|^data\/(?!.*\.files\/).*\.(?:png|jpe?g|svg|desc|hint|interaction)$/
/** The same of one of Polygon, and programs that were built for another system. */
const POLYGON = /^(?:statements|statement-sections|documents|scripts|tutorials?)\/|\.(?:exe|jar|pdf)$/

/** Files of a package that say nothing about judging: images and builds may be larger than all its tests. A plain folder has none. */
export function unreadFiles(paths: ReadonlySet<string>): (path: string) => boolean {
  if (paths.has('problem.yaml')) return (path) => KATTIS.test(path)
  if (paths.has(POLYGON_SETTINGS)) return (path) => POLYGON.test(path)
  return () => false
}
