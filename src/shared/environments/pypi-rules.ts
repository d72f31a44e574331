import type { PackageRules } from './package-rules.ts'

// As package indexes compare names (PEP 503).
const normalName = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-')

/** Of Python packages: locks are as uv and pip write them. */
export const pypiRules: PackageRules = {
  normalName,
  normalVersion,
  // A ban of `1.0` is also one of its local builds, such as `1.0+cpu`.
  bannedAs: (version) => [normalVersion(version), normalVersion(version.replace(/\+.*$/s, ''))],
  packagesOf: (lock) =>
    [...lock.matchAll(/^([A-Za-z0-9][A-Za-z0-9._-]*)={2,3}([^\s;\\]+)/gm)].map(([, name = '', version = '']) => ({
      name,
      version,
    })),
  canonicalLock: (lock) => withoutHashes(lock, () => false),
  isLock(manifest) {
    const lines = logicalLines(manifest)
    return lines.length > 0 && lines.every((line) => LOCKED.test(line))
  },
}

/** One version, spelled so that it is seen which: `===1.0` and `==1.*` are for the resolver. */
const LOCKED = /^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_-]+(?=[\s;]).*\s--hash=sha256:[0-9a-f]{64}/

const inOrder = (a: string, b: string): number => Number(a > b) - Number(a < b)

/**
 * A lock in its normal form, which is letter by letter what uv writes of the same packages: a lock that it wrote keeps its key.
 * @param leavesOut of a SHA-256 in hexadecimal; a package keeps all of its hashes when it would have none
 */
export function withoutHashes(lock: string, leavesOut: (hash: string) => boolean): string {
  const lines = logicalLines(lock).map((line) => normalLine(line, leavesOut))
  return [...new Map(lines.map((line) => [line.text, line])).values()]
    .toSorted((a, b) => inOrder(a.name, b.name) || inOrder(a.text, b.text))
    .map(({ text }) => `${text}\n`)
    .join('')
}

const HASH = '--hash=sha256:'

/** Each hash on a line of its own. */
function normalLine(line: string, leavesOut: (hash: string) => boolean): { name: string; text: string } {
  const [wanted = '', ...all] = line.split(/\s+(?=--hash=)/)
  const some = all.filter((option) => !(option.startsWith(HASH) && leavesOut(option.slice(HASH.length))))
  const hashes = some.length > 0 ? some : all
  const [spelled = ''] = /^[A-Za-z0-9][A-Za-z0-9._-]*/.exec(wanted) ?? []
  const name = normalName(spelled)
  const rest = wanted.slice(spelled.length).replaceAll(/\s+/g, ' ').replace(/ ?; ?/, ' ; ')
  return { name, text: [`${name}${rest}`, ...[...new Set(hashes)].toSorted()].join(' \\\n    ') }
}

/** Without comments. A line that ends with a backslash goes on. */
const logicalLines = (text: string): string[] =>
  text
    .replaceAll(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')

const VERSION =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|rc|c)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/
const PRE: Record<string, string> = { alpha: 'a', beta: 'b', c: 'rc', pre: 'rc', preview: 'rc' }

/**
 * As package indexes compare versions (PEP 440): `v1.0.0-ALPHA` and `1a0` are the same. Trailing zeros of the release are left out.
 * @returns what is no version only in lower case
 */
function normalVersion(text: string): string {
  const lower = text.trim().toLowerCase()
  const match = VERSION.exec(lower)
  if (!match) return lower
  const [, epoch = '0', release = '', pre, preNumber, implicitPost, post, postNumber, dev, devNumber, local] = match
  const parts = release.split('.').map(number)
  while (parts.length > 1 && parts.at(-1) === '0') parts.pop()
  return [
    number(epoch) === '0' ? '' : `${number(epoch)}!`,
    parts.join('.'),
    pre === undefined ? '' : `${PRE[pre] ?? pre}${number(preNumber)}`,
    post === undefined && implicitPost === undefined ? '' : `.post${number(implicitPost ?? postNumber)}`,
    dev === undefined ? '' : `.dev${number(devNumber)}`,
    local === undefined ? '' : `+${local.split(/[-_.]/).map(localPart).join('.')}`,
  ].join('')
}

const number = (digits = ''): string => digits.replace(/^0+(?=\d)/, '') || '0'
const localPart = (part: string): string => (/^\d+$/.test(part) ? number(part) : part)
