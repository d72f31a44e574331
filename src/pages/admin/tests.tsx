import { useEffect, useState } from 'preact/hooks'
import { RunyardError, type Stage } from '../../client/client.ts'
import type { GroupJudging } from '../../shared/judging/judging-result.ts'
import { Badge, VERDICT_WORDS } from '../design/badge.tsx'
import { formatBytes, formatMs } from '../design/format.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { CompareButton } from '../playground/tests/compare-button.tsx'
import { Difference } from '../playground/tests/difference.tsx'
import { Said } from '../playground/tests/said.tsx'
import { shown } from '../playground/output/odd-characters.ts'
import type { Api } from './api.ts'
import type { Job, JobTest } from './api-types.ts'
import { SimilarityReport } from './similarity.tsx'
import { type Column, Table } from './table.tsx'

const GROUP_COLUMNS: Column<GroupJudging>[] = [
  { title: 'Group', cell: ({ name }) => shown(name) },
  { title: 'Verdict', cell: ({ verdict }) => (verdict ? <Badge {...VERDICT_WORDS[verdict]} /> : 'Not run') },
  { title: 'Score', class: 'numeric', cell: ({ score, points }) => `${score} of ${points}` },
]

const TEST_COLUMNS: Column<Stage>[] = [
  { title: 'Test', cell: ({ test }) => shown(test?.name ?? String((test?.index ?? 0) + 1)) },
  {
    title: 'Verdict',
    cell: ({ judging }) => (
      <>
        {judging ? <Badge {...VERDICT_WORDS[judging.verdict]} /> : '–'}
        <Said judging={judging} />
      </>
    ),
  },
  {
    title: 'Score',
    class: 'numeric',
    cell: ({ judging }) => (judging ? `${judging.score} of ${judging.points}` : '–'),
  },
  {
    title: 'CPU time',
    class: 'numeric',
    cell: ({ cpuMs, judging }) => `${formatMs(cpuMs)}${judging?.runs === undefined ? '' : `, run ${judging.runs}`}`,
  },
  { title: 'Memory', class: 'numeric', cell: ({ memoryPeakBytes }) => formatBytes(memoryPeakBytes) },
  { title: 'Checker', class: 'numeric', cell: ({ judging }) => (judging?.check ? formatMs(judging.check.cpuMs) : '–') },
]

/** A secret test shows neither: there is nothing of it to compare. */
const showsOutput = ({ exitCode, signal }: Stage) => exitCode !== null || signal !== null

/** The verdict of each test and group of a job, and how the output differs from the answer. */
export function Tests({ api, job }: { api: Api; job: Job }) {
  const [open, setOpen] = useState<number | null>(null)
  const tests = job.stages.filter(({ test }) => test !== undefined)
  const stage = tests.find(({ test }) => test?.index === open)
  if (!job.judging || (tests.length === 0 && job.judging.skipped.length === 0)) return null
  const { groups, problem, skipped } = job.judging
  const compare = (one: Stage) => {
    const index = one.test?.index ?? 0
    const canCompare = job.canRunAgain && one.judging?.verdict !== 'accepted' && showsOutput(one)
    return canCompare && <CompareButton index={index} open={open} onOpen={setOpen} />
  }
  return (
    <section class="card listed" aria-labelledby="tests-title">
      <h2 id="tests-title">Tests</h2>
      {problem && (
        <p class="faint about">
          Problem <span class="mono">{problem.id}</span>, version {problem.version}{' '}
          <SimilarityReport api={api} problem={problem.id} tenant={job.tenant} />
        </p>
      )}
      {groups.length > 0 && <Table rows={groups} keyOf={({ name }) => name} columns={GROUP_COLUMNS} />}
      {tests.length > 0 && <Table rows={tests} keyOf={({ name }) => name} columns={TEST_COLUMNS} actions={compare} />}
      {stage && open !== null && <Comparison key={open} api={api} id={job.id} index={open} written={stage.stdout} />}
      {skipped.length > 0 && (
        <p class="faint about">
          Not run: {skipped.length === 1 ? 'test' : 'tests'} {skipped.map((index) => index + 1).join(', ')}
        </p>
      )}
    </section>
  )
}

/** A test's input, and its answer beside what the program wrote. */
function Comparison({ api, id, index, written }: { api: Api; id: string; index: number; written: string }) {
  const [test, setTest] = useState<JobTest>()
  const [problem, setProblem] = useState<RunyardError>()
  useEffect(() => {
    let isOver = false
    api.jobTest(id, index).then(
      (found) => {
        if (!isOver) setTest(found)
      },
      (error: unknown) => {
        if (!(error instanceof RunyardError)) throw error
        if (!isOver) setProblem(error)
      },
    )
    return () => {
      isOver = true
    }
  }, [api, id, index])
  if (problem) return <ProblemNotice problem={problem} />
  if (!test) return null
  const { stdin, answer, truncated, answerTruncated } = test
  return (
    <div class="comparison" role="group" aria-label={`Test ${index + 1}`}>
      <h3>Input of test {index + 1}</h3>
      <pre class="mono" tabIndex={0} role="region" aria-label="Input">
        {shown(stdin)}
      </pre>
      <h3>Output</h3>
      {answer === null ? (
        <p class="faint">The test has no answer to compare with.</p>
      ) : (
        <Difference expected={answer} actual={answerTruncated ? written.slice(0, answer.length) : written} />
      )}
      {truncated && <p class="faint">The beginning only: the test is long.</p>}
    </div>
  )
}
