import { KIB, MIB } from './units.ts'

/** Below these a program cannot even be started, and nobody could tell that from its own failure. */
export const LIMIT_MINIMA = {
  wallMs: 1,
  cpuMs: 1,
  compileWallMs: 1,
  memoryBytes: 16 * MIB,
  processes: 1,
  outputBytes: 1,
  fileBytes: 64 * KIB,
  openFiles: 16,
  stackBytes: 128 * KIB,
} as const

export const LIMIT_NAMES = Object.keys(LIMIT_MINIMA) as (keyof typeof LIMIT_MINIMA)[]
