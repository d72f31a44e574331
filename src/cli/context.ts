import { join } from 'node:path'
import type { Config } from '../shared/config/config.ts'
import { findLanguage, loadLanguages, type Language } from '../shared/language.ts'
import { type LanguageGroup, loadGroups, loadSizes } from '../shared/language-groups.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Paint } from './paint.ts'

/** What every command works with. */
export interface CliContext {
  /** The folder of package.json. */
  root: string
  config: Config
  /** A line for the person at the terminal, or the command's result. */
  readonly print: (text: string) => void
  /** Colours what `print` is given; no colours when it is absent. */
  readonly paint?: Paint
}

/** The command was given something it cannot take. Its message is all a person needs; it has no stack. */
export class UsageError extends Error {
  override name = 'UsageError'
}

export function loadConfiguredLanguages(root: string): Language[] {
  return loadLanguages(join(root, 'languages'))
}

/** All that this version has, its groups, and what each takes on the disk in bytes. */
export interface Catalogue {
  languages: Language[]
  groups: LanguageGroup[]
  sizes: Map<string, number>
}

export function loadCatalogue(root: string): Catalogue {
  const folder = join(root, 'languages')
  const languages = loadLanguages(folder)
  return { languages, groups: loadGroups(folder, languages), sizes: loadSizes(folder) }
}

/**
 * The languages with these ids or aliases and those of groups with these ids, each once.
 * @throws UsageError naming the unknown one and what there is
 */
export function selectLanguages({ languages, groups }: Catalogue, names: readonly string[]): Language[] {
  const chosen = names.flatMap((name) => {
    const group = groups.find(({ id }) => id === name.toLowerCase())
    if (group) return languages.filter(({ id }) => group.languages.includes(id))
    const language = findLanguage(languages, name)
    if (language) return [language]
    const ids = [...languages, ...groups].map(({ id }) => id)
    const known = `known languages: ${languages.map(({ id }) => id).join(', ')}; groups: ${groups.map(({ id }) => id).join(', ')}`
    throw new UsageError(`unknown language "${name}"; ${known}${didYouMean(name, ids)}`)
  })
  return [...new Set(chosen)]
}
