import { bash } from './bash.ts'
import { cFamily } from './c-family.ts'
import { go } from './go.ts'
import { javascript } from './javascript.ts'
import type { Lexer } from './lexer.ts'
import { python } from './python.ts'
import { ruby } from './ruby.ts'
import { rust } from './rust.ts'

/** How each language is written that screening can read, by language id. */
export const LEXERS = {
  bash,
  c: cFamily,
  cpp: cFamily,
  go,
  javascript,
  python,
  ruby,
  rust,
  typescript: javascript,
} as const satisfies Record<string, Lexer>

export type ScreenedLanguage = keyof typeof LEXERS
export const SCREENED_LANGUAGES = Object.keys(LEXERS) as ScreenedLanguage[]

export function isScreened(language: string | undefined): language is ScreenedLanguage {
  return language !== undefined && Object.hasOwn(LEXERS, language)
}
