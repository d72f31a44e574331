import { extname } from 'node:path'
import type { Language } from '../../../shared/language.ts'

/**
 * The path under which a program can be compiled and run. Other systems add a missing extension themselves: `main`, `prog.txt` and
 * `__tester__.nodejs` are all sent as names.
 * @param name as it was sent; absent or empty: the language's own
 */
export function sourceName(name: string | undefined, language: Language): string {
  if (name === undefined || name === '') return language.fileName
  const extension = extname(language.fileName)
  if (extname(name) === extension) return name
  const interpreted = language.compile === undefined && extname(name) === ''
  return interpreted ? name : `${name}${extension}`
}
