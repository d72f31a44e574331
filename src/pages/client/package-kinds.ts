import type { PackageBan } from '../../shared/environments/environment.ts'

export interface PackageKind {
  ecosystem: PackageBan['ecosystem']
  /** A package with a version, as it is asked for. */
  example: string
}

const MAVEN: PackageKind = { ecosystem: 'maven', example: 'org.slf4j:slf4j-api:2.0.16' }
const NPM: PackageKind = { ecosystem: 'npm', example: 'lodash@4' }
/** By language. */
const KINDS: Record<string, PackageKind> = {
  python: { ecosystem: 'pypi', example: 'numpy>=2' },
  go: { ecosystem: 'go', example: 'github.com/google/uuid@v1.6.0' },
  rust: { ecosystem: 'crates', example: 'regex@1' },
  java: MAVEN,
  'java-21': MAVEN,
  ruby: { ecosystem: 'rubygems', example: 'rack@3.1' },
}

/** Where the packages of a language come from: of those that are not named here, from npm. */
export const packageKindOf = (language: string): PackageKind => KINDS[language] ?? NPM
