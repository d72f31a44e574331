import type { JobSpec } from '../job.ts'
import { judgesOf } from './judging-spec.ts'

/**
 * The longest that the stages of a job can take when init keeps their limits, and its judges', in ms.
 * @param graceMs between SIGTERM and SIGKILL when a limit ends a stage
 */
export function longestStagesMs({ head, tests, judging }: JobSpec, graceMs: number): number {
  const { wallMs, compileWallMs } = head.limits
  const runs = tests.length === 0 ? [wallMs] : tests.map(({ limits }) => limits?.wallMs ?? wallMs)
  const judges = judgesOf(judging)
  const compiles = [compileWallMs, ...judges.map(({ limits }) => limits.compileWallMs)]
  const checkMs = sum(judges.map(({ limits }) => limits.wallMs + graceMs))
  const passes = judging?.passes ?? 1
  return sum(compiles.map((ms) => ms + graceMs)) + passes * sum(runs.map((ms) => ms + graceMs + checkMs))
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
