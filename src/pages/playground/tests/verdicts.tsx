import { useEffect, useState } from 'preact/hooks'
import { type Client, type CodeRequest, type JobSummary, RunyardError, type Stage } from '../../../client/client.ts'
import { Badge, VERDICT_WORDS } from '../../design/badge.tsx'
import { formatBytes, formatMs } from '../../design/format.ts'
import { CompareButton } from './compare-button.tsx'
import { Difference } from './difference.tsx'
import { Said } from './said.tsx'

/** What each test of a job came to; for one whose output is known, how that differs from what was expected. */
export function Verdicts({
  client,
  job,
  request,
}: {
  client: Pick<Client, 'get'>
  job: JobSummary
  request: CodeRequest | null
}) {
  const [open, setOpen] = useState<number | null>(null)
  const [stages, setStages] = useState<Stage[]>([])
  useEffect(() => {
    setOpen(null)
    setStages([])
    // Events tell of output as it comes; what a test wrote is in the job.
    client.get(job.id).then(
      (whole) => setStages(whole.stages),
      (error: unknown) => {
        if (!(error instanceof RunyardError)) throw error
      },
    )
  }, [job.id])
  const tests = job.stages.filter(({ test }) => test !== undefined)
  if (!job.judging || tests.length === 0) return null
  const { verdict, score, points } = job.judging
  const accepted = tests.filter(({ judging }) => judging?.verdict === 'accepted').length
  return (
    <div class="verdicts">
      <p role="status">
        <Badge {...VERDICT_WORDS[verdict]} /> {accepted} of {request?.tests?.length ?? tests.length} tests accepted
        {points !== tests.length && `, ${score} of ${points} points`}
      </p>
      <table class="table">
        <thead>
          <tr>
            <th>Test</th>
            <th>Verdict</th>
            <th class="numeric">CPU time</th>
            <th class="numeric">Memory</th>
            <th>
              <span class="unseen">Difference</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tests.map(({ name, test, judging, cpuMs, memoryPeakBytes }) => {
            const index = test?.index ?? 0
            const expected = expectedOf(request, index)
            const stage = stages.find((one) => one.test?.index === index)
            const differs = judging !== undefined && judging.verdict !== 'accepted'
            return [
              <tr key={name}>
                <td>{test?.name ?? index + 1}</td>
                <td>
                  {judging ? <Badge {...VERDICT_WORDS[judging.verdict]} /> : '–'}
                  <Said judging={judging} />
                </td>
                <td class="numeric">{formatMs(cpuMs)}</td>
                <td class="numeric">{formatBytes(memoryPeakBytes)}</td>
                <td class="end">
                  {differs && stage && expected !== undefined && (
                    <CompareButton index={index} open={open} onOpen={setOpen} />
                  )}
                </td>
              </tr>,
              open === index && stage && expected !== undefined && (
                <tr key={`${name}-difference`}>
                  <td colSpan={5}>
                    <Difference expected={expected} actual={stage.stdout} />
                  </td>
                </tr>
              ),
            ]
          })}
        </tbody>
      </table>
    </div>
  )
}

const expectedOf = (request: CodeRequest | null, index: number): string | undefined => {
  const test = request?.tests?.[index]
  // Of a secret one there is no output to compare.
  if (test?.secret ?? request?.secret) return undefined
  return test?.expectedOutput ?? test?.answer ?? request?.expectedOutput
}
