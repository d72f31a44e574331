/** How the text of a variable becomes a value. */
export type SettingKind =
  | { type: 'string' }
  | { type: 'integer'; minimum: number; maximum: number; isOptional?: true }
  | { type: 'choice'; of: readonly string[]; isOptional?: true }
  | { type: 'list' }

export type SettingGroup =
  | 'All parts'
  | 'Network'
  | 'Access'
  | 'Load'
  | 'Webhooks'
  | 'Storage'
  | 'Files'
  | 'Packages'
  | 'Worker'
  | 'Sessions'
  | 'Sandbox'
  | 'Limits'
  | 'Ceilings'
  | 'Requests'
  | 'Logs'
  | 'Metrics'
  | 'Traces'

export interface Setting {
  readonly name: string
  readonly kind: SettingKind
  /** As it would be written in the environment. */
  readonly default: string
  readonly group: SettingGroup
  readonly description: string
}

export const string = { type: 'string' } as const

export const integer = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  ({ type: 'integer', minimum, maximum }) as const

/** A port that may be left out, which empty text says. */
export const optionalPort = { ...integer(0, 65535), isOptional: true } as const

export const inGroup = (group: SettingGroup, settings: readonly Omit<Setting, 'group'>[]): readonly Setting[] =>
  settings.map((setting) => ({ ...setting, group }))
