import type { TSchema } from 'typebox'

/** As much of a JSON schema as tells which members may be absent. */
interface Shape {
  type?: string
  properties?: Record<string, Shape>
  required?: string[]
  items?: Shape
  anyOf?: Shape[]
}

type Drop = (value: unknown) => void

/**
 * Clients whose types know no absence send `null` for what they do not have. What this makes of a schema deletes such members
 * from a value, in place, wherever the schema has an optional one that cannot be null.
 * @returns undefined for a schema without optional members
 */
export function absentNulls(schema: TSchema): Drop | undefined {
  return dropOf(schema as Shape)
}

function dropOf(shape: Shape): Drop | undefined {
  if (shape.items) {
    const drop = dropOf(shape.items)
    return drop && ((value) => Array.isArray(value) && value.forEach(drop))
  }
  const { properties, required } = shape.anyOf ? eitherOf(shape.anyOf) : shape
  if (!properties) return undefined
  const members = Object.entries(properties).flatMap(([name, member]) => {
    const isOptional = !required?.includes(name) && !mayBeNull(member)
    const drop = dropOf(member)
    return isOptional || drop ? [{ name, isOptional, drop }] : []
  })
  if (members.length === 0) return undefined
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    const object = value as Record<string, unknown>
    for (const { name, isOptional, drop } of members) {
      if (!Object.hasOwn(object, name)) continue
      if (object[name] === null && isOptional) delete object[name]
      else drop?.(object[name])
    }
  }
}

/** The members of several objects of which a value is one: only what all of them require is required. */
function eitherOf(shapes: readonly Shape[]): Shape {
  const properties = Object.assign({}, ...shapes.map((shape) => shape.properties)) as Record<string, Shape>
  const required = Object.keys(properties).filter((name) => shapes.every((shape) => shape.required?.includes(name)))
  return { properties, required }
}

const mayBeNull = ({ type, anyOf, ...rest }: Shape): boolean =>
  type === 'null' || (anyOf ? anyOf.some(mayBeNull) : type === undefined && !('enum' in rest) && !('const' in rest))
