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

/** The packages of a `Cargo.lock`. */
export function readCargoLock(text: string): LockedCrate[] {
  return text
    .split(/^\[\[package\]\][ \t]*\r?$/m)
    .slice(1)
    .flatMap((block) => {
      const field = (name: string) => new RegExp(`^${name} = "([^"\\n]*)"`, 'm').exec(block)?.[1]
      const [name, version, source, checksum] = ['name', 'version', 'source', 'checksum'].map(field)
      if (name === undefined || version === undefined) return []
      return [{ name, version, ...(source !== undefined && { source }), ...(checksum !== undefined && { checksum }) }]
    })
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
    readCargoLock(splitCratesLock(lock)?.lock ?? '').flatMap(({ name, version, source }) =>
      source === undefined ? [] : [{ name, version }],
    ),
  canonicalLock: (lock) => lock.replaceAll('\r\n', '\n'),
  isLock: (manifest) => splitCratesLock(manifest) !== undefined,
}
