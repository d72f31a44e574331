import { useState } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import type { JobJudging, Stage } from '../../client/client.ts'
import { Badge, JobBadge, VERDICT_WORDS } from '../design/badge.tsx'
import { formatBytes, formatMs } from '../design/format.ts'
import { ResetIcon, StopIcon } from '../design/icons.tsx'
import { shown } from '../playground/output/odd-characters.ts'
import type { Api } from './api.ts'
import type { Job } from './api-types.ts'
import { Confirm, type Question } from './confirm.tsx'
import { FactList } from './fact-list.tsx'
import { Live } from './live.tsx'
import { Output } from './output.tsx'
import { go, Link } from './router.tsx'
import { type Column, Table } from './table.tsx'
import { Tests } from './tests.tsx'
import { At, Took } from './times.tsx'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 5000
/** It has ended, and changes no more. */
const NEVER_MS = 10 * 60_000

export function JobPage({ api, id }: { api: Api; id: string }) {
  const [every, setEvery] = useState(EVERY_MS)
  const polled = usePolled(
    async () => {
      const found = await api.job(id)
      if (found.status !== null) setEvery(NEVER_MS)
      return found
    },
    every,
    [api, id, every],
  )
  const { value: job, problem, refresh } = polled
  return (
    <div class="page">
      <p class="crumb">
        <Link to="/admin/jobs">Jobs</Link>
      </p>
      <header class="head">
        <h1 class="mono id">{id}</h1>
        {job && <Actions api={api} job={job} refresh={refresh} />}
      </header>
      <Live of={[polled]}>
        {job && (
          <>
            {job.message !== null && <p class="notice">{shown(job.message)}</p>}
            <Facts job={job} />
          </>
        )}
        {(job || !problem) && <Output api={api} id={id} onChange={refresh} />}
        {job && <Tests api={api} job={job} />}
        {job && job.stages.length > 0 && <Stages job={job} />}
        {job && job.warnings.length > 0 && <Warnings job={job} />}
        {job?.artifacts && job.artifacts.length > 0 && <Artifacts job={job} />}
      </Live>
    </div>
  )
}

function Actions({ api, job, refresh }: { api: Api; job: Job; refresh: () => void }) {
  const [question, setQuestion] = useState<Question>()
  const cancel = async () => {
    await api.cancel(job.id)
    refresh()
    return 'The job was cancelled.'
  }
  const runAgain = async () => {
    const { id } = await api.runAgain(job.id)
    go(`/admin/jobs/${id}`)
    return 'This new job runs it again.'
  }
  const askToCancel = () =>
    setQuestion({
      title: 'Cancel this job?',
      text: `It belongs to the tenant ${job.tenant}, which sees that it was cancelled.`,
      verb: 'Cancel the job',
      work: cancel,
    })
  const askToRunAgain = () =>
    setQuestion({
      title: 'Run this job again?',
      text: `It runs as a new job of the tenant ${job.tenant}, counts against its limits and appears in its list. No webhook is called.`,
      verb: 'Run again',
      work: runAgain,
    })
  return (
    <div class="actions">
      {job.status === null ? (
        <button type="button" class="button danger" onClick={askToCancel}>
          <StopIcon /> Cancel
        </button>
      ) : (
        <button
          type="button"
          class="button"
          disabled={!job.canRunAgain}
          title={job.canRunAgain ? '' : 'The request was not kept'}
          onClick={askToRunAgain}
        >
          <ResetIcon /> Run again …
        </button>
      )}
      {question && <Confirm question={question} onClose={() => setQuestion(undefined)} />}
    </div>
  )
}

const judgingFact = ({ verdict, score, points }: JobJudging): [string, ComponentChildren] => [
  'Verdict',
  <>
    <Badge {...VERDICT_WORDS[verdict]} /> {score} of {points} points
  </>,
]

function Facts({ job }: { job: Job }) {
  const facts: [string, ComponentChildren][] = [
    ['State', <JobBadge key="state" state={job.state} status={job.status} />],
    [
      'Tenant',
      <Link key="tenant" to={`/admin/jobs?tenant=${encodeURIComponent(job.tenant)}`}>
        {job.tenant}
      </Link>,
    ],
    ['Runs', `${job.language ?? job.image ?? ''} ${job.version ?? ''}`],
    ['Created', <At key="created" at={job.createdAt} />],
    ['Started', job.startedAt === null ? '–' : <At key="started" at={job.startedAt} />],
    ['Took', <Took key="took" from={job.startedAt} to={job.finishedAt} />],
    ['Attempt', String(job.attempt)],
    ...(job.judging ? [judgingFact(job.judging)] : []),
    ['Limits', `${formatMs(job.limits.wallMs)}, ${formatBytes(job.limits.memoryBytes)}`],
  ]
  const metadata = shown(JSON.stringify(job.metadata, undefined, 1))
  return (
    <FactList label="About the job" facts={facts}>
      {metadata !== '{}' && (
        <div class="whole">
          <dt>Metadata</dt>
          <dd class="mono">{metadata}</dd>
        </div>
      )}
    </FactList>
  )
}

const STAGE_COLUMNS: Column<Stage>[] = [
  { title: 'Stage', cell: ({ name }) => name },
  { title: 'Ended', cell: ({ status }) => <JobBadge state="finished" status={status} /> },
  { title: 'Exit', cell: ({ signal, exitCode }) => signal ?? exitCode ?? '–' },
  { title: 'Wall time', class: 'numeric', cell: ({ wallMs }) => formatMs(wallMs) },
  { title: 'CPU time', class: 'numeric', cell: ({ cpuMs }) => formatMs(cpuMs) },
  { title: 'Memory', class: 'numeric', cell: ({ memoryPeakBytes }) => formatBytes(memoryPeakBytes) },
  {
    title: 'Output',
    class: 'numeric',
    cell: ({ stdoutBytes, stderrBytes, truncated }) =>
      `${formatBytes(stdoutBytes + stderrBytes)}${truncated ? ', cut' : ''}`,
  },
]

function Stages({ job }: { job: Job }) {
  return (
    <section class="card listed">
      <h2>Stages</h2>
      <Table rows={job.stages} keyOf={({ name }) => name} columns={STAGE_COLUMNS} />
    </section>
  )
}

function Warnings({ job }: { job: Job }) {
  return (
    <section class="notice warn">
      <h2>Screening</h2>
      <ul>
        {job.warnings.map(({ rule, reason, line, column }, index) => (
          <li key={index}>
            {reason} <span class="faint">({rule})</span> at line {line}, column {column}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Artifacts({ job }: { job: Job }) {
  return (
    <section class="card listed">
      <h2>Artifacts</h2>
      <ul class="plain">
        {job.artifacts?.map(({ path, bytes, url }) => (
          <li key={path}>
            <a class="mono" href={url.replace('/v1/jobs/', '/v1/admin/jobs/')} download>
              {shown(path)}
            </a>{' '}
            <span class="faint">{formatBytes(bytes)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
