/** What came of one fault. */
export interface Outcome {
  victim: string
  step: string
  jobs: number
  asExpected: number
  runAgain: number
  internalErrors: number
  /** From the fault until every job that had been accepted by then was final. */
  recoverySeconds: number
  faults: string[]
}

const HEAD = [
  'hit',
  'when the marked job is',
  'jobs',
  'as expected',
  'run again',
  '`internal-error`',
  'all final after',
]

export function outcomeTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((one) => {
    const counts = [one.jobs, one.asExpected, one.runAgain, one.internalErrors]
    return [one.victim, one.step, ...counts, `${one.recoverySeconds.toFixed(1)} s`]
  })
  return [HEAD, HEAD.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
