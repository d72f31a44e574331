import { FAILSAFE_SCHEMA, load, Type, YAMLException } from 'js-yaml'

/** A value of such a file. Numbers and booleans are as they were written: who reads them knows what they should be. */
export type Yaml = string | null | Yaml[] | { [key: string]: Yaml }

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

/**
 * Reads the settings of a problem package: one document of YAML (https://yaml.org/spec/1.2.2).
 * @returns null for a file that says nothing
 * @throws YamlFault
 */
export function parseYaml(source: string): Yaml {
  if (source.length > MAX_CHARACTERS)
    throw new YamlFault(`has ${source.length} characters; ${MAX_CHARACTERS} are allowed`)
  try {
    return (load(source, { schema: SCHEMA }) ?? null) as Yaml
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    const { mark, reason } = error as YAMLException & { mark?: { line: number } }
    throw new YamlFault(`${mark ? `line ${mark.line + 1}: ` : ''}${reason}`)
  }
}
