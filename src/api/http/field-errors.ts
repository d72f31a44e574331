import type { TSchema } from 'typebox'
import type { FieldError } from '../../shared/problems.ts'

export interface SchemaError {
  keyword: string
  schemaPath: string
  instancePath: string
  message: string
  params: object
}

/** What a schema's check found, in words for whoever sent the value: where, what is wrong, what is allowed. */
export function fieldErrors(schema: TSchema, errors: readonly SchemaError[]): FieldError[] {
  const found = nearest(errors).flatMap((error) => inWords(schema, error))
  return [...new Map(found.map((error) => [`${error.pointer}\n${error.detail}`, error])).values()]
}

function inWords(schema: TSchema, { keyword, schemaPath, instancePath, message, params }: SchemaError): FieldError[] {
  const named = (property: string, detail: string) => ({
    pointer: `${instancePath}/${property.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    detail,
  })
  const here = schemaAt(schema, schemaPath)
  switch (keyword) {
    case 'additionalProperties': {
      // Where other names are allowed, what is wrong with their values is told by itself.
      if (here.additionalProperties !== false) return []
      const { additionalProperties } = params as { additionalProperties: string[] }
      return additionalProperties.map((name) => named(name, unknownField(here)))
    }
    case 'propertyNames': {
      const { propertyNames } = params as { propertyNames: string[] }
      const detail = `is not an allowed name; allowed: ${here.propertyNames?.description ?? ''}`
      return propertyNames.map((name) => named(name, detail))
    }
    case 'required': {
      const { requiredProperties } = params as { requiredProperties: string[] }
      return requiredProperties.map((name) => named(name, 'is missing'))
    }
    // Each field that is not allowed at all, told one by one before they are told together: there may be too many for that.
    case 'boolean':
      return [{ pointer: instancePath, detail: unknownField(schemaAt(schema, schemaPath.replace(/\/[^/]*$/, ''))) }]
    case 'enum': {
      const { allowedValues } = params as { allowedValues: unknown[] }
      return [{ pointer: instancePath, detail: `must be one of ${allowedValues.join(', ')}` }]
    }
    case 'const':
      return [{ pointer: instancePath, detail: `must be ${JSON.stringify(here.const)}` }]
    case 'pattern':
      if (schemaPath.endsWith('/propertyNames')) return []
      return [
        { pointer: instancePath, detail: here.description ? `is not valid; expected: ${here.description}` : message },
      ]
    case 'type':
      return [{ pointer: instancePath, detail: `must be ${TYPES[here.type ?? ''] ?? here.type ?? 'of another type'}` }]
    default:
      return [{ pointer: instancePath, detail: boundInWords(keyword, params) ?? message }]
  }
}

const BOUNDS: Record<string, [least: 'at least' | 'at most', unit?: string]> = {
  minimum: ['at least'],
  maximum: ['at most'],
  minLength: ['at least', 'character'],
  maxLength: ['at most', 'character'],
  minItems: ['at least', 'member'],
  maxItems: ['at most', 'member'],
  minProperties: ['at least', 'member'],
  maxProperties: ['at most', 'member'],
}

/** @returns undefined for what is no bound */
function boundInWords(keyword: string, params: object): string | undefined {
  const [least, unit] = BOUNDS[keyword] ?? []
  const { limit } = params as { limit?: number }
  if (least === undefined || limit === undefined) return undefined
  return unit === undefined
    ? `must be ${least} ${limit}`
    : `must have ${least} ${limit} ${unit}${limit === 1 ? '' : 's'}`
}

const TYPES: Record<string, string> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'an array',
}

interface Keywords {
  type?: string
  const?: unknown
  description?: string
  properties?: object
  additionalProperties?: unknown
  propertyNames?: { description?: string }
}

const unknownField = ({ properties = {} }: Keywords): string =>
  `is not a known field; known: ${Object.keys(properties).join(', ')}`

/** @param path e.g. `#/properties/files/items` */
function schemaAt(schema: TSchema, path: string): Keywords {
  let at: unknown = schema
  for (const name of path.split('/').slice(1)) at = (at as Record<string, unknown> | undefined)?.[name]
  return (at ?? {}) as Keywords
}

/** Of a value that may be one of several, what is wrong with it as the one that it comes nearest to. */
function nearest(errors: readonly SchemaError[]): readonly SchemaError[] {
  const variant = ({ schemaPath }: SchemaError) => /^.*?\/anyOf\/\d+/.exec(schemaPath)?.[0]
  const counts = new Map<string, number>()
  for (const error of errors) {
    const name = variant(error)
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  if (counts.size === 0) return errors
  const least = Math.min(...counts.values())
  const told = errors.filter((error) => {
    const name = variant(error)
    return error.keyword !== 'anyOf' && (name === undefined || counts.get(name) === least)
  })
  return told.length > 0 ? told : errors
}
