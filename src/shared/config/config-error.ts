/** A variable that is malformed or contradicts another. The message names it, its value and what is allowed. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}
