import type { JobSpec } from '../job.ts'
import { judgeOf } from './judging-spec.ts'

/**
 * The longest that the stages of a job can take when init keeps their limits, and its judges', in ms.
 * @param graceMs between SIGTERM and SIGKILL when a limit ends a stage
 */
export function longestStagesMs({ head, tests, judging }: JobSpec, graceMs: number): number {
  const { wallMs, compileWallMs } = head.limits
  const runs = tests.length === 0 ? [wallMs] : tests.map(({ limits }) => limits?.wallMs ?? wallMs)
  const judge = judgeOf(judging)
  const compiles = judge ? [compileWallMs, judge.limits.compileWallMs] : [compileWallMs]
  const checkMs = judge ? judge.limits.wallMs + graceMs : 0
  return sum(compiles.map((ms) => ms + graceMs)) + sum(runs.map((ms) => ms + graceMs + checkMs))
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
