// JSON schemas as TypeScript: as much of the language of schemas as the service's own use, and an error for the rest.

/**
 * @param {Map<string, object>} schemas by the names that their types get
 * @returns {string} a declaration file that exports one type for each; a schema within another that is one of them is named
 * @throws {Error} for a schema that no type is known of
 */
export function typesOf(schemas) {
  const names = new Map([...schemas].map(([name, schema]) => [JSON.stringify(schema), name]))

  const typeOf = (schema, indent, own) => {
    const name = names.get(JSON.stringify(schema))
    if (name !== undefined && name !== own) return name
    if (schema.const !== undefined) return literal(schema.const)
    if (schema.enum) return schema.enum.map(literal).join(' | ')
    if (schema.anyOf) return [...new Set(schema.anyOf.map((one) => typeOf(one, indent)))].join(' | ')
    switch (schema.type) {
      case 'string':
      case 'boolean':
      case 'null':
        return schema.type
      case 'integer':
      case 'number':
        return 'number'
      case 'array':
        return arrayOf(typeOf(schema.items, indent))
      case 'object':
        return objectOf(schema, indent)
      case undefined:
        if (Object.keys(schema).every((key) => key === 'description')) return 'unknown'
    }
    throw new Error(`no type is known of the schema ${JSON.stringify(schema)}`)
  }

  const objectOf = ({ properties, required = [], patternProperties, additionalProperties }, indent) => {
    if (!properties) {
      const values = Object.values(patternProperties ?? {})[0] ?? additionalProperties
      return `{ [key: string]: ${typeOf(values || {}, indent)} }`
    }
    const inner = `${indent}  `
    const lines = Object.entries(properties).map(([key, schema]) => {
      const optional = required.includes(key) ? '' : '?'
      return `${comment(schema.description, inner)}${inner}${key}${optional}: ${typeOf(schema, inner)}`
    })
    return `{\n${lines.join('\n')}\n${indent}}`
  }

  const declarations = [...schemas].map(
    ([name, schema]) => `${comment(schema.description, '')}export type ${name} = ${typeOf(schema, '', name)}\n`,
  )
  return `// Written by scripts/build-client.mjs from the schemas of the service.\n\n${declarations.join('\n')}`
}

const literal = (value) =>
  typeof value === 'string' ? `'${value.replaceAll(/['\\]/g, '\\$&')}'` : JSON.stringify(value)

const arrayOf = (item) => (/[|{ ]/.test(item) ? `Array<${item}>` : `${item}[]`)

const comment = (text, indent) => (text === undefined ? '' : `${indent}/** ${text.replaceAll('*/', '*\\/')} */\n`)
