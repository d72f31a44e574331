import { join } from 'node:path'
import { findLanguage, loadLanguages, type Language } from '../shared/language.ts'
import { type LanguageGroup, loadGroups, loadSizes } from '../shared/language-groups.ts'
import { UsageError } from './context.ts'
import { didYouMean } from '../shared/did-you-mean.ts'

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
