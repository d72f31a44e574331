import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A hash of files and, for folders, of all files below them that `keep` accepts; names count as well as contents. */
export function hashFiles(root, paths, keep = () => true) {
  const hash = createHash('sha256')
  const add = (path) => {
    if (!existsSync(join(root, path))) return
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
  }
  const walk = (path) => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true }).sort(byName)) {
      const inner = join(path, entry.name)
      if (entry.isDirectory()) walk(inner)
      else if (keep(entry.name)) add(inner)
    }
  }
  for (const path of paths) {
    if (path.endsWith('/')) walk(path)
    else add(path)
  }
  return hash.digest('hex')
}

const byName = (a, b) => (a.name < b.name ? -1 : 1)

/**
 * Does `work` unless the stamp says that it was done for exactly these sources. The stamp lies beside what the work makes, so
 * it goes with it.
 */
export async function unlessStamped(file, hash, work) {
  if (existsSync(file) && readFileSync(file, 'utf8') === hash) return
  await work()
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, hash)
}
