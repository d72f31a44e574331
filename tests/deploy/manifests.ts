import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

export interface Manifest {
  file: string
  apiVersion: string
  kind: string
  metadata: { name: string; labels?: Record<string, string> }
  spec?: unknown
}

/** Every document of the YAML files of a folder. @throws Error where one is no YAML, or says a key twice */
export function readManifests(folder: string): Manifest[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((file) =>
      parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => {
        const [error] = document.errors
        if (error !== undefined) throw new Error(`${file}: ${error.message}`)
        return { ...(document.toJS() as Omit<Manifest, 'file'>), file }
      }),
    )
}

/** A validator as the models' packages have them: what is wrong stands at the function afterwards. */
export interface Schema {
  (value: unknown): boolean
  errors?: { instancePath: string; message?: string; keyword: string; params: unknown }[] | null
}

/**
 * What is wrong with a value by a schema: what the schema says, and members it does not know. Schemas of Kubernetes let
 * members pass that they do not know, which is how a misspelt one gets by; so it is watched which ones the schema looks at.
 */
export function faultsOf(schema: Schema, value: unknown): string[] {
  const looked = new Map<object, Set<PropertyKey>>()
  const fits = schema(watched(value, looked))
  const said = fits
    ? []
    : (schema.errors ?? []).map((one) => `${one.instancePath}: ${one.keyword} ${JSON.stringify(one.params)}`)
  return [...said, ...unlooked(value, looked, '')]
}

function watched(value: unknown, looked: Map<object, Set<PropertyKey>>): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => watched(item, looked))
  const keys = new Set<PropertyKey>()
  looked.set(value, keys)
  const copy = Object.fromEntries(Object.entries(value).map(([key, member]) => [key, watched(member, looked)]))
  return new Proxy(copy, {
    get(target, key, receiver) {
      keys.add(key)
      return Reflect.get(target, key, receiver) as unknown
    },
  })
}

function unlooked(value: unknown, looked: Map<object, Set<PropertyKey>>, path: string): string[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap((item, index) => unlooked(item, looked, `${path}/${index}`))
  const keys = looked.get(value)
  return Object.entries(value).flatMap(([key, member]) =>
    keys?.has(key) === true ? unlooked(member, looked, `${path}/${key}`) : [`${path}/${key}: not known`],
  )
}
