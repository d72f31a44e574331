import {
  canonicalPackageLock,
  isRecord,
  nameAt,
  type PackageLock,
  type PackageLockEntry,
  readPackageLock,
} from '../../shared/environments/npm-rules.ts'
import type { FieldError } from '../../shared/problems.ts'
import type { Manifest, Manifests, ReadManifest } from './manifest.ts'

const NAME = '(?:@[a-z0-9~-][a-z0-9._~-]*/)?[A-Za-z0-9~][A-Za-z0-9._~-]*'
const WHOLE_NAME = new RegExp(`^${NAME}$`)
const REQUIREMENT = new RegExp(`^(${NAME})(?:@(.+))?$`)
/** Versions, ranges and tags: no address, path or alias, all of which have a colon or a slash. */
const RANGE = /^[A-Za-z0-9.*+<>=~^| -]{0,200}$/
/** Without either one too, what npm takes for a folder or a file beside the project. */
const LOCAL = /^\s*\.|\.(?:tgz|tar|tar\.gz)\s*$/i
const isRange = (text: string): boolean => RANGE.test(text) && !LOCAL.test(text)
const MAX_PACKAGES = 2000
const MANIFEST = 'package.json'
const LOCK = 'package-lock.json'
/** Fields of a manifest that change what is installed, and are not followed. */
const UNSUPPORTED = ['overrides', 'workspaces', 'bundleDependencies', 'bundledDependencies']
/** Those of a manifest that are installed. */
const FOLLOWED = ['dependencies', 'optionalDependencies'] as const

type Wanted = Partial<Record<(typeof FOLLOWED)[number], Record<string, string>>>

/** Of packages for Node.js: `package.json`, or `package-lock.json` where there is one. */
export const npmManifests: Manifests = {
  requirementFault(text) {
    const [, name, range = ''] = REQUIREMENT.exec(text.trim()) ?? []
    if (name !== undefined && name.length <= 214 && isRange(range)) return undefined
    return `is "${text.slice(0, 100)}"; allowed is a name with versions, e.g. lodash, lodash@4 or @types/node@^20; addresses, paths and aliases are not`
  },
  fromRequirements(requirements) {
    const pairs = requirements.map((text) => {
      const [, name = '', range = '*'] = REQUIREMENT.exec(text.trim()) ?? []
      return [name, range.trim()] as const
    })
    return manifestOf({ dependencies: Object.fromEntries(pairs) })
  },
  read(content, pointer) {
    const lock = readPackageLock(content)
    return lock ? readLock(lock, pointer) : readPackageJson(content, pointer)
  },
  inFiles(text, _program, pointerOf) {
    const [manifest, lock] = [text(MANIFEST), text(LOCK)]
    if (lock === undefined) return manifest === undefined ? undefined : readPackageJson(manifest, pointerOf(MANIFEST))
    const pointer = pointerOf(LOCK)
    const read = readPackageLock(lock)
    if (!read) {
      const detail = 'is no package-lock.json of version 2 or 3; npm 7 and later write one'
      return { manifest: NOTHING, errors: [{ pointer, detail }] }
    }
    const found = readLock(read, pointer)
    if (manifest === undefined) return found
    const wanted = readPackageJson(manifest, pointerOf(MANIFEST))
    const isSame = sameWants(wanted.manifest.requirements, found.manifest.requirements)
    const differs = {
      pointer,
      detail: 'does not fit package.json; "npm install --package-lock-only" brings it up to date',
    }
    return { ...found, errors: [...wanted.errors, ...found.errors, ...(isSame ? [] : [differs])] }
  },
}

const NOTHING: Manifest = { requirements: [], names: [], text: '' }

function manifestOf(wanted: Wanted): Manifest {
  const requirements = requirementsOf(wanted)
  const sorted = FOLLOWED.flatMap((field) => {
    const entries = Object.entries(wanted[field] ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return entries.length > 0 ? [[field, Object.fromEntries(entries)] as const] : []
  })
  const names = FOLLOWED.flatMap((field) => Object.keys(wanted[field] ?? {}))
  return { requirements, names, text: `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n` }
}

const requirementsOf = (wanted: Wanted): string[] =>
  FOLLOWED.flatMap((field) =>
    Object.entries(wanted[field] ?? {}).map(([name, range]) => (range === '*' ? name : `${name}@${range}`)),
  )

const sameWants = (a: readonly string[], b: readonly string[]) =>
  JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted())

