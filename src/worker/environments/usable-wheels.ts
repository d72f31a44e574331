import { withoutHashes } from '../../shared/environments/pypi-rules.ts'
import type { PackageIndex } from './package-index.ts'

/** Where engines run: Linux with glibc, on processors that have images. */
const PLATFORM = /^(?:any|(?:linux|manylinux(?:1|2010|2014|_\d+_\d+))_(?:x86_64|aarch64))$/

/**
 * Whether the name of a wheel (PEP 425, 427) says that some engine installs it: for CPython of a version or a later one, so that a lock lasts
 * when the language is updated.
 * @param version of Python, e.g. `Python 3.13.5`
 */
export function isUsableWheel(file: string, version: string): boolean {
  const minor = Number(/\b3\.(\d+)/.exec(version)?.[1] ?? 0)
  const tags = file
    .replace(/\.whl$/, '')
    .split('-')
    .slice(-3)
  const [pythons = [], abis = [], platforms = []] = tags.map((tag) => tag.split('.'))
  const fits = (abi: string) =>
    abi === 'none'
      ? pythons.some((python) => /^(?:py|cp)3/.test(python))
      : abi === 'abi3' || Number(/^cp3(\d+)$/.exec(abi)?.[1] ?? -1) >= minor
  return platforms.some((platform) => PLATFORM.test(platform)) && abis.some(fits)
}

/**
 * A lock without the hashes of wheels that no engine installs. Those of a package of many platforms are most of its lock, which is read with each job.
 * The file that was installed is kept whatever it is called, and so is a hash of which the index says nothing.
 * @param index at which the lock was made or installed
 */
export function shortPypiLock(
  lock: string,
  { files, given }: Pick<PackageIndex, 'files' | 'given'>,
  version: string,
): string {
  const installed = new Set(given.map(({ file }) => file))
  return withoutHashes(lock, (hash) => {
    const file = files.get(hash)
    return file !== undefined && !installed.has(file) && !isUsableWheel(file, version)
  })
}
