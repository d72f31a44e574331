import type { PackageBan } from '../../shared/environments/environment.ts'
import type { FieldError } from '../../shared/problems.ts'
import { cratesManifests } from './crates-manifest.ts'
import { goManifests } from './go-manifest.ts'
import { mavenManifests } from './maven-manifest.ts'
import { npmManifests } from './npm-manifest.ts'
import { pypiManifests } from './pypi-manifest.ts'
import { rubygemsManifests } from './rubygems-manifest.ts'

/** What packages are asked for. */
export interface Manifest {
  /** Each as written: a name, with versions where it has some. */
  requirements: string[]
  /** Of all packages that are named, those of a lock included. */
  names: string[]
  /** For the installer; the same for every order and spelling that means the same. */
  text: string
}

export interface ReadManifest {
  manifest: Manifest
  errors: FieldError[]
}

/** How packages of one kind are asked for. */
export interface Manifests {
  /** Why a requirement cannot be used; undefined when it can. */
  requirementFault: (text: string) => string | undefined
  /** @param requirements those that can be used */
  fromRequirements: (requirements: readonly string[]) => Manifest
  /** Reads the content of a manifest, or a lock. @param pointer of it, for errors */
  read: (content: string, pointer: string) => ReadManifest
  /**
   * Finds what the files of a job ask for.
   * @param text of a file; undefined when there is none, or it is no text
   * @param program path of the file that is run
   * @param pointerOf of a file, for errors
   * @returns undefined when they ask for nothing
   */
  inFiles: (
    text: (path: string) => string | undefined,
    program: string,
    pointerOf: (path: string) => string,
  ) => ReadManifest | undefined
}

/** By ecosystem. */
export const MANIFESTS: Record<PackageBan['ecosystem'], Manifests> = {
  pypi: pypiManifests,
  npm: npmManifests,
  go: goManifests,
  crates: cratesManifests,
  maven: mavenManifests,
  rubygems: rubygemsManifests,
}
