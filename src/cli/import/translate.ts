import { loadConfig } from '../../shared/config/config.ts'
import { ConfigError } from '../../shared/config/config-error.ts'
import { SETTINGS } from '../../shared/config/settings.ts'

/** What becomes of one variable of another system, when it has a value. */
export type Counterpart =
  /** Settings, and what is to be known of them. */
  | { settings: Readonly<Record<string, string>>; note?: string }
  /** There is none. */
  | { why: string }
/** @throws ValueFault when the value is none that the other system takes */
export type Translate = (value: string) => Counterpart

export class ValueFault extends Error {
  override readonly name = 'ValueFault'
}

export interface Translation {
  /** By name, in the order in which they were met. */
  settings: Record<string, string>
  notes: string[]
  /** What has no counterpart, and why. Values are left out: some are secret. */
  without: { name: string; why: string }[]
}

/**
 * Turns the configuration of another system into settings of Runyard.
 * @param root the folder of package.json
 * @throws ConfigError when the settings contradict each other or are out of range
 */
export function translate(
  variables: ReadonlyMap<string, string>,
  table: Readonly<Record<string, Translate>>,
  root: string,
): Translation {
  const translation: Translation = { settings: {}, notes: [], without: [] }
  const { settings, notes, without } = translation
  for (const [name, value] of variables) {
    // Blank means the default there, too.
    if (value === '') continue
    const found = Object.hasOwn(table, name) ? counterpartOf(table[name], name, value) : undefined
    if (!found) without.push({ name, why: 'it is not known' })
    else if ('why' in found) without.push({ name, why: found.why })
    else {
      Object.assign(settings, found.settings)
      if (found.note !== undefined) notes.push(`${name}: ${found.note}`)
    }
  }
  lowerDefaults(settings, notes)
  loadConfig(root, settings)
  return translation
}

function counterpartOf(of: Translate | undefined, name: string, value: string): Counterpart | undefined {
  try {
    return of?.(value)
  } catch (error) {
    if (error instanceof ValueFault) throw new ConfigError(`${name} is "${value}"; ${error.message}`)
    throw error
  }
}

/** A default must not be above its ceiling: those that the file does not name are lowered to it. */
function lowerDefaults(settings: Record<string, string>, notes: string[]): void {
  for (const [name, ceiling] of Object.entries(settings)) {
    if (!name.startsWith('MAX_')) continue
    const ofDefault = name.replace('MAX_', 'DEFAULT_')
    const usual = settings[ofDefault] ?? SETTINGS.find((one) => one.name === ofDefault)?.default
    if (usual === undefined || Number(usual) <= Number(ceiling)) continue
    settings[ofDefault] = ceiling
    notes.push(`${ofDefault} is lowered to ${name}`)
  }
}

/** @param factor of the unit there to the unit here @param most text beyond it is `most` */
export const number =
  (setting: string | readonly string[], factor = 1, note?: string): Translate =>
  (value) => {
    const read = Number(value)
    if (!Number.isFinite(read) || read < 0) throw new ValueFault('it must be a number that is not negative')
    const text = String(Math.ceil(read * factor))
    const settings = Object.fromEntries([setting].flat().map((name) => [name, text]))
    return { settings, ...(note !== undefined && { note }) }
  }

export const none =
  (why: string): Translate =>
  () => ({ why })

/** For switches whose one position is how it always is here. */
export const alwaysOn =
  (what: string): Translate =>
  (value) =>
    isOn(value) ? { settings: {} } : { why: `${what} cannot be switched off` }

export const alwaysOff =
  (what: string): Translate =>
  (value) =>
    isOn(value) ? { why: what } : { settings: {} }

export function isOn(value: string): boolean {
  if (/^(?:true|yes|on|1)$/i.test(value)) return true
  if (/^(?:false|no|off|0)$/i.test(value)) return false
  throw new ValueFault('it must be true or false')
}
