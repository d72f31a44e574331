import type { LockedPackage } from './environment.ts'
import { markedParts } from './marked-parts.ts'
import type { PackageRules } from './package-rules.ts'

/** A `go.mod`, as far as it is read here. */
export interface GoMod {
  module: string
  /** Version of the language, at least that whose `go.mod` names every module; absent: that of whoever installs. */
  go?: string
  require: { path: string; version: string; isIndirect: boolean }[]
  exclude: { path: string; version: string }[]
  /** Lines that cannot be used, each as written, with the directive whose they are. */
  unusable: { directive: string; line: string }[]
}

/** Of a lock, and of a manifest that comes with the hashes that are known: each begins the text of a file. */
export const MOD_MARK = '-- go.mod --'
const SUM_MARK = '-- go.sum --'
export const KNOWN_MARK = '-- known go.sum --'
/** What says nothing of what is installed. */
const IGNORED = new Set(['toolchain', 'retract', 'tool', 'ignore', 'godebug'])
const PATH = /^[A-Za-z0-9][A-Za-z0-9.-]*(?:\/[A-Za-z0-9._~-]+)*$/
const VERSION = /^v\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/
const SUM = /^([^\s]+) (v[^\s/]+)(\/go\.mod)? (h1:[A-Za-z0-9+/]{43}=)$/

/** Reads a `go.mod`. What is not understood is kept in `unusable`. */
export function readGoMod(text: string): GoMod {
  const mod: GoMod = { module: 'job', require: [], exclude: [], unusable: [] }
  let block: string | undefined
  for (const raw of text.split(/\r?\n/)) {
    const at = raw.indexOf('//')
    // A block needs no space before its bracket.
    const line = (at < 0 ? raw : raw.slice(0, at)).trim().replace(/^([a-z]+)\(/, '$1 (')
    if (line === '') continue
    if (block !== undefined && line === ')') {
      block = undefined
      continue
    }
    const [first = '', ...words] = line.split(/\s+/).map((word) => word.replace(/^"(.*)"$/, '$1'))
    if (block === undefined && words.at(-1) === '(' && words.length === 1) {
      block = first
      continue
    }
    const [directive, parts] = block === undefined ? [first, words] : [block, [first, ...words]]
    if (!take(mod, directive, parts, raw.includes('// indirect'))) mod.unusable.push({ directive, line })
  }
  return mod
}

function take(mod: GoMod, directive: string, parts: readonly string[], isIndirect: boolean): boolean {
  const [path = '', version = ''] = parts
  if (IGNORED.has(directive)) return true
  if (directive === 'go' && parts.length === 1 && /^\d+\.\d+(\.\d+)?(rc\d+)?$/.test(path)) mod.go = pruned(path)
  else if (directive === 'module' && parts.length === 1 && PATH.test(path)) mod.module = path
  else if (parts.length !== 2 || !PATH.test(path) || !VERSION.test(version)) return false
  else if (directive === 'require') mod.require.push({ path, version, isIndirect })
  else if (directive === 'exclude') mod.exclude.push({ path, version })
  else return false
  return true
}

/** Before it, modules that others need are not in a `go.mod`: nobody would see them in a lock. */
const FIRST_PRUNED = '1.17'

function pruned(version: string): string {
  const [major = 0, minor = 0] = version.split(/[.r]/).map(Number)
  return major > 1 || minor >= 17 ? version : FIRST_PRUNED
}

/** The same text for every `go.mod` that means the same. */
export function goModText({ module, go, require, exclude }: GoMod): string {
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)
  const required = require
    .toSorted(byPath)
    .map((one) => `require ${one.path} ${one.version}${one.isIndirect ? ' // indirect' : ''}\n`)
  const excluded = exclude.toSorted(byPath).map(({ path, version }) => `exclude ${path} ${version}\n`)
  return [`module ${module}\n`, go === undefined ? '' : `go ${go}\n`, ...required, ...excluded].join('')
}

/** The lines of a `go.sum`, sorted; what is none is in `unusable`. */
export function readGoSum(text: string): { lines: string[]; unusable: string[] } {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return {
    lines: [...new Set(lines.filter((line) => SUM.test(line)))].toSorted(),
    unusable: lines.filter((line) => !SUM.test(line)),
  }
}

/** A `go.mod` and hashes as one text. @param mark whether they are all, as of a lock, or those that are known */
export const goText = (mod: GoMod, sums: readonly string[], mark = SUM_MARK): string =>
  `${MOD_MARK}\n${goModText(mod)}${mark}\n${sums.map((line) => `${line}\n`).join('')}`

/** @returns undefined for what is no lock */
export function readGoLock(text: string): { mod: GoMod; sums: { lines: string[]; unusable: string[] } } | undefined {
  const parts = markedParts(text, MOD_MARK, SUM_MARK)
  // Without a version the go command takes one of before.
  return parts && { mod: { go: FIRST_PRUNED, ...readGoMod(parts[0]) }, sums: readGoSum(parts[1]) }
}

/** Of modules for Go: a lock is a `go.mod` that names every module, and its `go.sum`. */
export const goRules: PackageRules = {
  // Letter case counts in paths of modules; a ban must not be passed by by it.
  normalName: (name) => name.toLowerCase(),
  normalVersion,
  bannedAs: (version) => [normalVersion(version)],
  packagesOf: (lock): LockedPackage[] =>
    (readGoLock(lock)?.mod.require ?? []).map(({ path, version }) => ({ name: path, version })),
  canonicalLock(lock) {
    const read = readGoLock(lock)
    return read ? goText(read.mod, read.sums.lines) : lock
  },
  isLock: (manifest) => readGoLock(manifest) !== undefined,
}

function normalVersion(version: string): string {
  const bare = version.trim()
  return /^\d/.test(bare) ? `v${bare}` : bare
}
