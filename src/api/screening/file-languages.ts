import { extname } from 'node:path/posix'
import type { Language } from '../../shared/language.ts'
import { isScreened } from './lexers/lexers.ts'

/** What screening must know of a language. */
export type ScreenedData = Pick<Language, 'id'> &
  Partial<Pick<Language, 'fileName' | 'otherExtensions' | 'includedExtensions' | 'syntax'>>

/**
 * Tells the language of a file by its extension, among those with rules of their own, installed or not; of any other file, and of one
 * without extension, undefined: it is read as the job's language.
 */
export function fileLanguages(languages: readonly ScreenedData[]): (path: string) => string | undefined {
  const found = new Map<string, string>()
  for (const { id, fileName = '', otherExtensions = [], includedExtensions = [] } of languages) {
    if (!isScreened(id)) continue
    for (const extension of [extname(fileName), ...otherExtensions, ...includedExtensions]) found.set(extension, id)
  }
  found.delete('')
  return (path) => found.get(extname(path).toLowerCase())
}
