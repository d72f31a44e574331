import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Language } from './language.ts'

/** Languages that are installed together, by ids. */
export const LanguageGroup = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
    name: Type.String({ minLength: 1 }),
    languages: Type.Array(Type.String(), { minItems: 1 }),
  },
  { additionalProperties: false },
)
export type LanguageGroup = Static<typeof LanguageGroup>

const GroupFile = Type.Object({ groups: Type.Array(LanguageGroup) }, { additionalProperties: false })
/**
 * Megabytes (10^6 bytes) by id of a language: that its image takes beside the base image, which is `base`; or that its interpreter
 * holds in memory.
 */
const SizeFile = Type.Record(Type.String(), Type.Number({ exclusiveMinimum: 0 }))

const groupFile = Compile(GroupFile)
const sizeFile = Compile(SizeFile)

/**
 * The groups of `<folder>/groups.json`, and two that follow from the languages: `judge0`, those with an id of Judge0's, and
 * `all`. Members that are not defined are left out, and so is a group without members.
 * @throws Error naming the file and the field when it is malformed, or when a group has the name of a language
 */
export function loadGroups(folder: string, languages: readonly Language[]): LanguageGroup[] {
  const defined = new Set(languages.map(({ id }) => id))
  const names = new Set(languages.flatMap(({ id, aliases }) => [id, ...aliases]))
  const file = join(folder, 'groups.json')
  const groups = readChecked(file, groupFile, { groups: [] }).groups.map((group) => ({
    ...group,
    languages: group.languages.filter((id) => defined.has(id)),
  }))
  const judge0 = languages.filter(({ judge0Ids }) => judge0Ids.length > 0).map(({ id }) => id)
  groups.push({ id: 'judge0', name: 'Languages of Judge0', languages: judge0 })
  groups.push({ id: 'all', name: 'All languages', languages: [...defined] })
  const taken = groups.find(({ id }, index) => names.has(id) || groups.findIndex((one) => one.id === id) !== index)
  if (taken) throw new Error(`${file}: the group "${taken.id}" has the name of a language or of another group`)
  return groups.filter((group) => group.languages.length > 0)
}

/**
 * What images take on the disk, as it was measured when the languages were last tested.
 * @returns bytes by id of a language, beside the base image, which is `base`; a language without an entry was not measured
 * @throws Error naming the file when it is malformed
 */
export function loadSizes(folder: string): Map<string, number> {
  const sizes = readChecked(join(folder, 'sizes.json'), sizeFile, {})
  return new Map(Object.entries(sizes).map(([id, megabytes]) => [id, Math.round(megabytes * MEGABYTE)]))
}

/**
 * What an interpreter that waits for its program holds in memory, as `npm run test:prewarmed` measured it.
 * @returns bytes by id of a language; one without an entry was not measured
 * @throws Error naming the file when it is malformed
 */
export function loadWaitingMemory(folder: string): Map<string, number> {
  const memory = readChecked(join(folder, 'memory.json'), sizeFile, {})
  return new Map(Object.entries(memory).map(([id, megabytes]) => [id, Math.round(megabytes * MEGABYTE)]))
}

const MEGABYTE = 1_000_000

interface Checker<T> {
  Check(value: unknown): value is T
  Errors(value: unknown): readonly { instancePath: string; message: string }[]
}

function readChecked<T>(file: string, checker: Checker<T>, absent: T): T {
  if (!existsSync(file)) return absent
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error })
  }
  if (checker.Check(value)) return value
  const [first] = checker.Errors(value)
  throw new Error(`${file}: ${first?.instancePath || '/'} ${first?.message ?? 'is malformed'}`)
}

export interface SpaceNeeded {
  bytes: number
  /** Ids of the languages that were not measured and count nothing. */
  unknown: string[]
}

/**
 * What it takes to install these languages.
 * @param ids of those that are not installed yet
 * @param hasBase whether the base image, which all share, is there already
 */
export function spaceNeeded(sizes: ReadonlyMap<string, number>, ids: readonly string[], hasBase: boolean): SpaceNeeded {
  const base = hasBase || ids.length === 0 ? 0 : (sizes.get('base') ?? 0)
  const known = ids.flatMap((id) => sizes.get(id) ?? [])
  return { bytes: known.reduce((sum, size) => sum + size, base), unknown: ids.filter((id) => !sizes.has(id)) }
}
