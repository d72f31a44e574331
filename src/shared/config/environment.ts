import { ConfigError } from './config-error.ts'
import { FORMER_SETTINGS, type FormerName, SETTINGS } from './settings.ts'
import type { Setting } from './settings/setting.ts'

export type Environment = Readonly<Record<string, string | undefined>>
export type SettingValue = string | number | string[]

/**
 * Reads and checks every setting.
 * @param environment normally `process.env`
 * @throws ConfigError for a malformed value, for a `RUNYARD_` variable that does not exist, and for a setting that has one value by
 *   its name and another by a former name
 */
export function readEnvironment(environment: Environment = process.env): Map<string, SettingValue> {
  const known = new Set(SETTINGS.map((setting) => setting.name))
  for (const name of Object.keys(environment)) {
    if (name.startsWith('RUNYARD_') && !known.has(name) && !OTHER_RUNYARD_VARIABLES.has(name)) {
      throw new ConfigError(`${name} is not a setting of Runyard; docs/configuration.md lists them`)
    }
  }
  const values = { ...environment }
  for (const { former, name } of formerNamesIn(environment)) {
    if (values[name] !== undefined && values[name] !== values[former]) {
      throw new ConfigError(`${former} is the former name of ${name}, and both are set; remove ${former}`)
    }
    values[name] = values[former]
  }
  return new Map(SETTINGS.map((setting) => [setting.name, parse(setting, values[setting.name])]))
}

/** Former names of settings that the environment has. */
export const formerNamesIn = (environment: Environment): FormerName[] =>
  FORMER_SETTINGS.filter(({ former }) => environment[former] !== undefined)

/** Variables of the command line and the tests, which are not settings of the product. */
const OTHER_RUNYARD_VARIABLES = new Set([
  'RUNYARD_URL',
  'RUNYARD_KEY',
  'RUNYARD_API_KEY',
  'RUNYARD_TEST_REDIS',
  'RUNYARD_TEST_PODMAN',
  'RUNYARD_TEST_SANITIZED_INIT',
])

function parse(setting: Setting, raw: string | undefined): SettingValue {
  const text = raw ?? setting.default
  const { kind } = setting
  switch (kind.type) {
    case 'string':
      return text
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
    case 'choice':
      if (kind.isOptional && text === '') return text
      if (!kind.of.includes(text)) {
        throw new ConfigError(
          `${setting.name} is "${text}"; allowed are ${kind.of.join(', ')}${kind.isOptional ? ', or empty' : ''}`,
        )
      }
      return text
    case 'integer': {
      if (kind.isOptional && text === '') return text
      const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
      if (!(value >= kind.minimum && value <= kind.maximum)) {
        throw new ConfigError(
          `${setting.name} is "${text}"; allowed is a whole number from ${kind.minimum} to ${kind.maximum}${kind.isOptional ? ', or empty' : ''}`,
        )
      }
      return value
    }
  }
}
