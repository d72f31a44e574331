import { join } from 'node:path'
import type { Config } from '../shared/config/config.ts'
import { findLanguage, loadLanguages, type Language } from '../shared/language.ts'
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

/**
 * The languages with these ids or aliases.
 * @throws UsageError naming the unknown one and what there is
 */
export function selectLanguages(languages: readonly Language[], names: readonly string[]): Language[] {
  const ids = languages.map(({ id }) => id)
  return names.map((name) => {
    const language = findLanguage(languages, name)
    if (language === undefined) {
      throw new UsageError(`unknown language "${name}"; known languages: ${ids.join(', ')}${didYouMean(name, ids)}`)
    }
    return language
  })
}
