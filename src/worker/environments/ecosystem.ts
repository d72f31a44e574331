import type { Config } from '../../shared/config/config.ts'
import type { PackageBan } from '../../shared/environments/environment.ts'
import { cratesExplains, createCratesIndex } from './crates-index.ts'
import { createGoIndex, goExplains } from './go-index.ts'
import { cargoIndex, gemSource, goProxy, mavenMirror, npmRegistry, pipIndex } from './index-address.ts'
import { createMavenIndex, mavenExplains } from './maven-index.ts'
import type { PackageIndex, PackageIndexOptions, Refusal } from './package-index.ts'
import { createNpmIndex, npmExplains } from './npm-index.ts'
import { createPypiIndex, pypiExplains } from './pypi-index.ts'
import { createRubygemsIndex, rubygemsExplains } from './rubygems-index.ts'
import { shortPypiLock } from './usable-wheels.ts'

/** What a worker does otherwise for each kind of packages. Commands are data of the language. */
export interface Ecosystem {
  /** The index as an installer in a cell sees it. */
  createIndex: (options: PackageIndexOptions) => PackageIndex
  /** Where that is at the installer's end of the way out. */
  indexPath: string
  /** The operator's index, or that of this machine; undefined: the installer's default counts. */
  configuredIndex: (settings: Config['packages']) => Promise<string | undefined>
  /** Of what was not shown, that of which an installer speaks that failed. */
  explains: (refusals: readonly Refusal[], said: string) => Refusal | undefined
  /**
   * A lock without what no engine needs of it, which installs the same; absent: its installer writes none such.
   * @param index at which it was made or installed
   * @param version of the language
   */
  shortLock?: (lock: string, index: PackageIndex, version: string) => string
}

export const ECOSYSTEMS: Record<PackageBan['ecosystem'], Ecosystem> = {
  pypi: {
    createIndex: createPypiIndex,
    indexPath: '/simple/',
    configuredIndex: async ({ pypi }) => pypi ?? (await pipIndex()),
    explains: pypiExplains,
    shortLock: shortPypiLock,
  },
  npm: {
    createIndex: createNpmIndex,
    indexPath: '/',
    configuredIndex: async ({ npm }) => npm ?? (await npmRegistry()),
    explains: npmExplains,
  },
  go: {
    createIndex: createGoIndex,
    indexPath: '/',
    configuredIndex: async ({ go }) => go ?? (await goProxy()),
    explains: goExplains,
  },
  crates: {
    createIndex: createCratesIndex,
    indexPath: '/',
    configuredIndex: async ({ crates }) => crates ?? (await cargoIndex()),
    explains: cratesExplains,
  },
  maven: {
    createIndex: createMavenIndex,
    indexPath: '/',
    configuredIndex: async ({ maven }) => maven ?? (await mavenMirror()),
    explains: mavenExplains,
  },
  rubygems: {
    createIndex: createRubygemsIndex,
    indexPath: '/',
    configuredIndex: async ({ rubygems }) => rubygems ?? (await gemSource()),
    explains: rubygemsExplains,
  },
}
