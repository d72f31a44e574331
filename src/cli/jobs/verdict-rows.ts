import type { StageSummary } from '../../shared/job.ts'
import type { Verdict } from '../../shared/judging/verdict.ts'
import type { RequestTest } from '../../shared/requests.ts'
import { MIB } from '../../shared/units.ts'
import type { Format, Paint } from '../paint.ts'
import { printable } from '../table.ts'
import { firstDifference, tellDifference } from './first-difference.ts'

export const verdictFormat = (verdict: string): Format =>
  verdict === 'accepted' ? 'green' : verdict === 'judge-error' ? 'yellow' : 'red'

export interface VerdictRows {
  head(): string
  /** The row of a test that has ended, and below it what is said of it. @param output that it wrote, or the beginning of that */
  row(stage: StageSummary, output: string): string[]
}

const LONGEST: Verdict = 'presentation-error'
const [CPU_WIDTH, MEMORY_WIDTH] = [9, 9]

/**
 * Rows of a table that is shown while it comes to be.
 * @param tests of the problem, in its order
 * @param compares whether the answer is all that an output is compared with
 */
export function verdictRows(tests: readonly RequestTest[], compares: boolean, paint: Paint): VerdictRows {
  const names = tests.map(({ name }, index) => printable(name ?? String(index + 1)))
  const width = Math.max('TEST'.length, ...names.map((name) => name.length))
  const columns = (name: string, verdict: string, cpu: string, memory: string, points: string) =>
    `${name.padEnd(width)}  ${verdict}  ${cpu.padStart(CPU_WIDTH)}  ${memory.padStart(MEMORY_WIDTH)}  ${points}`
  return {
    head: () => paint('bold', columns('TEST', 'VERDICT'.padEnd(LONGEST.length), 'CPU', 'MEMORY', 'POINTS')),
    row({ test, judging, status, wallMs, cpuMs, memoryPeakBytes }, output) {
      if (!test || !judging) return []
      const { verdict, score, points, feedback, judgeMessage } = judging
      const shown = paint(verdictFormat(verdict), verdict) + ' '.repeat(LONGEST.length - verdict.length)
      const memory = `${(memoryPeakBytes / MIB).toFixed(1)} MiB`
      const row = columns(names[test.index] ?? '', shown, `${cpuMs.toFixed(0)} ms`, memory, `${score}/${points}`)
      const { answer, expectedOutput = answer, secret } = tests[test.index] ?? {}
      // Of a secret test there is no output to compare.
      const isWrong = secret !== true && (verdict === 'wrong-answer' || verdict === 'presentation-error')
      const difference =
        isWrong && compares && expectedOutput !== undefined ? firstDifference(output, expectedOutput) : undefined
      const words = [metLimit(status, wallMs), feedback, judgeMessage, difference && tellDifference(difference)]
      const lines = words.flatMap((text) => text?.split('\n') ?? [])
      return [row, ...lines.map((line) => paint('dim', `${' '.repeat(width)}  ${printable(line)}`))]
    },
  }
}

/** Which of its limits of time a test met: its CPU time, which stands beside the verdict, or this wall time. */
function metLimit(status: StageSummary['status'], wallMs: number): string | undefined {
  if (status === 'wall-time-limit') return `wall time limit met after ${wallMs.toFixed(0)} ms`
  return status === 'cpu-time-limit' ? 'CPU time limit met' : undefined
}
