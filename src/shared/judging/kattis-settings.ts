import { MIB, SECOND } from '../limits.ts'
import { pointerTo } from '../json-pointer.ts'
import type { Problem, Tell } from './problem.ts'
import { wordsIn, type Yaml, type YamlMap } from './yaml.ts'

/** File of the settings of a Kattis package. */
export const SETTINGS = 'problem.yaml'

/** A word of the file as a message quotes it. */
export const shortened = (word: string): string => (word.length > 50 ? `${word.slice(0, 50)}...` : word)

export const textOf = (value: Yaml | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

/** @returns undefined for what is no number, or not there */
export function numberOf(value: Yaml | undefined): number | undefined {
  const number = Number(textOf(value) ?? NaN)
  return Number.isFinite(number) ? number : undefined
}

/** Words of a setting; with a fault none. @param what its name */
export function wordsOf(
  value: Yaml | undefined,
  what: string,
  tell: (detail: string, pointer: string) => void,
): string[] {
  const words = wordsIn(value)
  if (!words) tell(`${what} is neither words nor a list of words`, pointerTo(what))
  return words ?? []
}

/** Wall time may be so much more than CPU time, which is what counts. */
const WALL_FACTOR = 2
const WALL_MORE_MS = SECOND
/** Of a multi-pass problem that does not say it. */
const DEFAULT_PASSES = 2

/** Within one line: `\s` would go on from each empty line to the end of the file. */
const TIME_LIMIT = /^[ \t]*timelimit[ \t]*=[ \t]*["']?([\d.]+)/m

/** Limits as `limits` of the settings and `domjudge-problem.ini` say them: those of programs, of the validator, and how many passes there are. */
export function limitsOf(given: YamlMap, files: ReadonlyMap<string, Buffer>, tell: Tell) {
  const times = (name: string, unit: number) => {
    const value = numberOf(given[name])
    if (value === undefined && given[name] !== undefined && given[name] !== null)
      tell(SETTINGS, `limits: ${name} is no number`, pointerTo('limits', name))
    if (value !== undefined && value <= 0) {
      tell(SETTINGS, `limits: ${name} is ${value}; it must be above 0`, pointerTo('limits', name))
      return undefined
    }
    return value === undefined ? undefined : Math.round(value * unit)
  }
  const [, ofIni] = TIME_LIMIT.exec(files.get('domjudge-problem.ini')?.toString() ?? '') ?? []
  const cpuMs = times('time_limit', SECOND) ?? (ofIni === undefined ? undefined : Math.round(Number(ofIni) * SECOND))
  const withTime = (ms: number | undefined) => ({
    cpuMs: ms,
    wallMs: ms === undefined ? undefined : WALL_FACTOR * ms + WALL_MORE_MS,
  })
  return {
    own: defined({
      ...withTime(cpuMs),
      memoryBytes: times('memory', MIB),
      outputBytes: times('output', MIB),
      compileWallMs: times('compilation_time', SECOND),
    }),
    passes: times('validation_passes', 1) ?? DEFAULT_PASSES,
    validator: defined({
      ...withTime(times('validation_time', SECOND)),
      memoryBytes: times('validation_memory', MIB),
      outputBytes: times('validation_output', MIB),
    }),
  }
}

function defined(limits: Record<string, number | undefined>): NonNullable<Problem['limits']> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
}
