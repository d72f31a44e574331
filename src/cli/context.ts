import type { Config } from '../shared/config/config.ts'
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
