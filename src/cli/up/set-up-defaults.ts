import { loadConfiguredLanguages } from '../context.ts'
import { setUp } from '../set-up.ts'
import type { UpOptions } from './up.ts'

/**
 * Makes what jobs in the default languages need.
 * @returns false when it was told to stop meanwhile
 */
export async function setUpDefaults(options: UpOptions): Promise<boolean> {
  const defaults = loadConfiguredLanguages(options.root).filter((language) => language.default)
  try {
    await setUp(options, defaults.map(({ id }) => id), options.progress) // prettier-ignore
  } catch (error) {
    // Ctrl-C in a terminal ends the builds too, and what they say then is no fault.
    if (!options.stop.aborted) throw error
  }
  return !options.stop.aborted
}
