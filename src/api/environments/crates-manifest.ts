import { cratesText, KNOWN_MARK, readCargoLock, splitCratesLock } from '../../shared/environments/crates-rules.ts'
import type { FieldError } from '../../shared/problems.ts'
import { dependenciesText, type Dependency, readDependencies, VERSIONS } from './cargo-toml.ts'
import type { Manifest, Manifests, ReadManifest } from './manifest.ts'

/** A name with features and versions. */
const REQUIREMENT = /^([A-Za-z][A-Za-z0-9_-]{0,63})(?:\[([A-Za-z0-9_+./, -]{0,300})\])?(?:@(.{1,100}))?$/
const MAX_CRATES = 2000
const MANIFEST = 'Cargo.toml'
const LOCK = 'Cargo.lock'

/** Of crates for Rust: `Cargo.toml`, with the versions of `Cargo.lock` where there is one. */
export const cratesManifests: Manifests = {
  requirementFault(text) {
    const [whole, , , version = '*'] = REQUIREMENT.exec(text.trim()) ?? []
    if (whole !== undefined && VERSIONS.test(version)) return undefined
    return `is "${text.slice(0, 100)}"; allowed is a crate with features and versions, e.g. rand, rand@0.9 or serde[derive]@1; addresses and paths are not`
  },
  fromRequirements(requirements) {
    const wanted = requirements.map((text): Dependency => {
      const [, name = '', features = '', version = '*'] = REQUIREMENT.exec(text.trim()) ?? []
      const listed = features.split(/[, ]+/).filter((feature) => feature !== '')
      return { name, version: version.trim(), features: listed, hasDefaults: true }
    })
    return { ...manifestOf(wanted), requirements: [...requirements] }
  },
  read(content, pointer) {
    const lock = splitCratesLock(content)
    if (!lock) return readToml(content, pointer)
    const read = readToml(lock.toml, pointer)
    return withLock(read, lock.lock, pointer, cratesText(read.manifest.text, lock.lock))
  },
  inFiles(text, _program, pointerOf) {
    const toml = text(MANIFEST)
    if (toml === undefined) return undefined
    const read = readToml(toml, pointerOf(MANIFEST))
    const lock = text(LOCK)
    if (lock === undefined || read.manifest.requirements.length === 0) return read
    return withLock(read, lock, pointerOf(LOCK), cratesText(read.manifest.text, lock, KNOWN_MARK))
  },
}

function manifestOf(dependencies: readonly Dependency[]): Manifest {
  return {
    requirements: dependencies.map(({ name, package: own = name, version, features }) => {
      const named = features.length > 0 ? `${own}[${features.join(',')}]` : own
      return version === '*' ? named : `${named}@${version}`
    }),
    names: dependencies.map(({ name, package: own = name }) => own),
    text: dependenciesText(dependencies),
  }
}

function readToml(content: string, pointer: string): ReadManifest {
  const { dependencies, faults } = readDependencies(content)
  const errors = faults.slice(0, 20).map((detail): FieldError => ({ pointer, detail }))
  if (dependencies.length > MAX_CRATES) errors.push({ pointer, detail: `has more than ${MAX_CRATES} dependencies` })
  return { manifest: manifestOf(dependencies), errors }
}

/** Each crate comes from the index, and must have the hash that the lock tells. */
function withLock({ manifest, errors }: ReadManifest, lock: string, pointer: string, text: string): ReadManifest {
  const { crates, unusable } = readCargoLock(lock)
  const faults: FieldError[] = crates
    .filter(
      ({ source, checksum }) =>
        source !== undefined && !(source.startsWith('registry+') && /^[0-9a-f]{64}$/.test(checksum ?? '')),
    )
    .map(({ name, version }) => ({
      pointer,
      detail: `has ${name} ${version} without a checksum, or not from a registry; crates come from the index alone`,
    }))
  for (const line of unusable.slice(0, 20))
    faults.push({
      pointer,
      detail: `has "${line.slice(0, 100)}", which Cargo does not write; "cargo generate-lockfile" makes the file anew`,
    })
  if (crates.length > MAX_CRATES) faults.push({ pointer, detail: `has more than ${MAX_CRATES} crates` })
  if (crates.length === 0) faults.push({ pointer, detail: 'is no Cargo.lock: it names no package' })
  const locked = crates.flatMap(({ name, source }) => (source === undefined ? [] : [name]))
  // A lock need not have all that is wanted: Cargo adds the rest.
  const names = [...new Set([...manifest.names, ...locked])]
  return { manifest: { ...manifest, names, text }, errors: [...errors, ...faults.slice(0, 20)] }
}
