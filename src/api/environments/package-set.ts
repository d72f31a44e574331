import type { Language } from '../../shared/language.ts'
import { invalidRequest } from '../http/problems.ts'
import { type Manifest, MANIFESTS } from './manifest.ts'

/**
 * Packages that are usual together, which the data of a language names.
 * @param name e.g. `python/data`
 * @throws Problem `invalid-request`
 */
export function packageSet(language: Language, name: string, pointer: string): { name: string; manifest: Manifest } {
  const { packageSets = {}, environments } = language
  const [of, set = '', ...more] = name.split('/')
  const packages =
    of === language.id && more.length === 0 && Object.hasOwn(packageSets, set) ? packageSets[set] : undefined
  if (packages && environments) return { name, manifest: MANIFESTS[environments.ecosystem].fromRequirements(packages) }
  const names = Object.keys(packageSets).map((one) => `${language.id}/${one}`)
  const known = names.length > 0 ? `those of ${language.name} are ${names.join(', ')}` : `${language.name} has none`
  throw invalidRequest([{ pointer, detail: `is "${name}", which names no set of packages; ${known}` }])
}
