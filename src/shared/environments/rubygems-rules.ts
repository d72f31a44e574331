import type { LockedPackage } from './environment.ts'
import { normalGemVersion } from './gem-version.ts'
import type { PackageRules } from './package-rules.ts'

/** A `Gemfile.lock`, as far as it is read here. */
export interface GemfileLock {
  gems: LockedGem[]
  platforms: string[]
  /** What is wanted, each as Bundler writes it: a name, and its versions in brackets. */
  wanted: { name: string; versions: string[] }[]
  /** Lines that cannot be used, and what they are read as. */
  unusable: string[]
}

export interface LockedGem {
  name: string
  version: string
  /** Absent: any. */
  platform?: string
  /** What it needs, as `wanted`. */
  needs: { name: string; versions: string[] }[]
  /** SHA-256 of its file, in hexadecimal. */
  checksum?: string
}

/** First line of what is wanted; a `Gemfile.lock` whose versions are kept follows behind the other. */
export const GEMS_MARK = '-- gems --'
export const KNOWN_MARK = '-- known Gemfile.lock --'
/** Source that Bundler has unless it is told of another. In a lock it counts for nothing: gems come from the operator's index. */
const REMOTE = 'https://rubygems.org/'

/** Of those that begin otherwise none could be banned. */
export const GEM_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const NAMED = '([A-Za-z0-9][A-Za-z0-9._-]{0,127})'
const VERSIONS = '(?: \\(([^()\\p{Cc}]{1,300})\\))?'
const GEM = new RegExp(`^ {4}${NAMED} \\((\\d+(?:\\.[0-9A-Za-z]+)*)(?:-([A-Za-z0-9_][A-Za-z0-9_.-]*))?\\)$`, 'u')
const NEED = new RegExp(`^ {6}${NAMED}${VERSIONS}$`, 'u')
const WANTED = new RegExp(`^ {2}${NAMED}${VERSIONS}!?$`, 'u')
const SUM =
  /^ {2}([A-Za-z0-9][A-Za-z0-9._-]*) \(([A-Za-z0-9_.-]+)\)(?: ([a-z0-9]+=[0-9a-f]+(?:,[a-z0-9]+=[0-9a-f]+)*))?$/
const PLATFORM = /^ {2}([A-Za-z0-9_][A-Za-z0-9_.-]*)$/
/** `>= 1`, `1` or `~> 1.2.a`. */
export const VERSION_RANGE = /^(=|!=|>=|<=|~>|>|<)? ?(\d+(?:\.[0-9A-Za-z]+)*)$/
const SECTIONS = new Set(['GEM', 'PLATFORMS', 'DEPENDENCIES', 'CHECKSUMS', 'RUBY VERSION', 'BUNDLED WITH'])

/** Whether a text is a `Gemfile.lock`, as opposed to a `Gemfile`. */
export const isGemfileLock = (text: string): boolean => /^(?:GEM|GIT|PATH|DEPENDENCIES)\r?$/m.test(text)

/** Reads a `Gemfile.lock` as Bundler prints it. Another spelling of the same would have it read gems that are not seen here. */
export function readGemfileLock(text: string): GemfileLock {
  const lock: GemfileLock = { gems: [], platforms: [], wanted: [], unusable: [] }
  const sums = new Map<string, string>()
  let section = ''
  for (const line of text.split(/\r?\n/)) {
    if (line === '') continue
    if (SECTIONS.has(line)) section = line
    else if (!line.startsWith(' ')) {
      section = ''
      lock.unusable.push(line)
    } else if (!take(lock, sums, section, line)) lock.unusable.push(line)
  }
  const seen = new Set<string>()
  for (const gem of lock.gems) {
    const name = fullName(gem)
    const checksum = sums.get(name)
    if (checksum !== undefined) gem.checksum = checksum
    if (seen.has(name)) lock.unusable.push(`${name} twice`)
    seen.add(name)
  }
  return lock
}

