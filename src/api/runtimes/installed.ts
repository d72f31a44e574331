import semver from 'semver'
import type { Language } from '../../shared/language.ts'
import { findLanguage } from '../../shared/language.ts'
import { Problem } from '../../shared/problems.ts'
import type { Runtimes } from '../../shared/redis/worker-registry.ts'
import { invalidRequest } from '../http/problems.ts'

/** The language with this id or alias. @throws Problem `unknown-language` that names those there are */
export function knownLanguage(languages: readonly Language[], name: string): Language {
  const language = findLanguage(languages, name)
  if (language) return language
  const detail = `is "${name}"; known languages: ${languages.map(({ id }) => id).join(', ')}`
  throw new Problem('unknown-language', `/language ${detail}`, { errors: [{ pointer: '/language', detail }] })
}

/** @returns the installed version. @throws Problem `language-not-installed`, or `invalid-request` when the range is not met */
export function installedVersion(runtimes: Runtimes, language: Language, range: string | undefined): string {
  const version = runtimes.languages[language.id]
  if (version === undefined) {
    const detail = `${language.name} is not installed; the operator can install it with: npx runyard languages install ${language.id}`
    throw new Problem('language-not-installed', detail, { errors: [{ pointer: '/language', detail }] })
  }
  if (range === undefined) return version
  const pointer = '/version'
  if (semver.validRange(range) === null) throw invalidRequest([{ pointer, detail: `"${range}" is not a semver range` }])
  const installed = semver.coerce(version)
  if (!installed || !semver.satisfies(installed, range)) {
    throw invalidRequest([{ pointer, detail: `"${range}" is not met; installed is ${language.name} ${version}` }])
  }
  return version
}

/** @returns the image, or the id of a language. @throws Problem `image-not-allowed` */
export function allowedImage(runtimes: Runtimes, languages: readonly Language[], name: string): string {
  if (runtimes.images.includes(name)) return name
  const language = findLanguage(languages, name)
  if (language && runtimes.languages[language.id] !== undefined) return language.id
  const allowed = [...Object.keys(runtimes.languages), ...runtimes.images].join(', ')
  const detail = `is "${name}"; allowed are ${allowed}`
  throw new Problem('image-not-allowed', `/image ${detail}`, { errors: [{ pointer: '/image', detail }] })
}
