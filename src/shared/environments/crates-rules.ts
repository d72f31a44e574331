import type { LockedPackage } from './environment.ts'
import { markedParts } from './marked-parts.ts'
import type { PackageRules } from './package-rules.ts'

/** Of a lock, and of a manifest that comes with a Cargo.lock of its own: each begins the text of a file. */
export const TOML_MARK = '-- Cargo.toml --'
const LOCK_MARK = '-- Cargo.lock --'
export const KNOWN_MARK = '-- known Cargo.lock --'

/** An entry of a `Cargo.lock`. Those of the project itself have no source. */
export interface LockedCrate {
  name: string
  version: string
  source?: string
  checksum?: string
}

const FIELD = /^(name|version|source|checksum) = "([^"\\\p{Cc}]*)"$/u
const DEPENDENCY = /^ "[^"\\\p{Cc}]*",$/u

/**
 * Reads a `Cargo.lock` as Cargo prints it. Another spelling of the same would have Cargo read packages that are not seen here.
 * @returns lines that Cargo prints otherwise, and packages without a name or version, as `unusable`
 */
export function readCargoLock(text: string): { crates: LockedCrate[]; unusable: string[] } {
  const crates: Partial<LockedCrate>[] = []
  const unusable: string[] = []
  let isInList = false
  for (const line of text.split(/\r?\n/)) {
    const crate = crates.at(-1)
    if (isInList) {
      isInList = line !== ']'
      if (isInList && !DEPENDENCY.test(line)) unusable.push(line)
      continue
    }
    const [, field, value] = FIELD.exec(line) ?? []
    if (line === '[[package]]') crates.push({})
    else if (crate && line === 'dependencies = [') isInList = true
    else if (crate && field && !Object.hasOwn(crate, field)) Object.assign(crate, { [field]: value })
    else if (line !== '' && !line.startsWith('#') && (crate || !/^version = \d+$/.test(line))) unusable.push(line)
  }
  const isWhole = (crate: Partial<LockedCrate>): crate is LockedCrate =>
    crate.name !== undefined && crate.version !== undefined
  const halves = crates.filter((crate) => !isWhole(crate)).map((crate) => `[[package]] ${crate.name ?? ''}`)
  return { crates: crates.filter(isWhole), unusable: [...unusable, ...halves] }
}

/** A lock in its two parts; undefined for what is none. */
export function splitCratesLock(text: string): { toml: string; lock: string } | undefined {
  const parts = markedParts(text, TOML_MARK, LOCK_MARK)
  return parts && { toml: parts[0], lock: parts[1] }
}

/** @param mark whether the Cargo.lock is that of the manifest, or of the project that it comes from */
export const cratesText = (toml: string, lock: string, mark = LOCK_MARK): string =>
  `${TOML_MARK}\n${toml}${mark}\n${lock}`

/** Without what only names a build, which counts for nothing (Semantic Versioning). */
const normalVersion = (version: string): string => version.trim().replace(/\+.*$/s, '')

/** Of crates for Rust: a lock is the dependencies of a Cargo.toml, and its Cargo.lock. */
export const cratesRules: PackageRules = {
  // One of two names that differ in that alone can exist.
  normalName: (name) => name.toLowerCase().replaceAll('_', '-'),
  normalVersion,
  bannedAs: (version) => [normalVersion(version)],
  packagesOf: (lock): LockedPackage[] =>
    readCargoLock(splitCratesLock(lock)?.lock ?? '').crates.flatMap(({ name, version, source }) =>
      source === undefined ? [] : [{ name, version }],
    ),
  canonicalLock: (lock) => lock.replaceAll('\r\n', '\n'),
  isLock: (manifest) => splitCratesLock(manifest) !== undefined,
}
