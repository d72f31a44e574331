import semver from 'semver'
import type { Language } from '../../shared/language.ts'
import { findLanguage, versionsOf } from '../../shared/language.ts'
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

/**
 * Where a job with this range of versions runs: in the newest installed version of the language that meets it; in the language itself
 * without a range, or where none does.
 */
export function versionMeeting(
  runtimes: Runtimes,
  languages: readonly Language[],
  language: Language,
  range: string | undefined,
): Language {
  if (range === undefined || semver.validRange(range) === null) return language
  const fitting = versionsOf(languages, language).flatMap((one) => {
    const version = semver.coerce(runtimes.languages[one.id])
    return version && semver.satisfies(version, range) ? [{ one, version }] : []
  })
  return fitting.toSorted((a, b) => semver.rcompare(a.version, b.version))[0]?.one ?? language
}

/** Why a language cannot be had, and what to type. */
export const howToInstall = ({ id, name }: Language): string =>
  `${name} is not installed; the operator can install it with: npx runyard languages install ${id}`

/** @returns the installed version. @throws Problem `language-not-installed`, or `invalid-request` when the range is not met */
export function installedVersion(
  runtimes: Runtimes,
  languages: readonly Language[],
  language: Language,
  range: string | undefined,
): string {
  const version = runtimes.languages[language.id]
  const versions = versionsOf(languages, language)
  const there = versions.filter(({ id }) => runtimes.languages[id] !== undefined)
  if (range === undefined && version !== undefined) return version
  if (range === undefined || there.length === 0) {
    const detail = howToInstall(language)
    throw new Problem('language-not-installed', detail, { errors: [{ pointer: '/language', detail }] })
  }
  const pointer = '/version'
  if (semver.validRange(range) === null) throw invalidRequest([{ pointer, detail: `"${range}" is not a semver range` }])
  const installed = semver.coerce(version)
  if (version !== undefined && installed && semver.satisfies(installed, range)) return version
  const listed = there.map(({ id, name }) => `${name} ${runtimes.languages[id]}`).join(', ')
  const others = versions.filter((one) => !there.includes(one)).map(({ id }) => id)
  const more =
    others.length === 0 ? '' : `; the operator can install: npx runyard languages install ${others.join(' ')}`
  throw invalidRequest([{ pointer, detail: `"${range}" is not met; installed is ${listed}${more}` }])
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
