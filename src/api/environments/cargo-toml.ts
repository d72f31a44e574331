/** One of the `dependencies` of a `Cargo.toml`. */
export interface Dependency {
  /** By which a program names it. */
  name: string
  version: string
  /** Where it is published by another name. */
  package?: string
  features: string[]
  hasDefaults: boolean
}

type Value = string | boolean | string[] | Map<string, Value>

/** Of arrays and tables in one another: dependencies are written in two. */
const MAX_DEPTH = 2
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
/** Versions and ranges: no address or path, all of which have a colon or a slash. */
export const VERSIONS = /^[0-9A-Za-z.*^~=<>, +-]{1,100}$/
const FEATURE = /^[A-Za-z0-9_][A-Za-z0-9_+./-]{0,63}$/
const FIELDS = new Set(['version', 'features', 'default-features', 'default_features', 'package', 'optional'])
/** Sections that would change what is installed, and are not followed. */
const UNSUPPORTED = /^(?:patch|replace|workspace|target)(?:\.|$)/

/** Dependencies of some targets, of which this one may be; not those of tests or of build scripts. */
const OF_TARGET = /^target\..*\.dependencies(?:\.|$)/

/**
 * Reads the section `dependencies` of a `Cargo.toml`, in as much of TOML as it is written in.
 * @returns what is wrong as `faults`, each for people
 */
export function readDependencies(toml: string): { dependencies: Dependency[]; faults: string[] } {
  const faults: string[] = []
  const unsupported: string[] = []
  const found = new Map<string, Value>()
  let section = ''
  let isOfTarget = false
  for (const line of logicalLines(toml)) {
    const header = headerOf(line)
    if (header !== undefined) {
      section = header.replaceAll(/["'\s]/g, '')
      if (UNSUPPORTED.test(section)) unsupported.push(`has [${section.slice(0, 60)}], which is not supported here`)
      isOfTarget ||= OF_TARGET.test(section)
      continue
    }
    // As `dependencies.rand = "0.9"` above all tables, too; all of them as one value there are not understood.
    const top =
      section === '' ? /^(?:dependencies|"dependencies"|'dependencies')\s*(?:\.\s*|(?==))/.exec(line)?.[0] : undefined
    const own = /^dependencies(?:\.([A-Za-z0-9_-]+))?$/.exec(top === undefined ? section : 'dependencies')
    if (!own) continue
    const entry = line.slice(top?.length ?? 0)
    const [start = '', key = ''] = /^([A-Za-z0-9_.-]+|"[^"]*")\s*=/.exec(entry) ?? []
    const value = readValue(entry.slice(start.length))
    if (key === '' || value === undefined) {
      faults.push(`has "${line.slice(0, 100)}" among its dependencies, which is not understood`)
      continue
    }
    const [name = '', field] = own[1] === undefined ? key.replaceAll('"', '').split('.') : [own[1], key]
    const table = found.get(name)
    if (field === undefined) found.set(name, value)
    else if (table instanceof Map) table.set(field, value)
    else found.set(name, new Map([[field, value]]))
  }
  const dependencies: Dependency[] = []
  for (const [name, value] of found) {
    const read = dependencyOf(name, value)
    if (typeof read === 'string') faults.push(read)
    else dependencies.push(read)
  }
  // A project that needs no package runs without an environment, whatever its manifest has.
  const needsPackages = found.size > 0 || faults.length > 0 || isOfTarget
  return { dependencies, faults: needsPackages ? [...unsupported, ...faults] : [] }
}

/** What a line has between its brackets; undefined when it begins no table. */
function headerOf(line: string): string | undefined {
  if (!line.startsWith('[') || !line.endsWith(']')) return undefined
  const width = line.startsWith('[[') && line.endsWith(']]') ? 2 : 1
  return line.slice(width, -width).trim()
}

function dependencyOf(name: string, value: Value): Dependency | string {
  const table = value instanceof Map ? value : new Map<string, Value>([['version', value]])
  const fault = `has the dependency "${name.slice(0, 64)}"`
  if (!NAME.test(name)) return `${fault}, which is no name of a crate`
  const other = [...table.keys()].find((field) => !FIELDS.has(field))
  if (other !== undefined)
    return `${fault} with "${other.slice(0, 60)}"; allowed are version, features, default-features and package: crates come from the index alone`
  const version = table.get('version') ?? '*'
  if (typeof version !== 'string' || !VERSIONS.test(version)) return `${fault} with a version that is none`
  const features = table.get('features') ?? []
  if (!Array.isArray(features) || !features.every((one) => FEATURE.test(one)))
    return `${fault} with features that are none`
  const own = table.get('package')
  if (own !== undefined && (typeof own !== 'string' || !NAME.test(own))) return `${fault} of a package that is none`
  const hasDefaults = (table.get('default-features') ?? table.get('default_features')) !== false
  return { name, version, features, hasDefaults, ...(own !== undefined && { package: own }) }
}

/** The same text for every order that means the same. */
export function dependenciesText(dependencies: readonly Dependency[]): string {
  const lines = dependencies
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, version, package: own, features, hasDefaults }) => {
      const fields = [
        `version = ${JSON.stringify(version)}`,
        ...(own === undefined ? [] : [`package = ${JSON.stringify(own)}`]),
        ...(features.length > 0 ? [`features = ${JSON.stringify(features.toSorted())}`] : []),
        ...(hasDefaults ? [] : ['default-features = false']),
      ]
      return `${name} = { ${fields.join(', ')} }\n`
    })
  return `[dependencies]\n${lines.join('')}`
}

