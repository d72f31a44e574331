import { readXml, type XmlElement } from './xml.ts'

/** What a project needs, as a `pom.xml` says it. */
export interface Pom {
  /** Whose versions and properties count too. */
  parent?: Coordinates
  properties: [name: string, value: string][]
  managed: PomDependency[]
  dependencies: PomDependency[]
  faults: string[]
}

interface Coordinates {
  groupId: string
  artifactId: string
  version: string
}

export interface PomDependency extends Omit<Coordinates, 'version'> {
  /** Absent: the one that is managed. */
  version?: string
  type?: string
  classifier?: string
  scope?: string
  optional?: string
  exclusions: Omit<Coordinates, 'version'>[]
}

const NAME = /^(?=.{1,200}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/
/** A version, or several: see {@link VERSIONS}. Properties stand in it until they are known. */
const VALUE = /^[A-Za-z0-9._+${}()[\], -]{1,200}$/
/** Of names and values, however they are written. */
const MAX_VALUE = 200
/** One version, or ranges of them. */
export const VERSIONS =
  /^(?:[A-Za-z0-9][A-Za-z0-9._+-]{0,127}|(?:[[(][A-Za-z0-9._+-]*(?: *, *[A-Za-z0-9._+-]*)?[\])],?){1,5})$/
const OPTIONAL = ['version', 'type', 'classifier', 'scope', 'optional'] as const
const OF_DEPENDENCY = 'has the dependency'
/** A property may stand for another one so deep. */
const MOST_STEPS = 10
/** Dependencies, managed ones and exclusions together. */
const MOST_ENTRIES = 2000
const MOST_FAULTS = 20

/** Reads the parts of a `pom.xml` that say what is on the class path. Plugins, profiles, modules and repositories count for nothing. */
export function readPom(content: string): Pom {
  const pom: Pom = { properties: [], managed: [], dependencies: [], faults: [] }
  const root = readXml(content)
  if (typeof root === 'string') return { ...pom, faults: [root] }
  if (root.name !== 'project') return { ...pom, faults: [`has <${root.name}>; the outermost element is <project>`] }
  const parent = childOf(root, 'parent')
  if (parent) {
    const { groupId, artifactId, version = '' } = fieldsOf(parent)
    pom.parent = { groupId, artifactId, version }
    if (!NAME.test(groupId) || !NAME.test(artifactId) || !VERSIONS.test(version))
      pom.faults.push('has a <parent> without a plain groupId, artifactId and version')
  }
  for (const { name, text } of childOf(root, 'properties')?.children ?? [])
    if (/^[A-Za-z_][\w.-]{0,127}$/.test(name) && VALUE.test(text)) pom.properties.push([name, text])
  const known = knownOf(root, pom)
  const listed = (list: XmlElement | undefined) => list?.children.filter(({ name }) => name === 'dependency') ?? []
  const managed = listed(childOf(childOf(root, 'dependencyManagement'), 'dependencies'))
  const dependencies = listed(childOf(root, 'dependencies'))
  // A request is small; what its properties make of it need not be.
  const exclusions = [...managed, ...dependencies].map((one) => childOf(one, 'exclusions')?.children.length ?? 0)
  if (exclusions.reduce((sum, count) => sum + count + 1, 0) > MOST_ENTRIES)
    return { ...pom, faults: [`has more than ${MOST_ENTRIES} dependencies and exclusions`] }
  const read = (list: readonly XmlElement[]) =>
    list.flatMap((one) => (pom.faults.length < MOST_FAULTS ? dependencyOf(one, known, pom.faults) : []))
  pom.managed = read(managed)
  pom.dependencies = read(dependencies)
  // A project that needs nothing runs without an environment, whatever else it has.
  return pom.dependencies.length === 0 && !pom.faults.some((one) => one.startsWith(OF_DEPENDENCY))
    ? { ...pom, faults: [] }
    : pom
}

/** What `${...}` stands for, by its name. */
function knownOf(root: XmlElement, { properties, parent }: Pom): Map<string, string> {
  const own = fieldsOf(root)
  const known = new Map(properties)
  for (const prefix of ['project.', 'pom.', '']) {
    for (const [name, value] of [
      ['groupId', own.groupId || parent?.groupId],
      ['artifactId', own.artifactId],
      ['version', own.version ?? parent?.version],
      ['parent.groupId', parent?.groupId],
      ['parent.version', parent?.version],
    ] as const)
      if (value !== undefined && VALUE.test(value) && !known.has(prefix + name)) known.set(prefix + name, value)
  }
  return known
}

function dependencyOf(element: XmlElement, known: ReadonlyMap<string, string>, faults: string[]): PomDependency[] {
  const fields = fieldsOf(element)
  const filled = (text: string): string => {
    let value = text
    for (let step = 0; step < MOST_STEPS && value.length <= MAX_VALUE; step++)
      value = value.replaceAll(/\$\{([\w.-]{1,128})\}/g, (whole, name: string) => known.get(name) ?? whole)
    return value
  }
  const [groupId, artifactId] = [filled(fields.groupId), filled(fields.artifactId)]
  const shown = `${groupId}:${artifactId}`.slice(0, 100)
  const fault = (text: string) => {
    faults.push(`${OF_DEPENDENCY} "${shown}"${text}`)
    return []
  }
  if (!NAME.test(groupId) || !NAME.test(artifactId)) return fault(', which names no artifact')
  if (fields.scope === 'system' || childOf(element, 'systemPath')) return fault(' of a path; jars come from the index')
  const made: PomDependency = { groupId, artifactId, exclusions: [] }
  for (const field of OPTIONAL) {
    const value = filled(fields[field] ?? '')
    if (value === '') continue
    if (!VALUE.test(value)) return fault(` with <${field}>${value.slice(0, 60)}, which cannot be used`)
    made[field] = value
  }
  if (made.version?.endsWith('-SNAPSHOT') === true) return fault(' of a snapshot; only released versions can be had')
  // What is left of a property comes from a parent.
  if (made.version !== undefined && !made.version.includes('${') && !VERSIONS.test(made.version))
    return fault(` with the version "${made.version.slice(0, 60)}", which is none`)
  for (const one of childOf(element, 'exclusions')?.children ?? []) {
    const excluded = fieldsOf(one)
    const isName = (text: string) => text === '*' || NAME.test(text)
    const [group, artifact] = [filled(excluded.groupId), filled(excluded.artifactId || '*')]
    if (!isName(group) || !isName(artifact)) return fault(' with an exclusion that names no artifact')
    made.exclusions.push({ groupId: group, artifactId: artifact })
  }
  return [made]
}

const childOf = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((child) => child.name === name)

function fieldsOf(element: XmlElement) {
  const text = (name: string) => childOf(element, name)?.text
  const optional = Object.fromEntries(
    OPTIONAL.flatMap((name) => {
      const value = text(name)
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  ) as Partial<Record<(typeof OPTIONAL)[number], string>>
  return { groupId: text('groupId') ?? '', artifactId: text('artifactId') ?? '', ...optional }
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const tag = (name: string, value: string | undefined) =>
  value === undefined ? '' : `<${name}>${escaped(value)}</${name}>`

function dependencyText({ exclusions, ...fields }: PomDependency): string {
  const names = ['groupId', 'artifactId', ...OPTIONAL] as const
  const excluded = exclusions
    .map((one) => `<exclusion>${tag('groupId', one.groupId)}${tag('artifactId', one.artifactId)}</exclusion>`)
    .join('')
  const own = names.map((name) => tag(name, fields[name])).join('')
  return `<dependency>${own}${excluded === '' ? '' : `<exclusions>${excluded}</exclusions>`}</dependency>\n`
}

/** A `pom.xml` of that alone. The order counts: of two versions that are as near, the first is taken. */
export function pomText({ parent, properties, managed, dependencies }: Omit<Pom, 'faults'>): string {
  const own = '<groupId>runyard</groupId><artifactId>job</artifactId><version>0</version><packaging>pom</packaging>'
  const above = parent
    ? `<parent>${tag('groupId', parent.groupId)}${tag('artifactId', parent.artifactId)}${tag('version', parent.version)}<relativePath/></parent>\n`
    : ''
  const listed = (list: readonly PomDependency[]) =>
    `<dependencies>\n${list.map(dependencyText).join('')}</dependencies>\n`
  return [
    `<project>\n<modelVersion>4.0.0</modelVersion>\n${above}${own}\n`,
    properties.length > 0
      ? `<properties>${properties.map(([name, value]) => tag(name, value)).join('')}</properties>\n`
      : '',
    managed.length > 0 ? `<dependencyManagement>${listed(managed)}</dependencyManagement>\n` : '',
    `${listed(dependencies)}</project>\n`,
  ].join('')
}
