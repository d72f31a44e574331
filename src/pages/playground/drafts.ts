const PREFIX = 'runyard.code.'
const LANGUAGE = 'runyard.language'

/** What was typed, kept in this browser by language. Where there is no room for it, it is not kept. */
export const drafts = {
  code: (language: string): string | null => localStorage.getItem(PREFIX + language),
  keep(language: string, code: string): void {
    try {
      localStorage.setItem(PREFIX + language, code)
    } catch {
      // Full. What is there goes on living in the page.
    }
  },
  forget: (language: string): void => localStorage.removeItem(PREFIX + language),
  language: (): string | null => localStorage.getItem(LANGUAGE),
  keepLanguage: (language: string): void => localStorage.setItem(LANGUAGE, language),
}
