import type { TSchema } from 'typebox'

/** Puts references in the place of schemas that are components. */
export interface References {
  /** A schema as the document has it. */
  refer: (schema: TSchema) => unknown
  /** What a component itself is. */
  define: (schema: TSchema) => unknown
}

/**
 * A schema is known for a component by what it says, so that TypeBox schemas can be put together as ever.
 * @throws Error when two components say the same
 */
export function createReferences(components: Readonly<Record<string, TSchema>>): References {
  const names = new Map<string, string>()
  for (const [name, schema] of Object.entries(components)) {
    const text = JSON.stringify(schema)
    const other = names.get(text)
    if (other !== undefined) throw new Error(`the components ${other} and ${name} are the same schema`)
    names.set(text, name)
  }

  const refer = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const name = names.get(JSON.stringify(value))
    return name === undefined ? inside(value) : { $ref: `#/components/schemas/${name}` }
  }
  const inside = (value: object): unknown => {
    if (Array.isArray(value)) return value.map(refer)
    const members = Object.entries(value).map(([key, member]) => [key, refer(member)])
    return withType(Object.fromEntries(members) as Record<string, unknown>)
  }
  return { refer, define: inside }
}

/** TypeBox gives an enumeration no type; tools that read the document show one that has it better. */
function withType(schema: Record<string, unknown>): unknown {
  const { enum: values, type } = schema
  const isOfStrings = Array.isArray(values) && values.every((value) => typeof value === 'string')
  return isOfStrings && type === undefined ? { type: 'string', ...schema } : schema
}
