import type { Response } from 'express'
import type { Config } from '../../../shared/config/config.ts'
import type { Stage, Status } from '../../../shared/job.ts'
import type { Language } from '../../../shared/language.ts'
import { LIMIT_MINIMA, LIMIT_NAMES, type LimitOverrides, type Limits, lowerOf } from '../../../shared/limits.ts'

/** The most that the caller may ask for. */
export const ceilingsFor = (config: Pick<Config, 'limits'>, res: Response): Limits =>
  lowerOf(config.limits.ceilings, res.locals.caller.ceilings)

/** Limits that a compiler shares with the program it made. */
const SHARED_WITH_COMPILER = ['cpuMs', 'memoryBytes', 'processes'] as const

/**
 * Limits as other systems understand them, made into those of a job: no request is refused because it asks for less than a program of
 * the language can live with, or relies on a default that is above the operator's ceiling.
 *
 * Elsewhere compilers have limits of their own. A job's limits hold for each of its stages, so for a compiled language they are
 * raised to what compilers need, and what its program used is compared with what was asked for afterwards: `heldStatus`.
 * @param asked in the units of a job; fractions are rounded up
 * @returns `held`: what the program has to keep to; `limits`: for the job
 */
export function heldLimits(
  asked: LimitOverrides,
  language: Language,
  defaults: Limits,
  ceilings: Limits,
): { held: LimitOverrides; limits: LimitOverrides } {
  const held: LimitOverrides = {}
  for (const name of LIMIT_NAMES) {
    const value = asked[name]
    if (value === undefined) continue
    const least = Math.max(LIMIT_MINIMA[name], language.floors?.[name] ?? 0)
    held[name] = Math.min(Math.max(Math.ceil(value), least), ceilings[name])
  }
  const limits = { ...held }
  if (language.compile) {
    for (const name of SHARED_WITH_COMPILER) {
      if (held[name] === undefined) continue
      limits[name] = Math.min(Math.max(held[name], defaults[name], language.limits[name] ?? 0), ceilings[name])
    }
  }
  return { held, limits }
}

/** How a stage ended, with what its program had to keep to. */
export function heldStatus(
  stage: Pick<Stage, 'name' | 'status' | 'cpuMs' | 'memoryPeakBytes'>,
  held: Pick<LimitOverrides, 'cpuMs' | 'memoryBytes'>,
): Status {
  const { name, status, cpuMs, memoryPeakBytes } = stage
  if (name === 'compile' || status.endsWith('-limit')) return status
  if (held.cpuMs !== undefined && cpuMs > held.cpuMs) return 'cpu-time-limit'
  if (held.memoryBytes !== undefined && memoryPeakBytes > held.memoryBytes) return 'memory-limit'
  return status
}
