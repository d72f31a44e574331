import { FAILSAFE_SCHEMA, load, type State, Type, YAMLException } from 'js-yaml'

/** A value of such a file. Numbers and booleans are as they were written: who reads them knows what they should be. */
export type Yaml = string | null | Yaml[] | YamlMap
export type YamlMap = { [key: string]: Yaml }

/** What is wrong with a file, with its line where it has one. */
export class YamlFault extends Error {
  override readonly name = 'YamlFault'
}

const NULLS: readonly unknown[] = [null, '', '~', 'null', 'Null', 'NULL']
const nullType = new Type('tag:yaml.org,2002:null', {
  kind: 'scalar',
  resolve: (text: unknown) => NULLS.includes(text),
  construct: () => null,
})
const SCHEMA = FAILSAFE_SCHEMA.extend({ implicit: [nullType] })
/** Settings of packages are short; so much is read in a fraction of a second, whatever it is. */
const MAX_CHARACTERS = 1024 * 1024

/** A message may quote the file, which may be one long word. */
const MAX_MESSAGE_CHARACTERS = 200

/**
 * Forgets the anchors before each value is read, so that every alias is one of nothing: aliases of aliases would make a short file a value, or a
 * key, that no memory holds.
 */
const withoutAliases = (_event: string, state: State) => Object.assign(state, { anchorMap: {} })

/**
 * Reads the settings of a problem package: one document of YAML (https://yaml.org/spec/1.2.2) without aliases.
 * @returns null for a file that says nothing; a tree no larger than the file
 * @throws YamlFault
 */
export function parseYaml(source: string): Yaml {
  if (source.length > MAX_CHARACTERS)
    throw new YamlFault(`has ${source.length} characters; ${MAX_CHARACTERS} are allowed`)
  try {
    return (load(source, { schema: SCHEMA, listener: withoutAliases }) ?? null) as Yaml
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    const { mark, reason } = error as YAMLException & { mark?: { line: number } }
    const detail = reason.startsWith('unidentified alias') ? 'has an alias; write the value out' : reason
    throw new YamlFault(`${mark ? `line ${mark.line + 1}: ` : ''}${detail.slice(0, MAX_MESSAGE_CHARACTERS)}`)
  }
}

/** Reads a file that is a map. @param tell gets its faults @returns an empty one where the file is not there, says nothing, or has a fault */
export function readYamlMap(bytes: Buffer | undefined, tell: (detail: string) => void): YamlMap {
  if (!bytes) return {}
  try {
    const value = parseYaml(bytes.toString())
    if (value === null) return {}
    if (isMap(value)) return value
    tell('is not a map of keys and values')
  } catch (error) {
    tell((error as Error).message)
  }
  return {}
}

export const isMap = (value: Yaml | undefined): value is YamlMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A sequence of words, or words with spaces between them; none of what is not there. @returns undefined when it is something else */
export function wordsIn(value: Yaml | undefined): string[] | undefined {
  if (value === undefined || value === null) return []
  if (typeof value === 'string') return value.split(/\s+/).filter((word) => word !== '')
  return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined
}
