import { bash } from './bash.ts'
import { cFamily } from './c-family.ts'
import { go } from './go.ts'
import { javascript } from './javascript.ts'
import type { Lexis } from './lexis.ts'
import { python } from './python.ts'
import { ruby } from './ruby.ts'
import { rust } from './rust.ts'

/** How each language is written that screening can read, by language id. */
export const LEXES = {
  bash,
  c: cFamily,
  cpp: cFamily,
  go,
  javascript,
  python,
  ruby,
  rust,
  typescript: javascript,
} as const satisfies Record<string, Lexis>

export type ScreenedLanguage = keyof typeof LEXES
export const SCREENED_LANGUAGES = Object.keys(LEXES) as ScreenedLanguage[]

export function isScreened(language: string | undefined): language is ScreenedLanguage {
  return language !== undefined && Object.hasOwn(LEXES, language)
}
