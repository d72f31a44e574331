import { normalVersion } from './normal-version.ts'
import type { PackageRules } from './package-rules.ts'

/** Of Python packages: locks are as uv and pip write them. */
export const pypiRules: PackageRules = {
  // As package indexes compare names (PEP 503).
  normalName: (name) => name.toLowerCase().replaceAll(/[-_.]+/g, '-'),
  normalVersion,
  // A ban of `1.0` is also one of its local builds, such as `1.0+cpu`.
  bannedAs: (version) => [normalVersion(version), normalVersion(version.replace(/\+.*$/s, ''))],
  packagesOf: (lock) =>
    [...lock.matchAll(/^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)/gm)].map(([, name = '', version = '']) => ({
      name,
      version,
    })),
  // As uv writes one: each hash on a line of its own.
  canonicalLock: (lock) =>
    logicalLines(lock)
      .map((line) => {
        const [wanted = '', ...hashes] = line.split(/\s+(?=--hash=)/)
        return [wanted, ...hashes.toSorted()].join(' \\\n    ')
      })
      .toSorted()
      .map((line) => `${line}\n`)
      .join(''),
  isLock(manifest) {
    const lines = logicalLines(manifest)
    return (
      lines.length > 0 &&
      lines.every((line) => /^[A-Za-z0-9][A-Za-z0-9._-]*==\S+ .*--hash=sha256:[0-9a-f]{64}/.test(line))
    )
  },
}

/** Without comments. A line that ends with a backslash goes on. */
const logicalLines = (text: string): string[] =>
  text
    .replaceAll(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
