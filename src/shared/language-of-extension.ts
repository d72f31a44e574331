import { extname } from 'node:path'
import type { Language } from './language.ts'

/** What tells a file's language. */
export type NamedLanguage = Pick<Language, 'id' | 'aliases' | 'fileName' | 'otherExtensions'>

/**
 * The language of an extension: the one that has it for its id or an alias, as several may have files of one kind, else the first
 * whose programs have it. One of `otherExtensions` counts as that of the `fileName` beside it.
 * @param extension in lower case, with its dot; empty for a file without
 * @returns its id; undefined when no language has it
 */
export function languageOfExtension(extension: string, languages: readonly NamedLanguage[]): string | undefined {
  if (extension === '') return undefined
  const name = extension.slice(1)
  const named =
    languages.find(({ id, aliases }) => id === name || aliases.includes(name)) ??
    languages.find(({ fileName }) => extname(fileName) === extension)
  if (named) return named.id
  const other = languages.find(({ otherExtensions = [] }) => otherExtensions.includes(extension))
  return other && languageOfExtension(extname(other.fileName), languages)
}