function readPackageJson(content: string, pointer: string): ReadManifest {
  const fault = (detail: string): ReadManifest => ({ manifest: NOTHING, errors: [{ pointer, detail }] })
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    return fault(`is no JSON: ${(error as Error).message}`)
  }
  if (!isRecord(value)) return fault('is no object')
  const fields: Readonly<Record<string, unknown>> = value
  const errors: FieldError[] = UNSUPPORTED.filter((field) => field in fields).map((field) => ({
    pointer,
    detail: `has "${field}", which is not supported here; remove it, or send a package-lock.json`,
  }))
  const wanted: Wanted = {}
  for (const field of FOLLOWED) {
    const found = fields[field]
    if (found === undefined) continue
    const read = readWanted(field, found, pointer)
    errors.push(...read.errors)
    if (read.errors.length === 0) wanted[field] = read.wanted
  }
  return { manifest: manifestOf(wanted), errors }
}

/** The names and ranges of a field. */
function readWanted(field: string, found: unknown, pointer: string) {
  const errors: FieldError[] = []
  const wanted: Record<string, string> = {}
  if (!isRecord(found))
    return { wanted, errors: [{ pointer, detail: `"${field}" is no object of names and versions` }] }
  const entries = Object.entries(found)
  if (entries.length > MAX_PACKAGES)
    return { wanted, errors: [{ pointer, detail: `"${field}" has more than ${MAX_PACKAGES} packages` }] }
  for (const [name, range] of entries) {
    if (WHOLE_NAME.test(name) && typeof range === 'string' && isRange(range)) {
      wanted[name] = range.trim() === '' ? '*' : range.trim()
      continue
    }
    const version = typeof range === 'string' ? JSON.stringify(range.slice(0, 100)) : 'a value that is not a string'
    const shown = `${JSON.stringify(name.slice(0, 100))}: ${version}`
    const detail = `"${field}" has ${shown}; allowed is a name with versions, e.g. "lodash": "^4.17.0"; addresses, paths and aliases are not`
    errors.push({ pointer, detail })
  }
  return { wanted, errors }
}

const PATH = new RegExp(`^(?:node_modules/${NAME}/)*node_modules/${NAME}$`)
const VERSION = /^[0-9][A-Za-z0-9.+-]{0,100}$/
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/

/** Addresses in a lock count for nothing: each file comes from the index, and must have the hash that the lock tells. */
function readLock(lock: PackageLock, pointer: string): ReadManifest {
  const root: PackageLockEntry = lock.packages[''] ?? {}
  const entries = Object.entries(lock.packages).filter(([path]) => path !== '')
  const errors: FieldError[] = []
  if (entries.length > MAX_PACKAGES) errors.push({ pointer, detail: `has more than ${MAX_PACKAGES} packages` })
  for (const [path, entry] of entries.slice(0, MAX_PACKAGES)) {
    const fault = entryFault(path, entry)
    if (fault !== undefined) errors.push({ pointer, detail: `/packages/${path.slice(0, 200)} ${fault}` })
  }
  const wanted: Wanted = {}
  for (const field of FOLLOWED) {
    if (root[field] === undefined) continue
    const read = readWanted(field, root[field], pointer)
    errors.push(...read.errors)
    wanted[field] = read.wanted
  }
  const names = [...new Set(entries.map(([path, { name = nameAt(path) }]) => name))]
  const text = errors.length === 0 ? canonicalPackageLock(lock) : ''
  return { manifest: { requirements: requirementsOf(wanted), names, text }, errors: errors.slice(0, 20) }
}

function entryFault(path: string, { name, version, integrity, link, inBundle }: PackageLockEntry): string | undefined {
  if (!PATH.test(path)) return 'is no place of a package in node_modules; workspaces and paths are not supported'
  if (link) return 'is a link; packages come from the index alone'
  if (name !== undefined && !WHOLE_NAME.test(name)) return 'has no usable name'
  if (version === undefined || !VERSION.test(version)) return 'has no version; packages come from the index alone'
  if (inBundle || (integrity !== undefined && SHA512.test(integrity))) return undefined
  return 'has no SHA-512 in "integrity"; "npm install" with an empty node_modules writes it'
}
