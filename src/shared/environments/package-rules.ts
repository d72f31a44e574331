import type { LockedPackage, PackageBan } from './environment.ts'
import { cratesRules } from './crates-rules.ts'
import { goRules } from './go-rules.ts'
import { mavenRules } from './maven-rules.ts'
import { npmRules } from './npm-rules.ts'
import { pypiRules } from './pypi-rules.ts'
import { rubygemsRules } from './rubygems-rules.ts'

/** What packages of one kind are called, and how their locks are read. */
export interface PackageRules {
  /** The same for every spelling of a name. */
  normalName: (name: string) => string
  /** The same for every spelling of a version. */
  normalVersion: (version: string) => string
  /** The versions whose ban is also one of this version, as `normalVersion` has them. */
  bannedAs: (version: string) => string[]
  /** The packages of a lock. What is no lock has none. */
  packagesOf: (lock: string) => LockedPackage[]
  /** The same text for every lock that means the same, without what is not used of it. */
  canonicalLock: (lock: string) => string
  /** Whether a manifest is a lock already: every package in one version, with hashes. It is installed as it stands then. */
  isLock: (manifest: string) => boolean
}

/** By ecosystem. */
export const PACKAGE_RULES = {
  pypi: pypiRules,
  npm: npmRules,
  go: goRules,
  crates: cratesRules,
  maven: mavenRules,
  rubygems: rubygemsRules,
} satisfies Record<PackageBan['ecosystem'], PackageRules>

/** A lock of any ecosystem in its normal form. What is no lock stays as it is. */
export const canonicalLock = (lock: string): string =>
  Object.values<PackageRules>(PACKAGE_RULES)
    .find(({ isLock }) => isLock(lock))
    ?.canonicalLock(lock) ?? lock

/**
 * The ban of a version of a package, or of all of it.
 * @param bans of one ecosystem
 * @param version undefined: only a ban of every version counts
 */
export function banOf(bans: readonly PackageBan[], name: string, version: string | undefined): PackageBan | undefined {
  return bans.find((ban) => {
    const { normalName, normalVersion, bannedAs } = PACKAGE_RULES[ban.ecosystem]
    if (normalName(ban.name) !== normalName(name)) return false
    return ban.version === null || (version !== undefined && bannedAs(version).includes(normalVersion(ban.version)))
  })
}

/** What whoever asks for a banned package is told. @param what the package, with its version where that is known */
export const banDetail = (what: string, { reason }: Pick<PackageBan, 'reason'>): string =>
  `${what} is banned on this server${reason === '' ? '' : `: ${reason}`}`
