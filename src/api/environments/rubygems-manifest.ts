import {
  GEM_NAME,
  type GemfileLock,
  gemfileLockText,
  GEMS_MARK,
  isGemfileLock,
  KNOWN_MARK,
  readGemfileLock,
  rubygemsRules,
  VERSION_RANGE,
} from '../../shared/environments/rubygems-rules.ts'
import type { FieldError } from '../../shared/problems.ts'
import { rangeText, readGemfile, type WantedGem } from './gemfile.ts'
import type { Manifest, Manifests, ReadManifest } from './manifest.ts'

const MAX_GEMS = 1000
const MANIFEST = 'Gemfile'
const LOCK = 'Gemfile.lock'

/** Of gems for Ruby: `Gemfile`, with the versions of `Gemfile.lock` where there is one. */
export const rubygemsManifests: Manifests = {
  requirementFault: (text) =>
    readRequirement(text)
      ? undefined
      : `is "${text.slice(0, 100)}"; allowed is a gem with versions, e.g. rack, rack@3.1 or rack@>=2,<4; addresses and paths are not`,
  fromRequirements(requirements) {
    const wanted = requirements.flatMap((text) => readRequirement(text) ?? [])
    return { ...manifestOf(merged(wanted)), requirements: [...requirements] }
  },
  read: (content, pointer) => (isGemfileLock(content) ? readLock(content, pointer) : readOne(content, pointer)),
  inFiles(text, _program, pointerOf) {
    const manifest = text(MANIFEST)
    const lock = text(LOCK)
    if (manifest === undefined) return lock === undefined ? undefined : readLock(lock, pointerOf(LOCK))
    const read = readOne(manifest, pointerOf(MANIFEST))
    if (lock === undefined || read.manifest.requirements.length === 0) return read
    return withLock(read, readGemfileLock(lock), pointerOf(LOCK))
  },
}

/** `rack@3` and `rack@3.1` are every version that begins so, `rack@3.1.8` that one; what chooses otherwise stands in Ruby's own words. */
function readRequirement(text: string): WantedGem | undefined {
  const bare = text.trim()
  const at = bare.indexOf('@')
  const name = at < 0 ? bare : bare.slice(0, at)
  const ranges = at < 0 ? [] : bare.slice(at + 1).split(',')
  if (!GEM_NAME.test(name) || ranges.some((range) => !VERSION_RANGE.test(range.trim()))) return undefined
  return { name, versions: ranges.map(prefixed) }
}

function prefixed(range: string): string {
  const isShort = /^\d+(?:\.\d+)?$/.test(range.trim())
  return isShort ? `~> ${range.trim()}.0` : rangeText(range)
}

/** One of each name, with the versions of all. */
function merged(gems: readonly WantedGem[]): WantedGem[] {
  const found = new Map<string, Set<string>>()
  for (const { name, versions } of gems) {
    const known = found.get(name) ?? new Set()
    for (const version of versions) known.add(version)
    found.set(name, known)
  }
  return Array.from(found, ([name, versions]) => ({ name, versions: [...versions] }))
}

/** As a requirement has it: of an exact version with two parts or less the `=` stays, since it means every version that begins so without. */
const shortRange = (range: string): string => range.replace(/^= (?=\d+\.\d+\.|.*[A-Za-z])/, '').replace(' ', '')

function manifestOf(gems: readonly WantedGem[]): Manifest {
  // The order of a manifest means nothing.
  const lines = gems.map(({ name, versions }) => [name, ...versions.toSorted()].join(', '))
  return {
    requirements: gems.map(({ name, versions }) =>
      versions.length > 0 ? `${name}@${versions.map(shortRange).join(',')}` : name,
    ),
    names: gems.map(({ name }) => name),
    text: `${GEMS_MARK}\n${lines.toSorted().join('\n')}\n`,
  }
}

function readOne(content: string, pointer: string): ReadManifest {
  const { gems, faults } = readGemfile(content)
  const errors = faults.map((detail): FieldError => ({ pointer, detail }))
  if (gems.length > MAX_GEMS) errors.push({ pointer, detail: `has more than ${MAX_GEMS} gems` })
  return { manifest: manifestOf(gems), errors }
}

/** One that stands alone: with the checksum of each gem it is installed as it is, else its versions are kept. */
function readLock(content: string, pointer: string): ReadManifest {
  const lock = readGemfileLock(content)
  const wanted = merged(lock.wanted.map(({ name, versions }) => ({ name, versions: versions.map(rangeText) })))
  const read = withLock({ manifest: manifestOf(wanted), errors: [] }, lock, pointer)
  const text = gemfileLockText(lock)
  return rubygemsRules.isLock(content) ? { ...read, manifest: { ...read.manifest, text } } : read
}

function withLock({ manifest, errors }: ReadManifest, lock: GemfileLock, pointer: string): ReadManifest {
  const faults = lock.unusable.slice(0, 20).map((line): FieldError => ({
    pointer,
    detail: `has "${line.slice(0, 100)}"; allowed is what Bundler writes for gems of an index, not of git or a path`,
  }))
  if (lock.gems.length > MAX_GEMS) faults.push({ pointer, detail: `has more than ${MAX_GEMS} gems` })
  if (lock.gems.length === 0) faults.push({ pointer, detail: 'is no Gemfile.lock: it names no gem' })
  const names = [...new Set([...manifest.names, ...lock.gems.map(({ name }) => name)])]
  const text = `${manifest.text}${KNOWN_MARK}\n${gemfileLockText(lock)}`
  return { manifest: { ...manifest, names, text }, errors: [...errors, ...faults] }
}
