import {
  DEFAULT_CEILINGS,
  DEFAULT_LIMITS,
  LEAST_OPEN_FILES,
  LIMIT_MINIMA,
  LIMIT_NAMES,
  type Limits,
  MAX_TIMER_MS,
} from '../../limits.ts'
import { inGroup, integer, type Setting } from './setting.ts'

/** `wallMs` becomes `WALL_MS`. */
export const limitVariable = (name: keyof Limits): string => name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()

/** As little as a request may ask for, and no time that a timer cannot count. */
const limitKind = (name: keyof Limits) => integer(LIMIT_MINIMA[name], name.endsWith('Ms') ? MAX_TIMER_MS : undefined)

const LIMIT_WORDS: Record<keyof Limits, string> = {
  wallMs: 'wall time of the run stage, ms',
  cpuMs: 'CPU time of a stage over all its processes, ms',
  compileWallMs: 'wall time of the compile stage, ms',
  memoryBytes: 'memory of a job, bytes',
  processes: 'processes and threads of a job',
  outputBytes: 'stdout and stderr of a stage together, bytes',
  fileBytes: "a job's file system, bytes",
  openFiles: `open files of a process; a session needs ${LEAST_OPEN_FILES}`,
  stackBytes: 'stack of a process, bytes',
}

export const LIMIT_SETTINGS: readonly Setting[] = inGroup(
  'Limits',
  LIMIT_NAMES.map((name) => ({
    name: `DEFAULT_${limitVariable(name)}`,
    kind: limitKind(name),
    default: String(DEFAULT_LIMITS[name]),
    description: `Default limit: ${LIMIT_WORDS[name]}.`,
  })),
)

export const CEILING_SETTINGS: readonly Setting[] = inGroup(
  'Ceilings',
  LIMIT_NAMES.map((name) => ({
    name: `MAX_${limitVariable(name)}`,
    kind: limitKind(name),
    default: String(DEFAULT_CEILINGS[name]),
    description: `The most a job may ask for: ${LIMIT_WORDS[name]}.`,
  })),
)
