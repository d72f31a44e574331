import type { LockedPackage } from './environment.ts'
import type { PackageRules } from './package-rules.ts'

/** A `package-lock.json` of version 3, as far as it is read here. */
export interface PackageLock {
  lockfileVersion: number
  packages: Record<string, PackageLockEntry>
}

export interface PackageLockEntry {
  /** Given where it is not the end of the path: an alias. */
  name?: string
  version?: string
  resolved?: string
  integrity?: string
  link?: boolean
  /** It comes within the file of another. */
  inBundle?: boolean
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

// What stands behind `+` names a build, and counts for nothing (Semantic Versioning).
const normalVersion = (version: string): string =>
  version
    .trim()
    .replace(/^[v=\s]+/, '')
    .replace(/\+.*$/s, '')

/** What of an entry says what is installed, and where. */
const KEPT = [
  'name',
  'version',
  'integrity',
  'inBundle',
  'dev',
  'devOptional',
  'optional',
  'peer',
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'engines',
  'os',
  'cpu',
  'libc',
  'hasInstallScript',
] as const

/** A lock with what counts in it alone: without addresses, and the same for every lock that means the same. */
export function canonicalPackageLock({ packages }: PackageLock): string {
  const entries = Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const kept = entries.map(([path, entry]) => {
    const names: readonly string[] = path === '' ? ['dependencies', 'optionalDependencies'] : KEPT
    const fields = names.flatMap((name) => (name in entry ? [[name, entry[name as keyof PackageLockEntry]]] : []))
    return [path, Object.fromEntries(fields) as PackageLockEntry] as const
  })
  return `${JSON.stringify({ lockfileVersion: 3, requires: true, packages: Object.fromEntries(kept) }, null, 1)}\n`
}

/** Of packages for Node.js: locks are `package-lock.json`, with `packages`. */
export const npmRules: PackageRules = {
  normalName: (name) => name.toLowerCase(),
  normalVersion,
  bannedAs: (version) => [normalVersion(version)],
  packagesOf(lock): LockedPackage[] {
    const entries = Object.entries(readPackageLock(lock)?.packages ?? {})
    const packages = entries.flatMap(([path, { name = nameAt(path), version }]) =>
      path === '' || version === undefined ? [] : [{ name, version }],
    )
    // One version of a package may lie at several places.
    return [...new Map(packages.map((one) => [`${one.name}@${one.version}`, one])).values()]
  },
  canonicalLock(lock) {
    const read = readPackageLock(lock)
    return read ? canonicalPackageLock(read) : lock
  },
  isLock: (manifest) => readPackageLock(manifest) !== undefined,
}

/** Of the package at a path such as `node_modules/a/node_modules/@b/c`. */
export const nameAt = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** @returns undefined for what is no lock, or one of before version 2, which has no `packages` */
export function readPackageLock(text: string): PackageLock | undefined {
  const value = parsed(text)
  if (!isRecord(value) || !isRecord(value['packages']) || typeof value['lockfileVersion'] !== 'number') return undefined
  const entries = Object.values(value['packages'])
  return entries.every(isEntry) ? (value as unknown as PackageLock) : undefined
}

const isEntry = (value: unknown): boolean =>
  isRecord(value) &&
  ['name', 'version', 'resolved', 'integrity'].every((key) => ['undefined', 'string'].includes(typeof value[key])) &&
  isWithin(value, MAX_DEPTH)

/** Objects and lists in one another that an entry may have: npm writes no more than three. */
const MAX_DEPTH = 8

/** Whether a value is nested no deeper. What is deeper can be read, but not always be written again. */
const isWithin = (value: unknown, depth: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth > 0 && Object.values(value).every((one) => isWithin(one, depth - 1)))

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
