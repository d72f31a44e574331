import type { LockedPackage } from './environment.ts'
import type { PackageRules } from './package-rules.ts'

/** A jar of a lock. */
export interface LockedJar {
  group: string
  artifact: string
  version: string
  classifier?: string
  /** SHA-256, in hexadecimal. */
  hash: string
}

/** First line of a lock. */
const MARK = '-- Maven jars --'
const PART = '[A-Za-z0-9_-]+(?:\\.[A-Za-z0-9_-]+)*'
const LINE = new RegExp(
  `^(${PART}):(${PART}):jar(?::([A-Za-z0-9_.-]{1,64}))?:([A-Za-z0-9][A-Za-z0-9._+-]{0,127}) sha256:([0-9a-f]{64})$`,
)

/** @returns the jars in the order of the class path, each line once, and lines that name none; undefined for what is no lock */
export function readMavenLock(text: string): { jars: LockedJar[]; unusable: string[] } | undefined {
  const [first, ...lines] = text.split(/\r?\n/)
  if (first !== MARK) return undefined
  const jars: LockedJar[] = []
  const unusable: string[] = []
  for (const line of new Set(lines.filter((one) => one !== ''))) {
    const [, group, artifact, classifier, version, hash] = LINE.exec(line) ?? []
    const isWhole = group !== undefined && artifact !== undefined && version !== undefined && hash !== undefined
    if (!isWhole || version.endsWith('-SNAPSHOT')) unusable.push(line)
    else jars.push({ group, artifact, version, hash, ...(classifier !== undefined && { classifier }) })
  }
  return { jars, unusable }
}

export const mavenLockText = (jars: readonly LockedJar[]): string =>
  [
    MARK,
    ...jars.map(({ group, artifact, version, classifier, hash }) => {
      const place = [group, artifact, 'jar', ...(classifier === undefined ? [] : [classifier]), version]
      return `${place.join(':')} sha256:${hash}`
    }),
    '',
  ].join('\n')

/** Of jars for the JVM: a lock names each jar of the class path with its hash. */
export const mavenRules: PackageRules = {
  // Letter case counts in a repository; a ban must not be passed by by it.
  normalName: (name) => name.trim().toLowerCase(),
  normalVersion: (version) => version.trim(),
  bannedAs: (version) => [version.trim()],
  packagesOf(lock): LockedPackage[] {
    const found = (readMavenLock(lock)?.jars ?? []).map(
      ({ group, artifact, version }) => [`${group}:${artifact}`, version] as const,
    )
    return [...new Map(found.map(([name, version]) => [`${name}:${version}`, { name, version }])).values()]
  },
  canonicalLock(lock) {
    const read = readMavenLock(lock)
    return read && read.unusable.length === 0 ? mavenLockText(read.jars) : lock
  },
  isLock: (manifest) => readMavenLock(manifest) !== undefined,
}
