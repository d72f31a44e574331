import { InvalidArgumentError } from 'commander'
import { LIMIT_NAMES } from '../shared/limit-names.ts'
import type { LimitOverrides } from '../shared/limits.ts'
import { GIB, KIB, MIB, MINUTE, SECOND } from '../shared/units.ts'

const LIMIT_UNITS: Record<'Ms' | 'Bytes', Record<string, number>> = {
  Ms: { ms: 1, s: SECOND, m: MINUTE },
  Bytes: { B: 1, KiB: KIB, MiB: MIB, GiB: GIB },
}

/** `wallMs=10000`, `wallMs=10s` or `memoryBytes=64MiB`, once or more often. */
export function parseLimit(text: string, previous: LimitOverrides = {}): LimitOverrides {
  const [, name = '', count, unit] = /^(\w+)=(\d{1,16})([a-z]*)$/i.exec(text) ?? []
  const known = LIMIT_NAMES.find((one) => one === name)
  if (!known) throw new InvalidArgumentError(`It must be like wallMs=10000, with one of ${LIMIT_NAMES.join(', ')}.`)
  if (unit === '') return { ...previous, [known]: Number(count) }
  const units = LIMIT_UNITS[/(Ms|Bytes)$/.exec(known)?.[1] as 'Ms' | 'Bytes'] ?? {}
  const factor = units[unit ?? '']
  if (factor === undefined) {
    const allowed = Object.keys(units).map((one) => `${known}=10${one}`)
    throw new InvalidArgumentError(`It must be like ${[`${known}=10000`, ...allowed].join(', ')}.`)
  }
  return { ...previous, [known]: Number(count) * factor }
}