function take(lock: GemfileLock, sums: Map<string, string>, section: string, line: string): boolean {
  if (section === 'RUBY VERSION' || section === 'BUNDLED WITH') return true
  if (section === 'GEM') return /^ {2}(?:remote: \S+|specs:)$/.test(line) || takeGem(lock, line)
  if (section === 'PLATFORMS') {
    const [, platform] = PLATFORM.exec(line) ?? []
    if (platform !== undefined) lock.platforms.push(platform)
    return platform !== undefined
  }
  if (section === 'DEPENDENCIES') {
    const wanted = asked(WANTED.exec(line))
    if (wanted) lock.wanted.push(wanted)
    return wanted !== undefined
  }
  const [whole, name = '', version = '', hashes = ''] = (section === 'CHECKSUMS' && SUM.exec(line)) || []
  const sum = /(?:^|,)sha256=([0-9a-f]{64})(?:,|$)/.exec(hashes)?.[1]
  if (sum !== undefined) sums.set(`${name}-${version}`, sum)
  return whole !== undefined
}

function takeGem({ gems }: GemfileLock, line: string): boolean {
  const [, name, version, platform] = GEM.exec(line) ?? []
  if (name !== undefined && version !== undefined) {
    gems.push({ name, version, needs: [], ...(platform !== undefined && { platform }) })
    return true
  }
  const need = asked(NEED.exec(line))
  if (need) gems.at(-1)?.needs.push(need)
  return need !== undefined && gems.length > 0
}

function asked(match: RegExpExecArray | null): { name: string; versions: string[] } | undefined {
  const [, name, versions] = match ?? []
  if (name === undefined) return undefined
  const ranges = versions?.split(', ') ?? []
  return ranges.every((range) => VERSION_RANGE.test(range)) ? { name, versions: ranges } : undefined
}

/** Of the file of a gem, without its ending. */
const fullName = ({ name, version, platform }: LockedGem): string =>
  `${name}-${version}${platform === undefined ? '' : `-${platform}`}`

const inBrackets = ({ name, versions }: { name: string; versions: string[] }): string =>
  versions.length > 0 ? `${name} (${versions.join(', ')})` : name

const sorted = (lines: readonly string[]): string[] => [...new Set(lines)].toSorted()

/** The same text for every lock that means the same. */
export function gemfileLockText({ gems, platforms, wanted }: GemfileLock): string {
  const shown = gems.toSorted((a, b) => (fullName(a) < fullName(b) ? -1 : 1))
  const versionOf = ({ version, platform }: LockedGem) => (platform === undefined ? version : `${version}-${platform}`)
  return [
    'GEM',
    `  remote: ${REMOTE}`,
    '  specs:',
    ...shown.flatMap((gem) => [
      `    ${gem.name} (${versionOf(gem)})`,
      ...sorted(gem.needs.map((need) => `      ${inBrackets(need)}`)),
    ]),
    '',
    'PLATFORMS',
    ...sorted(platforms.map((platform) => `  ${platform}`)),
    '',
    'DEPENDENCIES',
    ...sorted(wanted.map((one) => `  ${inBrackets(one)}`)),
    '',
    'CHECKSUMS',
    ...shown.map((gem) => `  ${gem.name} (${versionOf(gem)})${gem.checksum ? ` sha256=${gem.checksum}` : ''}`),
    '',
  ].join('\n')
}

const isWhole = ({ gems, unusable }: GemfileLock): boolean =>
  unusable.length === 0 && gems.length > 0 && gems.every(({ checksum }) => checksum !== undefined)

/** Of gems for Ruby: a lock is a `Gemfile.lock` with the checksum of each gem. */
export const rubygemsRules: PackageRules = {
  // Letter case counts in names of gems; a ban must not be passed by by it.
  normalName: (name) => name.trim().toLowerCase(),
  normalVersion: normalGemVersion,
  bannedAs: (version) => [normalGemVersion(version)],
  packagesOf(lock): LockedPackage[] {
    const found = readGemfileLock(lock).gems.map(({ name, version }) => ({ name, version }))
    // One for several platforms is named once.
    return [...new Map(found.map((one) => [`${one.name} ${one.version}`, one])).values()]
  },
  canonicalLock(lock) {
    const read = readGemfileLock(lock)
    return isWhole(read) ? gemfileLockText(read) : lock
  },
  isLock: (manifest) => isGemfileLock(manifest) && isWhole(readGemfileLock(manifest)),
}