/** Lines without comments; an array or table of several lines is one. */
function* logicalLines(toml: string): Generator<string> {
  let parts: string[] = []
  let depth = 0
  for (const raw of toml.split(/\r?\n/)) {
    const line = withoutComment(raw).trim()
    const bare = line.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '')
    parts.push(line)
    depth += count(bare, /[[{]/g) - count(bare, /[\]}]/g)
    if (depth > 0) continue
    const whole = parts.join(' ').trim()
    if (whole !== '') yield whole
    parts = []
    depth = 0
  }
  if (parts.length > 0) yield parts.join(' ').trim()
}

const count = (text: string, of: RegExp) => text.match(of)?.length ?? 0

// Up to a string without an end, too: what is left of it is not understood.
const withoutComment = (line: string): string => /^(?:[^"'#]|"(?:[^"\\]|\\.)*"|'[^']*')*/.exec(line)?.[0] ?? line

/** A string, a boolean, an array of strings or an inline table; undefined for anything else. */
function readValue(text: string): Value | undefined {
  const [value, rest] = valueAt(text.trim())
  return rest.trim() === '' ? value : undefined
}

function valueAt(text: string, depth = 0): [Value | undefined, rest: string] {
  const string = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)')/.exec(text)
  if (string) return [string[1] ?? string[2] ?? '', text.slice(string[0].length)]
  const word = /^(?:true|false)\b/.exec(text)?.[0]
  if (word !== undefined) return [word === 'true', text.slice(word.length)]
  if (depth > MAX_DEPTH) return [undefined, text]
  if (text.startsWith('[')) {
    const [items, rest] = itemsOf(text.slice(1), depth + 1)
    const strings = items?.every((item): item is string => typeof item === 'string') ? items : undefined
    return [strings as string[] | undefined, rest]
  }
  if (!text.startsWith('{')) return [undefined, text]
  const table = new Map<string, Value>()
  let rest = text.slice(1).trimStart()
  while (!rest.startsWith('}')) {
    const [whole, key = ''] = /^([A-Za-z0-9_-]+)\s*=\s*/.exec(rest) ?? []
    if (whole === undefined) return [undefined, rest]
    const [value, after] = valueAt(rest.slice(whole.length), depth + 1)
    if (value === undefined) return [undefined, after]
    table.set(key, value)
    rest = after.trimStart().replace(/^,\s*/, '')
  }
  return [table, rest.slice(1)]
}

function itemsOf(text: string, depth: number): [Value[] | undefined, rest: string] {
  const items: Value[] = []
  let rest = text.trimStart()
  while (!rest.startsWith(']')) {
    const [item, after] = valueAt(rest, depth)
    if (item === undefined) return [undefined, after]
    items.push(item)
    rest = after.trimStart().replace(/^,\s*/, '')
  }
  return [items, rest.slice(1)]
}
