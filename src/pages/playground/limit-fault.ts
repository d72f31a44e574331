import type { FieldError } from '../../shared/problems.ts'
import type { CodeRequest } from '../../shared/requests.ts'
import type { Runtime } from '../../client/client.ts'
import { plainDetail } from '../design/plain-detail.ts'
import { OFFERED_LIMIT_NAMES, OFFERED_LIMITS, type OfferedLimit } from './program.ts'

/** A figure of a limit in the unit of its field, e.g. `2,048 MiB`. */
export function inUnit(name: OfferedLimit, value: number): string {
  const { unit, factor } = OFFERED_LIMITS[name]
  const figure = (value / factor).toLocaleString('en', { maximumFractionDigits: 3 })
  return unit === '' ? figure : `${figure} ${unit}`
}

/** Why a limit was refused, in the unit of its field. @param text as it was typed */
export function limitFault(
  name: OfferedLimit,
  text: string,
  runtime: Runtime | undefined,
  errors: readonly FieldError[],
): string | undefined {
  const error = errors.find(({ pointer }) => pointer === pointerOf(name))
  if (!error) return undefined
  const value = Number(text.trim().replace(',', '.'))
  if (Number.isNaN(value)) return 'Enter a number.'
  if (value <= 0) return 'Enter a number above 0.'
  const most = runtime?.ceilings[name]
  if (most !== undefined && value * OFFERED_LIMITS[name].factor > most) return `At most ${inUnit(name, most)}.`
  return plainDetail(error.detail, (figure) => inUnit(name, figure))
}

const pointerOf = (name: OfferedLimit) => `/limits/${name}`

/** What the options are told apart by. */
export type OptionsTab = 'input' | 'tests' | 'packages' | 'limits'

/** Whether the options tell of an error at one of their fields, and which tab has it. */
export function optionsTabOf(pointer: string): OptionsTab | undefined {
  if (/^\/dependencies(?:\/\d+)?$/.test(pointer)) return 'packages'
  if (OFFERED_LIMIT_NAMES.some((name) => pointer === pointerOf(name))) return 'limits'
  if (/^\/checker\/(?:code|language)$/.test(pointer)) return 'tests'
  return /^\/(?:stdin|args)(?:\/\d+)?$/.test(pointer) ? 'input' : undefined
}

/** The errors whose fields still hold what was refused. */
export function standingErrors(errors: readonly FieldError[], refused: CodeRequest, now: CodeRequest): FieldError[] {
  const read = (request: object, pointer: string) => {
    const [, name = '', part = ''] = pointer.split('/')
    const field = (request as Record<string, unknown>)[name]
    return JSON.stringify(part !== '' && typeof field === 'object' ? (field as Record<string, unknown>)[part] : field)
  }
  return errors.filter(({ pointer }) => read(refused, pointer) === read(now, pointer))
}
