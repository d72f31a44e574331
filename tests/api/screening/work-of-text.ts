import { languageRules } from '../../../src/api/screening/language-rules.ts'
import { SCREENED_LANGUAGES } from '../../../src/api/screening/lexers/lexers.ts'
import { loadRules } from '../../../src/api/screening/load-rules.ts'
import { screenText } from '../../../src/api/screening/screen-text.ts'
import { createTokens } from '../../../src/api/screening/lexers/tokens.ts'
import { packageRoot } from '../../../src/shared/package-root.ts'

const rules = loadRules(packageRoot())
const tokens = createTokens()
/** Those that are screened, and none. */
export const languages = [...SCREENED_LANGUAGES, undefined].map((language) => ({ language }))

/** How much work a text is for which `make` repeats what it is made of so many times: tokens, and what is read again. */
export function stepsOf(language: (typeof languages)[number]['language']) {
  const compiled = languageRules(rules, language)
  return (make: (times: number) => string, times: number) => screenText(make(times), compiled, tokens).steps
}
